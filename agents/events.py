"""The wire language: AG-UI 1.0 events of a run, built from its rows alike when they happen and when they are replayed.

Our `CUSTOM` names: `tool.status`, `llm.retry`, `message.superseded`, `limit.warning`, `run.removed`,
`tool.decided`, `memory.used`, `memory.compacted`. Each event carries `metadata {seq, runId, threadId, epoch}`; see
docs/protocol.md.
"""

import uuid
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal

from ag_ui.core import (
    BaseEvent,
    CustomEvent,
    Interrupt,
    RunErrorEvent,
    RunFinishedCancelledOutcome,
    RunFinishedEvent,
    RunFinishedInterruptOutcome,
    RunFinishedSuccessOutcome,
    RunStartedEvent,
    TextMessageContentEvent,
    TextMessageEndEvent,
    TextMessageStartEvent,
    TokenUsage,
    ToolCallArgsEvent,
    ToolCallEndEvent,
    ToolCallResultEvent,
    ToolCallStartEvent,
)
from django.utils import timezone

from agents import attachments, interrupts
from agents.models import (
    Agent,
    Approval,
    Attachment,
    CallStatus,
    Compaction,
    Decision,
    Handoff,
    Message,
    Run,
    RunStatus,
    StopReason,
    ToolCall,
)
from agents.teams import Colleague
from memory.procedures import Fitting
from memory.recall import Recalled

Named = Agent | Colleague
Speaker = Literal["user", "assistant"]

LIMITS = {
    StopReason.MAX_TURNS: "The agent used all its turns, so it answered with what it had.",
    StopReason.MAX_TOOL_CALLS: "The agent used all its tool calls, so it answered with what it had.",
}

LONGEST_DELTA = 16_384  # a reader who is slow takes a long text in pieces, each of which is progress


@dataclass(frozen=True)
class Numbering:
    """Whose events they are: the fixed part of each event's metadata."""

    run_id: uuid.UUID
    thread_id: uuid.UUID
    epoch: int

    def stamp(self, event: BaseEvent, seq: int) -> BaseEvent:
        event.metadata = {
            **(event.metadata or {}),
            "seq": seq,
            "runId": str(self.run_id),
            "threadId": str(self.thread_id),
            "epoch": self.epoch,
        }
        return event


def frame(event: BaseEvent) -> str:
    """One event as it goes over the wire."""
    return event.model_dump_json(by_alias=True)


def run_started(run: Run, *, agent_slug: str, agent_name: str) -> BaseEvent:
    """Begins every attempt and every snapshot: what was known of this run before is void."""
    metadata: dict[str, Any] = {
        "status": run.status,
        "agent": {"slug": agent_slug, "name": agent_name},
        "position": run.position,
        "isDemo": run.llm_name == "demo",
    }
    if run.parent_id:
        call = getattr(run, "parent_call", None)
        metadata["parent"] = {"runId": str(run.parent_id), "toolCallId": str(call.id) if call else None}
    if run.replaces_id:
        metadata["replaces"] = str(run.replaces_id)
    return RunStartedEvent(
        thread_id=str(run.shown_in), run_id=str(run.id), timestamp=_ms(run.created_at), metadata=metadata
    )


def text_started(
    message_id: uuid.UUID, role: Speaker, at: datetime | None = None, files: Iterable[Attachment] = ()
) -> BaseEvent:
    told = [_file(one) for one in files]
    metadata = {"attachments": told} if told else None
    return TextMessageStartEvent(message_id=str(message_id), role=role, timestamp=_ms(at), metadata=metadata)


def _file(one: Attachment) -> dict[str, Any]:
    return {"id": str(one.id), "name": one.name, "mediaType": one.media_type, "size": one.size}


def text(message_id: uuid.UUID, delta: str) -> BaseEvent:
    return TextMessageContentEvent(message_id=str(message_id), delta=delta, timestamp=_now())


def texts(message_id: uuid.UUID, whole: str) -> Iterator[BaseEvent]:
    """A text of any length, in frames that are not too long."""
    for place in range(0, len(whole), LONGEST_DELTA):
        yield text(message_id, whole[place : place + LONGEST_DELTA])


def text_ended(message_id: uuid.UUID, *, is_interrupted: bool = False) -> BaseEvent:
    metadata = {"interrupted": True} if is_interrupted else None
    return TextMessageEndEvent(message_id=str(message_id), timestamp=_now(), metadata=metadata)


