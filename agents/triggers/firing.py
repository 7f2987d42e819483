"""A trigger fires: a run in a thread of its own, once for each delivery."""

import hashlib
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from agents.actions import start_run
from agents.models import Deliver, Delivery, Firing, Thread, Trigger
from agents.refusals import Conflict, Refused
from agents.text import storable
from agents.triggers.templates import filled, read_payload

SAME_BODY_COUNTS_FOR = timedelta(minutes=10)
LONGEST_ID = 200


@transaction.atomic
def fire(trigger: Trigger, *, body: str, delivery_id: str = "") -> Firing:
    """Start a run with what was sent. The same delivery again starts nothing and finds the same firing.

    Without an id of the sender's, the same body within ten minutes is the same delivery. A firing whose run could not
    be started keeps the reason in `refusal`; the same delivery may try again. Raises Conflict.
    """
    if len(delivery_id) > LONGEST_ID:
        raise Refused(f"A delivery id may have {LONGEST_ID} characters.")
    held = Trigger.objects.select_for_update(of=("self",)).select_related("agent", "run_as").get(pk=trigger.pk)
    digest = hashlib.sha256(body.encode(errors="surrogatepass")).hexdigest()
    firing = _found(held, delivery_id, digest) or Firing(
        trigger=held,
        delivery_id=delivery_id or f"{timezone.now():%Y-%m-%dT%H:%M:%S.%f} {digest[:16]}",
        is_named=bool(delivery_id),
        body_digest=digest,
        payload=storable(body),
    )
    if firing.body_digest != digest:
        raise Conflict("This delivery id came before with another body.")
    if firing._state.adding or firing.refusal:
        _start(firing)
    return firing


def _found(trigger: Trigger, delivery_id: str, digest: str) -> Firing | None:
    if delivery_id:
        return trigger.firings.filter(delivery_id=delivery_id).first()
    recent = trigger.firings.filter(created_at__gt=timezone.now() - SAME_BODY_COUNTS_FOR, is_named=False)
    return recent.filter(body_digest=digest).order_by("-pk").first()


def _start(firing: Firing) -> None:
    """Its run, or why there is none: somebody looks into the history and wants to know."""
    trigger = firing.trigger
    firing.refusal = ""
    try:
        if not trigger.run_as.is_active:
            raise Refused(f"{trigger.run_as}, in whose name it runs, may not log in any more.")
        with transaction.atomic():
            thread = Thread.objects.create(owner=trigger.run_as, agent=trigger.agent)
            firing.run = start_run(thread=thread, user=trigger.run_as, text=_input(firing))
    except Refused as refusal:
        firing.refusal = str(refusal)
    else:
        is_sent = trigger.deliver != Deliver.NOT
        firing.delivery, firing.deliver_at = (Delivery.PENDING, timezone.now()) if is_sent else (Delivery.NONE, None)
    firing.save()


def _input(firing: Firing) -> str:
    trigger = firing.trigger
    payload, now = read_payload(firing.payload), timezone.now()
    return filled(trigger.template, payload=payload, time=now.isoformat(timespec="seconds"), trigger=trigger.name)
