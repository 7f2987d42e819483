"""Rows as the API shows them."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from agents import attachments
from agents.models import (
    Attachment,
    CallStatus,
    Effect,
    Handoff,
    Message,
    Role,
    Run,
    RunStatus,
    Thread,
    ToolCall,
    WaitKind,
)
from chat.schemas import (
    AttachmentOut,
    HandoffOut,
    MessageOut,
    RunOut,
    TaskOut,
    ThreadOut,
    ToolCallOut,
    UsageOut,
    WholeToolCall,
)

OF_A_RUN = ("agent_version__agent", "root")
OF_A_THREAD = ("agent", "conversation")


def thread(row: Thread) -> ThreadOut:
    conversation = getattr(row, "conversation", None)
    title = str(conversation) if conversation else None
    return ThreadOut(
        id=row.id, agent=row.agent.slug, title=title, temporary=row.is_temporary, created_at=row.created_at
    )


def run(row: Run) -> RunOut:
    return runs([row])[0]


def runs(rows: Sequence[Run]) -> list[RunOut]:
    """All with their question and answer, the tasks they gave and their hand-offs, in three queries more."""
    questions: dict[UUID, str] = {}
    answers: dict[UUID, str] = {}
    said = Message.objects.filter(run__in=rows, is_superseded=False).order_by("position")
    for run_id, role, text in said.values_list("run_id", "role", "text"):
        if role == Role.USER:
            questions.setdefault(run_id, text)
        elif text:
            answers[run_id] = text
    tasks, handoffs = _tasks(rows), _handoffs(rows)
    return [
        _run(row, questions.get(row.id, ""), answers.get(row.id), tasks.get(row.id, []), handoffs.get(row.id, []))
        for row in rows
    ]


def _tasks(rows: Sequence[Run]) -> dict[UUID | None, list[TaskOut]]:
    """By the run that gave them."""
    found: dict[UUID | None, list[TaskOut]] = {}
    for task in (
        Run.objects.filter(parent__in=rows).select_related("agent_version__agent", "parent_call").order_by("id")
    ):
        call = getattr(task, "parent_call", None)
        shown = TaskOut(
            id=task.id,
            tool_call_id=call.id if call else None,
            agent=task.agent_version.agent.slug,
            status=RunStatus(task.status),
        )
        found.setdefault(task.parent_id, []).append(shown)
    return found


def _handoffs(rows: Sequence[Run]) -> dict[UUID, list[HandoffOut]]:
    found: dict[UUID, list[HandoffOut]] = {}
    made = Handoff.objects.filter(run__in=rows).select_related("source__agent", "target__agent")
    for handoff in made.order_by("created_at", "id"):
        shown = HandoffOut(
            from_agent=handoff.source.agent.slug,
            to_agent=handoff.target.agent.slug,
            reason=handoff.reason,
            confidence=handoff.confidence,
            created_at=handoff.created_at,
        )
        found.setdefault(handoff.run_id, []).append(shown)
    return found


def _run(row: Run, question: str, answer: str | None, children: list[TaskOut], handoffs: list[HandoffOut]) -> RunOut:
    version = row.agent_version
    return RunOut(
        id=row.id,
        thread_id=row.shown_in,
        parent_id=row.parent_id,
        root_id=row.root_id,
        depth=row.depth,
        client_request_id=row.client_request_id,
        agent=version.agent.slug,
        agent_version=version.number,
        status=RunStatus(row.status),
        wait_kind=WaitKind(row.wait_kind) if row.wait_kind else None,
        stop_reason=row.stop_reason,
        error=row.error,
        question=question,
        answer=answer,
        children=children,
        handoffs=handoffs,
        usage=_usage(row),
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )


def _usage(row: Run) -> UsageOut:
    return UsageOut(
        llm_calls=row.llm_calls,
        input_tokens=row.input_tokens,
        output_tokens=row.output_tokens,
        cached_input_tokens=row.cached_tokens,
        cost_usd=None if row.cost is None else f"{row.cost.normalize():f}",
    )


def messages(rows: Iterable[Message]) -> list[MessageOut]:
    """Each with the tool calls it asked for; `rows` come with `tool_calls__artifact` fetched."""
    return [
        MessageOut(
            id=row.id,
            run_id=row.run_id,
            role=Role(row.role),
            text=row.text,
            is_interrupted=row.is_interrupted,
            attachments=[attachment(file) for file in attachments.of(row)],
            created_at=row.created_at,
            tool_calls=[tool_call(call) for call in row.tool_calls.all()],
        )
        for row in attachments.fetch_files(rows, with_text=True)
    ]


def attachment(row: Attachment) -> AttachmentOut:
    return AttachmentOut(
        id=row.id,
        document_id=row.document_id,
        name=row.name,
        media_type=row.media_type,
        size=row.size,
        told_chars=len(row.text),
        chars=row.chars,
    )


def tool_call(row: ToolCall) -> ToolCallOut:
    return ToolCallOut(
        id=row.id,
        run_id=row.run_id,
        name=row.name,
        arguments=row.arguments,
        effect=Effect(row.effect),
        status=CallStatus(row.status),
        result=row.result,
        is_cut=hasattr(row, "artifact"),
        attempt=row.attempt,
        child_run_id=row.child_id,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )


def whole_tool_call(row: ToolCall) -> WholeToolCall:
    whole = row.artifact.content if hasattr(row, "artifact") else row.result
    return WholeToolCall(**dict(tool_call(row)), whole_result=whole)