def whole_text(message: Message) -> Iterator[BaseEvent]:
    speaker: Speaker = "user" if message.role == "user" else "assistant"
    yield text_started(message.id, speaker, message.created_at, attachments.of(message))
    yield from texts(message.id, message.text)
    yield text_ended(message.id, is_interrupted=message.is_interrupted)


def call_asked(call_id: uuid.UUID, name: str, raw_arguments: str, message_id: uuid.UUID) -> Iterator[BaseEvent]:
    yield ToolCallStartEvent(
        tool_call_id=str(call_id), tool_call_name=name, parent_message_id=str(message_id), timestamp=_now()
    )
    if raw_arguments:
        yield ToolCallArgsEvent(tool_call_id=str(call_id), delta=raw_arguments, timestamp=_now())
    yield ToolCallEndEvent(tool_call_id=str(call_id), timestamp=_now())


def call_status(call_id: uuid.UUID, status: CallStatus, duration_ms: int | None = None) -> BaseEvent:
    value: dict[str, Any] = {"toolCallId": str(call_id), "status": status.value}
    if duration_ms is not None:
        value["durationMs"] = duration_ms
    return CustomEvent(name="tool.status", value=value, timestamp=_now())


def call_decided(call: ToolCall, said: Iterable[Decision]) -> BaseEvent:
    """What people said about the arguments as they are now; `arguments` are those a person put in their place."""
    decisions = [
        {
            "verdict": one.verdict,
            "by": str(one.by or "somebody"),
            "comment": one.comment,
            "level": one.approval.level + 1,
        }
        for one in said
        if one.arguments_digest == one.approval.arguments_digest
    ]
    value: dict[str, Any] = {"toolCallId": str(call.id), "decisions": decisions}
    if call.edited_arguments:
        value["arguments"] = call.edited_arguments
    return CustomEvent(name="tool.decided", value=value, timestamp=_now())


def call_result(call_id: uuid.UUID, content: str) -> BaseEvent:
    return ToolCallResultEvent(
        message_id=f"{call_id}-result", tool_call_id=str(call_id), content=content, role="tool", timestamp=_now()
    )


def handed_over(source: Named, target: Named, *, reason: str, confidence: float) -> BaseEvent:
    value = {
        "from": {"slug": source.slug, "name": source.name},
        "to": {"slug": target.slug, "name": target.name},
        "reason": reason,
        "confidence": confidence,
    }
    return CustomEvent(name="handoff", value=value, timestamp=_now())


def memory_used(found: Iterable[Recalled | Fitting]) -> BaseEvent:
    """What the answer was reminded of, for the person it is about; what was found to work is of the kind procedure."""
    return CustomEvent(name="memory.used", value={"memories": [_reminder(one) for one in found]}, timestamp=_now())


def _reminder(one: Recalled | Fitting) -> dict[str, Any]:
    if isinstance(one, Fitting):
        return {"id": str(one.id), "text": one.text, "kind": "procedure"}
    told: dict[str, Any] = {"id": str(one.id), "text": one.text, "kind": one.kind, "saidAt": _ms(one.said_at)}
    return told | {"threadId": str(one.thread_id)} if one.thread_id else told


def compacted(made: Compaction) -> BaseEvent:
    """To make room, the oldest turns are read as a summary from here on."""
    value = {"id": str(made.id), "turns": made.turns, "summary": made.text}
    return CustomEvent(name="memory.compacted", value=value, timestamp=_ms(made.created_at))


def llm_retry(*, attempt: int, of: int, delay: float, reason: str) -> BaseEvent:
    value = {"attempt": attempt, "of": of, "delayMs": round(delay * 1000), "reason": reason}
    return CustomEvent(name="llm.retry", value=value, timestamp=_now())


def superseded(message_id: uuid.UUID, reason: str) -> BaseEvent:
    value = {"messageId": str(message_id), "reason": reason}
    return CustomEvent(name="message.superseded", value=value, timestamp=_now())


def removed(run_id: uuid.UUID | str) -> BaseEvent:
    """A question its author took back before anyone worked on it."""
    return CustomEvent(name="run.removed", value={"runId": str(run_id)}, timestamp=_now())


def run_paused(run: Run, interrupts: list[Interrupt]) -> BaseEvent:
    """Not an outcome: the run goes on, with a new RUN_STARTED, when people have decided."""
    return RunFinishedEvent(
        thread_id=str(run.shown_in),
        run_id=str(run.id),
        outcome=RunFinishedInterruptOutcome(interrupts=interrupts),
        timestamp=_now(),
    )


