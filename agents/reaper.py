"""Brings back what was lost: expired leases, and doorbells that nobody heard. Runs every five seconds."""

import uuid

from django.conf import settings
from django.db import connection, transaction

from agents.actions import finish_unheld
from agents.models import Run, RunStatus, StopReason

# Another reaper's rows are skipped. The database's clock decides, never ours.
LOST = """
SELECT id FROM agents_run
 WHERE status = 'running' AND lease_expires_at < clock_timestamp()
 ORDER BY lease_expires_at LIMIT 200 FOR UPDATE SKIP LOCKED
"""

UNHEARD = """
SELECT run.id FROM agents_run AS run
 WHERE status = 'queued' AND queued_at < clock_timestamp() - make_interval(secs => %s)
   AND NOT EXISTS (SELECT 1 FROM agents_run AS earlier
                    WHERE earlier.thread_id = run.thread_id AND earlier.position < run.position
                      AND earlier.status IN ('queued', 'running', 'waiting'))
 ORDER BY queued_at LIMIT 500
"""

PARKED = "The answer was interrupted again and again; an operator can look into it. Your message is kept."


def reap() -> list[uuid.UUID]:
    """Requeue the runs that lost their worker, or park them after too many times; name the doors to ring at."""
    with transaction.atomic():
        requeued = [run.id for run in _lost_runs() if _recover(run)]
    with connection.cursor() as cursor:
        cursor.execute(UNHEARD, [settings.RUN_UNHEARD_SECONDS])
        return requeued + [row[0] for row in cursor.fetchall()]


def _lost_runs() -> list[Run]:
    with connection.cursor() as cursor:
        cursor.execute(LOST)
        ids = [row[0] for row in cursor.fetchall()]
    return list(Run.objects.filter(pk__in=ids).select_related("agent_version__agent"))


def _recover(run: Run) -> bool:
    """Whether the run may be tried again. One whose person asked to stop ends here as stopped."""
    run.recoveries += 1
    run.lease_owner = run.lease_expires_at = None
    if run.cancel_requested_at:
        run.conclude(RunStatus.CANCELLED, StopReason.CANCELLED)
    elif run.recoveries > settings.RUN_RECOVERIES:
        run.conclude(RunStatus.DEAD, StopReason.RECOVERIES_EXHAUSTED, PARKED)
    else:
        run.status = RunStatus.QUEUED
        run.save(update_fields=["status", "recoveries", "lease_owner", "lease_expires_at"])
        return True
    finish_unheld(run)
    return False
