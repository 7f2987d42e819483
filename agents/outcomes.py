"""How runs and their calls stand and end, whoever ends them: told to the recorder, and never half closed."""

import uuid

from django.utils import timezone

from agents.models import (
    OPEN_APPROVALS,
    OPEN_CALLS,
    ApprovalStatus,
    CallStatus,
    Effect,
    Role,
    Run,
    RunStatus,
)
from observability import recorder
from observability.recorder import Status, TraceFacts

STATUS_OF_TRACE = {
    RunStatus.QUEUED: Status.QUEUED,
    RunStatus.RUNNING: Status.RUNNING,
    RunStatus.WAITING: Status.WAITING,
    RunStatus.COMPLETED: Status.OK,
    RunStatus.FAILED: Status.ERROR,
    RunStatus.DEAD: Status.ERROR,
    RunStatus.CANCELLED: Status.CANCELLED,
}


def record_trace(run: Run, question: str, *, answer: str = "", tool_calls: int = 0) -> None:
    """Tell the recorder how a run stands now. A child agent's is no trace of its own: it is a part of its root's."""
    if run.root_id:
        return
    agent_version = run.agent_version
    finished = run.finished_at
    began = run.created_at
    recorder.record_trace(
        TraceFacts(
            id=run.id,
            thread_id=run.thread_id,
            user_id=run.user_id,
            agent=agent_version.agent.slug,
            agent_version=agent_version.number,
            status=STATUS_OF_TRACE[RunStatus(run.status)],
            started_at=began,
            question=question,
            answer=answer if finished else "",
            error=run.error,
            llm_name=run.llm_name,
            duration_ms=round((finished - began).total_seconds() * 1000) if finished else None,
            first_token_ms=run.first_token_ms,
            input_tokens=run.input_tokens,
            cached_tokens=run.cached_tokens,
            output_tokens=run.output_tokens,
            cost=run.cost,
            error_count=run.error_count,
            llm_calls=run.llm_calls,
            tool_calls=tool_calls,
        )
    )


def close_open_calls(run: Run) -> None:
    """Give calls that will not run any more their one result, and ask nobody about them any more."""
    run.approvals.filter(status__in=OPEN_APPROVALS).update(status=ApprovalStatus.CANCELLED, closed_at=timezone.now())
    for call in run.tool_calls.filter(status__in=OPEN_CALLS):
        call.status, call.result = closing(CallStatus(call.status), Effect(call.effect))
        call.finished_at = timezone.now()
        call.save(update_fields=["status", "result", "finished_at"])


def closing(status: CallStatus, effect: Effect) -> tuple[CallStatus, str]:
    """How a call ends that was open when its run stopped: one that had begun may have had its effect."""
    if status == CallStatus.OUTCOME_UNKNOWN or (status == CallStatus.STARTED and effect != Effect.READ):
        return CallStatus.UNSETTLED, "Error: interrupted while it ran; whether it took effect is unknown."
    return CallStatus.CANCELLED, "Error: not run, because the run was stopped."


def question_of(run: Run) -> str:
    return run.messages.filter(role=Role.USER).values_list("text", flat=True).first() or ""


def next_in_line(thread_id: uuid.UUID) -> uuid.UUID | None:
    """The queued run that may start when no other of its thread is at work."""
    unfinished = Run.objects.filter(thread_id=thread_id).unfinished().order_by("position")
    first = unfinished.values_list("id", "status").first()
    return first[0] if first and first[1] == RunStatus.QUEUED else None