def end_of(run: Run) -> Iterator[BaseEvent]:
    """The one outcome of a finished run, after a word about the limit that cut its answer short."""
    if words := LIMITS.get(StopReason(run.stop_reason)) if run.stop_reason else None:
        yield CustomEvent(
            name="limit.warning", value={"limit": run.stop_reason, "message": words}, timestamp=_ms(run.finished_at)
        )
    yield run_ended(run)


def run_ended(run: Run) -> BaseEvent:
    """The one outcome of a finished run."""
    duration = _milliseconds_between(run.started_at or run.created_at, run.finished_at)
    if run.status in (RunStatus.FAILED, RunStatus.DEAD):
        return RunErrorEvent(
            message=run.error, code=run.stop_reason, timestamp=_ms(run.finished_at), metadata={"durationMs": duration}
        )
    is_cancelled = run.status == RunStatus.CANCELLED
    return RunFinishedEvent(
        thread_id=str(run.shown_in),
        run_id=str(run.id),
        outcome=RunFinishedCancelledOutcome() if is_cancelled else RunFinishedSuccessOutcome(),
        usage=[_usage(run)] if run.llm_calls else None,
        timestamp=_ms(run.finished_at),
        metadata={
            "durationMs": duration,
            "firstTokenMs": run.first_token_ms,
            "costUsd": None if run.cost is None else f"{run.cost.normalize():f}",
        },
    )


def replay(
    run: Run,
    messages: Iterable[Message],
    calls: Iterable[ToolCall],
    pending: Iterable[Approval] = (),
    said: Mapping[uuid.UUID, Iterable[Decision]] = MappingProxyType({}),
    handoffs: Mapping[uuid.UUID, Handoff] = MappingProxyType({}),
    used: Sequence[Recalled | Fitting] = (),
    compactions: Sequence[Compaction] = (),
) -> Iterator[BaseEvent]:
    """The events of a run as its rows tell it; folding them gives what folding the live ones gave."""
    agent = run.agent_version.agent
    yield run_started(run, agent_slug=agent.slug, agent_name=agent.name)
    calls_of: dict[uuid.UUID, list[ToolCall]] = {}
    for call in calls:
        calls_of.setdefault(call.message_id, []).append(call)
    made = deque(compactions)
    for message in messages:
        while made and made[0].position <= message.position:
            yield compacted(made.popleft())
        if message.is_superseded:
            continue
        if message.text or message.role == "user":
            yield from whole_text(message)
        if message.role == "user" and used:
            yield memory_used(used)
        asked = calls_of.get(message.id, [])
        for call in asked:
            yield from call_asked(call.id, call.name, call.raw_arguments, message.id)
            if call.id in said:
                yield call_decided(call, said[call.id])
        for call in asked:
            yield from _replayed_status(call)
            if call.id in handoffs:
                yield _replayed_handoff(handoffs[call.id])
    yield from map(compacted, made)
    if run.is_finished:
        yield from end_of(run)
    elif run.status == RunStatus.WAITING:
        open_calls = [call for asked in calls_of.values() for call in asked if call.is_open]
        if found := interrupts.of_rows(open_calls, pending):
            yield run_paused(run, found)
    elif run.draft_message_id:
        yield text_started(run.draft_message_id, "assistant")
        yield from texts(run.draft_message_id, run.draft_text)


def _replayed_status(call: ToolCall) -> Iterator[BaseEvent]:
    if call.status == CallStatus.READY:
        return
    duration = _milliseconds_between(call.started_at, call.finished_at) if call.started_at else None
    yield call_status(call.id, CallStatus(call.status), duration)
    if not call.is_open:
        yield call_result(call.id, call.result)


def _replayed_handoff(handoff: Handoff) -> BaseEvent:
    source, target = handoff.source.agent, handoff.target.agent
    return handed_over(source, target, reason=handoff.reason, confidence=handoff.confidence)


def _usage(run: Run) -> TokenUsage:
    return TokenUsage(
        model=run.llm_name,
        input_tokens=run.input_tokens,
        output_tokens=run.output_tokens,
        total_tokens=run.input_tokens + run.output_tokens,
        cached_input_tokens=run.cached_tokens,
    )


def _now() -> int:
    return _ms(timezone.now())


def _ms(moment: datetime | None) -> int:
    return round((moment or timezone.now()).timestamp() * 1000)


def _milliseconds_between(start: datetime, end: datetime | None) -> int | None:
    return None if end is None else round((end - start).total_seconds() * 1000)
