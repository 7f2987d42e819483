"""Sends the answer of a trigger's run where its operator wants it, once the run has ended; at least once, five tries.

A try is claimed by moving the moment of the next one, so a worker that dies in the middle is made up for then.
"""

import json
import time
import uuid
from datetime import timedelta

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import F
from django.utils import timezone

from agents.models import FINISHED, Deliver, Delivery, Firing, Role, Run, RunStatus
from agents.outcomes import question_of
from agents.triggers.keys import signature
from agents.triggers.post import NotTaken, post

PAUSES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=2))
ENDED = tuple(status for status in FINISHED if status != RunStatus.DEAD)  # an operator may still send that one on
STATUSES = {RunStatus.COMPLETED: "completed", RunStatus.FAILED: "failed", RunStatus.CANCELLED: "cancelled"}


def due() -> list[uuid.UUID]:
    """The firings whose answer can be sent now."""
    ready = Firing.objects.filter(delivery=Delivery.PENDING, deliver_at__lte=timezone.now(), run__status__in=ENDED)
    return list(ready.order_by("deliver_at").values_list("pk", flat=True)[:100])


def deliver(firing_id: uuid.UUID) -> None:
    """Try once to send one answer; whoever comes second does nothing."""
    firing = Firing.objects.select_related("trigger", "run__agent_version__agent").filter(pk=firing_id).first()
    if firing is None or firing.run is None or firing.run.status not in ENDED or not _is_claimed(firing):
        return
    if firing.trigger.deliver == Deliver.NOT:  # changed since it fired
        _close(firing, Delivery.NONE, "")
        return
    try:
        _send(firing, firing.run)
    except (NotTaken, LookupError, OSError, ValueError) as error:  # smtplib's errors are OSErrors
        _close(firing, Delivery.FAILED if firing.attempts >= len(PAUSES) else Delivery.PENDING, str(error))
    else:
        _close(firing, Delivery.DELIVERED, "")


def _is_claimed(firing: Firing) -> bool:
    if firing.attempts >= len(PAUSES):  # its worker died in the last try
        _close(firing, Delivery.FAILED, firing.delivery_error or "The last try broke off.")
        return False
    now = timezone.now()
    waiting = Firing.objects.filter(pk=firing.pk, delivery=Delivery.PENDING, deliver_at__lte=now)
    claimed = waiting.filter(attempts=firing.attempts).update(
        attempts=F("attempts") + 1, deliver_at=now + PAUSES[firing.attempts]
    )
    firing.attempts += claimed
    return bool(claimed)


def _send(firing: Firing, run: Run) -> None:
    if firing.trigger.deliver == Deliver.MAIL:
        _mail(firing, run)
    else:
        _post(firing, run)


def _mail(firing: Firing, run: Run) -> None:
    if not settings.MAIL_SERVER:
        raise NotTaken("No mail server is set up (EMAIL_URL).")
    trigger, said = firing.trigger, _said(run)
    title = trigger.name if run.status == RunStatus.COMPLETED else f"{trigger.name}: no answer"
    headers = {"Message-ID": f"<{firing.pk}@plumbline>", "Auto-Submitted": "auto-generated"}
    to = [address.strip() for address in trigger.deliver_to.split(",") if address.strip()]
    EmailMessage(" ".join(title.split()), said, settings.DEFAULT_FROM_EMAIL, to, headers=headers).send()


def _post(firing: Firing, run: Run) -> None:
    trigger = firing.trigger
    body = json.dumps(
        {
            "id": str(firing.pk),
            "trigger": trigger.name,
            "deliveryId": firing.delivery_id,
            "runId": str(run.pk),
            "agent": run.agent_version.agent.slug,
            "status": STATUSES[RunStatus(run.status)],
            "input": question_of(run),
            "answer": _answer(run) if run.status == RunStatus.COMPLETED else "",
            "error": run.error,
        },
        ensure_ascii=False,
    ).encode()
    now = str(int(time.time()))
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Plumbline",
        "X-Delivery-Id": str(firing.pk),
        "X-Timestamp": now,
        "X-Signature-256": signature(trigger, body, now),
    }
    post(trigger.deliver_to, body, headers)


def _said(run: Run) -> str:
    if run.status == RunStatus.COMPLETED:
        return _answer(run)
    return run.error or "The run was stopped before there was an answer."


def _answer(run: Run) -> str:
    said = run.messages.filter(role=Role.ASSISTANT, is_superseded=False).order_by("position")
    return said.values_list("text", flat=True).last() or ""


def _close(firing: Firing, delivery: Delivery, error: str) -> None:
    done = timezone.now() if delivery == Delivery.DELIVERED else None
    held = Firing.objects.filter(pk=firing.pk, delivery=Delivery.PENDING, attempts=firing.attempts)
    held.update(delivery=delivery, delivery_error=error, delivered_at=done)
