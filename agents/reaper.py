"""Brings back what was lost: expired leases, and doorbells that nobody heard. Runs every five seconds.

The database's clock decides, never ours; another reaper's rows are skipped.
"""

import uuid
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists
from django.db.models.functions import Now

from agents import approvals, children, unheld
from agents.actions import cancel_run
from agents.lease import in_the_way
from agents.models import Run, RunStatus, StopReason, WaitKind

MOST_AT_ONCE = 200
PARKED = "The answer was interrupted again and again; an operator can look into it. Your message is kept."


def reap() -> list[uuid.UUID]:
    """Requeue the runs that lost their worker, or park them after too many times; name the doors to ring at."""
    with transaction.atomic():
        requeued = [run.id for run in _lost_runs() if _recover(run)]
        requeued += [run.id for run in _due_runs()]
    approvals.expire()
    for orphan in children.orphans():
        cancel_run(orphan)
    return requeued + _unheard() + children.whose_parent_waits()


def _lost_runs() -> list[Run]:
    lost = Run.objects.filter(status=RunStatus.RUNNING, lease_expires_at__lt=Now()).order_by("lease_expires_at")
    rows = lost.select_related("agent_version__agent", "root").select_for_update(of=("self",), skip_locked=True)
    return list(rows[:MOST_AT_ONCE])


def _recover(run: Run) -> bool:
    """Whether the run may be tried again. One whose person asked to stop ends here as stopped."""
    recoveries = run.recoveries + 1
    if run.cancel_requested_at:
        unheld.finish(run, RunStatus.CANCELLED, StopReason.CANCELLED)
    elif recoveries > settings.RUN_RECOVERIES:
        unheld.park(run, StopReason.RECOVERIES_EXHAUSTED, PARKED)
    else:
        return bool(Run.objects.filter(pk=run.pk).move(RunStatus.RUNNING, RunStatus.QUEUED, recoveries=recoveries))
    return False


def _due_runs() -> list[Run]:
    """Those that waited for a moment that has come."""
    waiting = Run.objects.filter(status=RunStatus.WAITING, wait_kind=WaitKind.TIMER, wake_at__lt=Now())
    due = list(waiting.select_for_update(of=("self",), skip_locked=True)[:MOST_AT_ONCE])
    Run.objects.filter(pk__in=[run.pk for run in due]).move(RunStatus.WAITING, RunStatus.QUEUED, queued_at=Now())
    return due


def _unheard() -> list[uuid.UUID]:
    latest = Now() - timedelta(seconds=settings.RUN_UNHEARD_SECONDS)
    queued = Run.objects.filter(~Exists(in_the_way()), status=RunStatus.QUEUED, queued_at__lt=latest)
    return list(queued.order_by("queued_at").values_list("pk", flat=True)[:500])
