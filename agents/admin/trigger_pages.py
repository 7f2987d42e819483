"""The pages of a trigger beside its form: its keys, a test, what it did."""

from datetime import datetime
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse

from agents.admin.base import OwnPages
from agents.admin.paging import Paged
from agents.models import Deliver, Delivery, Run, Trigger, TriggerKind
from agents.refusals import Refused
from agents.triggers.firing import fire
from agents.triggers.keys import Keys, give_keys
from agents.triggers.schedule import next_times
from agents.triggers.templates import LONGEST_PAYLOAD

EXAMPLE = '{\n  "issue": {"title": "The printer is on fire"}\n}'


def when(trigger: Trigger) -> str:
    """`Every 15 minutes`, `30 8 * * mon-fri (Europe/Zurich)`, `On a request`."""
    if trigger.kind == TriggerKind.WEBHOOK:
        return "On a request"
    if trigger.every_minutes:
        return f"Every {trigger.every_minutes:,} minutes" if trigger.every_minutes > 1 else "Every minute"
    return f"{trigger.cron} ({trigger.time_zone})"


def local(trigger: Trigger, moment: datetime) -> str:
    """A moment by the clock on the wall where the trigger is at home."""
    return f"{moment.astimezone(ZoneInfo(trigger.time_zone)):%a %-d %b, %H:%M}"


def standing(request: HttpRequest, console: OwnPages, trigger: Trigger) -> dict[str, Any]:
    """What a trigger's page says around its form."""
    paged = Paged.read(trigger.firings.select_related("run").defer("payload"), request.GET)
    for firing in paged.rows:
        firing.took_ms = _took_ms(firing.run)
    return {
        "trigger": trigger,
        "when": when(trigger),
        "next_times": [local(trigger, moment) for moment in next_times(trigger)],
        "may_change": console.has_change_permission(request, trigger),
        "paged": paged,
        "is_sent": trigger.deliver != Deliver.NOT,
        "failed": trigger.firings.filter(delivery=Delivery.FAILED).count(),
    }


def fire_now(console: OwnPages, request: HttpRequest, trigger_id: int) -> HttpResponse:
    """A test: fire with a payload of one's own, whatever its kind, also while it is switched off."""
    trigger = _changeable(console, request, trigger_id)
    typed, refusal = request.POST.get("payload", EXAMPLE if trigger.kind == TriggerKind.WEBHOOK else ""), ""
    if request.method == "POST":
        try:
            if len(typed.encode()) > LONGEST_PAYLOAD:
                raise Refused(f"A payload may have {LONGEST_PAYLOAD:,} bytes.")
            firing = fire(trigger, body=typed, delivery_id=f"test {uuid4()}")
        except Refused as error:
            refusal = str(error)
        else:
            refusal = firing.refusal
            if not refusal:
                console.log_change(request, trigger, "Fired by hand")
                messages.success(request, "Fired. Its run stands first in the history.")
                return HttpResponseRedirect(reverse("admin:agents_trigger_change", args=[trigger.pk]) + "#history")
    status = 409 if refusal else 200
    shown = {"title": f"Fire {trigger.name} now", "trigger": trigger, "typed": typed, "refusal": refusal}
    return console.page(request, "trigger_fire.html", status=status, **shown)


def renew_keys(console: OwnPages, request: HttpRequest, trigger_id: int) -> HttpResponse:
    """New keys in the place of the old ones, which open nothing any more."""
    trigger = _changeable(console, request, trigger_id)
    if request.method != "POST":
        return console.page(request, "trigger_renew.html", title=f"New keys for {trigger.name}", trigger=trigger)
    keys = give_keys(trigger)
    trigger.save(update_fields=["token_digest", "token_prefix", "sealed_secret"])
    console.log_change(request, trigger, "Gave it new keys")
    return keys_page(console, request, trigger, keys)


def keys_page(console: OwnPages, request: HttpRequest, trigger: Trigger, keys: Keys) -> HttpResponse:
    """Both keys in the clear, with an example that works."""
    address = settings.SITE_URL + reverse("hook", args=[keys.token])
    title = f"The keys of {trigger.name}"
    return console.page(request, "trigger_keys.html", title=title, trigger=trigger, keys=keys, address=address)


def _took_ms(run: Run | None) -> int | None:
    if run is None or run.finished_at is None:
        return None
    return round((run.finished_at - run.created_at).total_seconds() * 1000)


def _changeable(console: OwnPages, request: HttpRequest, trigger_id: int) -> Trigger:
    console.require_view(request)
    trigger = get_object_or_404(Trigger.objects.select_related("agent", "run_as"), pk=trigger_id)
    if not console.has_change_permission(request, trigger):
        raise PermissionDenied
    return trigger
