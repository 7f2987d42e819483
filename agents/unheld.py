"""Runs that no worker holds: moved by people, programs and the reaper, inside a transaction that has locked the row.

Each change stands in an epoch of its own: watchers may have seen more of a lost attempt than the rows hold, with higher
numbers, and a fresh snapshot in a new epoch puts them right.
"""

import uuid
from typing import Any

from django.db import transaction
from django.utils import timezone

from agents import doorbell
from agents.models import AWAITED_CALLS, Run, RunStatus, StopReason
from agents.outcomes import close_open_calls, next_in_line, question_of, record_trace


def locked(run_id: uuid.UUID) -> Run:
    """A run that nobody else moves until the transaction ends. Raises Run.DoesNotExist."""
    return Run.objects.select_for_update(of=("self",)).select_related("agent_version__agent", "root").get(pk=run_id)


def move(run: Run, target: RunStatus, **changes: Any) -> None:
    """Take a locked run to another status and tell its watchers."""
    changes |= {"epoch": run.epoch + 1, "last_seq": run.last_seq + 1, "draft_message_id": None, "draft_text": ""}
    if target == RunStatus.QUEUED:
        changes["queued_at"] = timezone.now()
    source = RunStatus(run.status)
    Run.objects.filter(pk=run.pk).move(source, target, **changes)
    run.refresh_from_db()
    _tell(run)


def finish(run: Run, target: RunStatus, reason: StopReason, error: str = "") -> None:
    """Write the one outcome of a locked run: its calls get their results, its approvals are closed."""
    move(run, target, stop_reason=reason, error=error, finished_at=timezone.now(), reserved_tokens=0, reserved_cost=0)
    close_open_calls(run)
    _ring_around(run)


def park(run: Run, reason: StopReason, error: str) -> None:
    """Set a locked run aside as `dead`. Its calls stay open: an operator may send it back to work, and nothing that
    was done is done again."""
    move(run, RunStatus.DEAD, stop_reason=reason, error=error, finished_at=timezone.now())
    _ring_around(run)


def go_on(run: Run) -> None:
    """After a person's word: back to the queue when nothing else is awaited, else tell how it stands.

    A run still at work is told nothing; its worker finds out when it comes to wait.
    """
    if run.status != RunStatus.WAITING:
        return
    if run.tool_calls.filter(status__in=AWAITED_CALLS).exists():
        tell_anew(run)
    else:
        move(run, RunStatus.QUEUED)
        transaction.on_commit(lambda: doorbell.ring(run.id))


def tell_anew(run: Run) -> None:
    """Show the watchers of a locked run how its rows stand now; it stays where it is."""
    Run.objects.filter(pk=run.pk).update(epoch=run.epoch + 1, last_seq=run.last_seq + 1)
    run.refresh_from_db()
    _tell(run)


def ring_for_next(thread_id: uuid.UUID) -> None:
    if following := next_in_line(thread_id):
        transaction.on_commit(lambda: doorbell.ring(following))


def _ring_around(run: Run) -> None:
    """An end is news for who comes next and for a parent that waits for it."""
    ring_for_next(run.thread_id)
    if parent_id := run.parent_id:
        transaction.on_commit(lambda: doorbell.ring(parent_id))


def _tell(run: Run) -> None:
    answer = run.messages.filter(role="assistant").values_list("text", flat=True).order_by("-position").first() or ""
    record_trace(run, question_of(run), answer=answer, tool_calls=run.tool_calls.count())
    transaction.on_commit(lambda: doorbell.announce(run))
