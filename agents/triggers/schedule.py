"""Triggers that fire by the clock. Rows say when: whatever was missed fires once, and then as set."""

import logging
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from agents.models import UNFINISHED, Firing, Trigger, TriggerKind
from agents.triggers import cron
from agents.triggers.firing import fire

logger = logging.getLogger(__name__)

MOST_AT_ONCE = 100


def next_time(trigger: Trigger, after: datetime) -> datetime | None:
    """When it fires next; None where nothing is set."""
    if trigger.every_minutes:
        return after + timedelta(minutes=trigger.every_minutes)
    if trigger.cron:
        return cron.read(trigger.cron).next_after(after, ZoneInfo(trigger.time_zone))
    return None


def next_times(trigger: Trigger, number: int = 5) -> list[datetime]:
    """The next times, for a person to see whether that is what was meant."""
    times: list[datetime] = []
    moment = trigger.next_at
    while moment and len(times) < number:
        times.append(moment)
        moment = next_time(trigger, moment)
    return times


def set_clock(trigger: Trigger) -> None:
    """Say when a trigger fires next, counted from now; nothing is saved."""
    is_timed = trigger.kind == TriggerKind.SCHEDULE and trigger.is_enabled
    trigger.next_at = next_time(trigger, timezone.now()) if is_timed else None


def fire_due() -> None:
    """Fire what is due. Each in a transaction of its own, with its next time inside: it never fires twice for one."""
    due = Trigger.objects.filter(is_enabled=True, kind=TriggerKind.SCHEDULE, next_at__lte=timezone.now())
    for trigger_id in due.order_by("next_at").values_list("pk", flat=True)[:MOST_AT_ONCE]:
        try:
            _fire(trigger_id)
        except Exception:  # one that cannot fire must not stop the others
            logger.exception("The trigger %s did not fire; it is tried again.", trigger_id)


@transaction.atomic
def _fire(trigger_id: int) -> None:
    held = Trigger.objects.select_for_update(of=("self",), skip_locked=True).select_related("agent", "run_as")
    trigger = held.filter(pk=trigger_id, is_enabled=True, next_at__lte=timezone.now()).first()
    if trigger is None or trigger.next_at is None:
        return
    due_at = trigger.next_at
    trigger.next_at = next_time(trigger, timezone.now())
    trigger.save(update_fields=["next_at"])
    if not _is_at_work(trigger):
        fire(trigger, body="", delivery_id=due_at.isoformat())


def _is_at_work(trigger: Trigger) -> bool:
    """Whether its last run has not ended: a run that waits for days would find a heap of others behind it."""
    return Firing.objects.filter(trigger=trigger, run__status__in=UNFINISHED).exists()
