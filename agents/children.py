"""Child agents: a task is a run of its own, with its own lease, and its answer is the result of its parent's call.

A child never writes to its parent. Its end rings at the parent's door, and whoever hears it collects what is done; a
bell that is lost is rung again by the reaper.
"""

import uuid

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from agents import unheld
from agents.models import FINISHED, CallStatus, Message, Role, Run, RunStatus, Thread, ToolCall
from agents.spans import delegation_span
from agents.teams import Colleague
from agents.text import storable
from observability import recorder

COUNTED = ("llm_calls", "error_count", "input_tokens", "output_tokens", "cached_tokens")


def begin(parent: Run, call_id: uuid.UUID, colleague: Colleague, task: str) -> Run:
    """Queue a task, inside the parent's own step; ring for it after the commit."""
    thread = Thread.objects.create(agent_id=colleague.agent_id, parent_run=parent)
    child = Run.objects.create(
        thread=thread,
        position=0,
        agent_version_id=colleague.version_id,
        user_id=parent.user_id,
        parent=parent,
        root_id=parent.root_id or parent.id,
        depth=parent.depth + 1,
    )
    Message.objects.create(run=child, position=0, role=Role.USER, text=storable(task))
    ToolCall.objects.filter(pk=call_id).update(status=CallStatus.DELEGATED, child=child, started_at=timezone.now())
    return child


@transaction.atomic
def collect(parent_id: uuid.UUID) -> None:
    """Bring what its children have finished into a run that waits for them; it goes on when nothing else is awaited."""
    waiting = Run.objects.filter(pk=parent_id, status=RunStatus.WAITING)
    if not waiting.filter(tool_calls__status=CallStatus.DELEGATED, tool_calls__child__status__in=FINISHED).exists():
        return
    run = unheld.locked(parent_id)
    if run.status != RunStatus.WAITING:
        return
    done = run.tool_calls.filter(status=CallStatus.DELEGATED, child__status__in=FINISHED)
    for call in done.select_related("child__agent_version__agent"):
        _take_in(run, call)
    unheld.go_on(run)


def whose_parent_waits() -> list[uuid.UUID]:
    """Waiting runs with a child that has ended: nobody heard its bell."""
    waiting = Run.objects.filter(status=RunStatus.WAITING)
    return list(
        waiting.filter(tool_calls__status=CallStatus.DELEGATED, tool_calls__child__status__in=FINISHED)
        .values_list("pk", flat=True)
        .distinct()[:200]
    )


def orphans() -> list[Run]:
    """Children at work for a parent that has ended: stopped, each in a transaction of its own."""
    lost = Run.objects.unfinished().filter(parent__status__in=[*FINISHED]).exclude(parent__status=RunStatus.DEAD)
    return list(lost.filter(cancel_requested_at__isnull=True)[:200])


def _take_in(run: Run, call: ToolCall) -> None:
    """A child's answer becomes the call's result, and what it used counts for its parent from here on: exactly once."""
    child = call.child
    assert child is not None
    is_answered = child.status == RunStatus.COMPLETED
    call.status = CallStatus.SUCCEEDED if is_answered else CallStatus.FAILED
    call.result = _answer_of(child) if is_answered else f"Error: {child.agent_version.agent.name} {_failure_of(child)}"
    call.finished_at = timezone.now()
    call.save(update_fields=["status", "result", "finished_at"])
    cost = None if run.cost is None or child.cost is None else run.cost + child.cost
    Run.objects.filter(pk=run.pk).update(cost=cost, **{name: F(name) + getattr(child, name) for name in COUNTED})
    run.cost = cost
    recorder.record_spans([delegation_span(run, call, child)])


def _answer_of(child: Run) -> str:
    said = child.messages.filter(role=Role.ASSISTANT, is_superseded=False).order_by("position")
    return said.values_list("text", flat=True).last() or ""


def _failure_of(child: Run) -> str:
    if child.status == RunStatus.CANCELLED:
        return "was stopped."
    return f"could not do it: {child.error}"
