"""The spans of a run's steps, made of what the worker knows when a step is over. Nothing here reads or writes."""

import uuid
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone
from uuid_utils.compat import uuid7

from agents.context import Recollection
from agents.discretion import output_of, without_memories
from agents.llm.base import LLMRequest, Reply, Usage
from agents.llm.retry import AttemptFailed
from agents.models import Approval, CallStatus, Compaction, Decision, Run, Settlement, ToolCall
from agents.teams import HandOff
from agents.tools.base import ToolResult
from agents.transcript import Answer, Call
from observability.recorder import Kind, SpanFacts, Status

OLDEST_LEFT_OUT = {"plumbline.step": "compact", "plumbline.oldest_turns": "left out without a summary"}


@dataclass
class Timer:
    """When a step began and how long it took; its span's id is fixed before it runs."""

    span_id: uuid.UUID = field(default_factory=uuid7)
    started_at: datetime = field(default_factory=timezone.now)
    duration_ms: int = 0

    def stop(self) -> None:
        self.duration_ms = max(0, round((timezone.now() - self.started_at).total_seconds() * 1000))

    @property
    def ended_at(self) -> datetime:
        return self.started_at + timedelta(milliseconds=self.duration_ms)


@dataclass
class Attempt:
    """One try of an LLM call, and what it has said so far."""

    number: int
    llm_name: str
    request: LLMRequest
    timer: Timer = field(default_factory=Timer)
    partial_text: str = ""


def receive_span(run: Run, question: str) -> SpanFacts:
    waited = max(0, round(((run.started_at or timezone.now()) - run.created_at).total_seconds() * 1000))
    return SpanFacts(
        id=uuid.uuid5(run.id, "receive"),
        trace_id=run.trace_id,
        parent_id=_parent(run),
        kind=Kind.RECEIVE,
        name="receive",
        status=Status.OK,
        started_at=run.created_at,
        duration_ms=waited,
        input=question,
        attributes={"plumbline.step": "receive"},
    )


def recall_span(run: Run, question: str, found: Recollection, timer: Timer) -> SpanFacts:
    """What was looked for, and what the run was reminded of; finding nothing is an answer too."""
    return SpanFacts(
        id=timer.span_id,
        trace_id=run.trace_id,
        parent_id=_parent(run),
        kind=Kind.RETRIEVAL,
        name="recall",
        status=Status.OK,
        started_at=timer.started_at,
        duration_ms=timer.duration_ms,
        input=question,
        output=[
            *(
                {"id": str(one.id), "kind": one.kind, "score": round(one.score, 4)} | one.parts
                for one in found.memories
            ),
            *({"id": str(one.id), "kind": "procedure", "score": round(one.similarity, 4)} for one in found.procedures),
        ],
        attributes={
            "plumbline.step": "recall",
            "plumbline.memories": len(found.memories),
            "plumbline.procedures": len(found.procedures),
        },
    )


def llm_span(
    run: Run, provider: str, reply: Reply, answer: Answer, attempt: Attempt, cost: Decimal | None
) -> SpanFacts:
    """A call that brought a reply."""
    asked = [{"name": call.name, "arguments": call.raw_arguments} for call in answer.calls]
    return SpanFacts(
        id=attempt.timer.span_id,
        trace_id=run.trace_id,
        parent_id=_parent(run),
        kind=Kind.LLM,
        name=f"chat {reply.llm_name}",
        status=Status.OK,
        started_at=attempt.timer.started_at,
        duration_ms=attempt.timer.duration_ms,
        attempt=attempt.number,
        llm_name=reply.llm_name,
        first_token_ms=reply.first_token_ms,
        input_tokens=reply.usage.input,
        cached_tokens=reply.usage.cached,
        output_tokens=reply.usage.output,
        reasoning_tokens=reply.usage.reasoning,
        cost=cost,
        input=without_memories(attempt.request.messages),
        output={"text": reply.text, "tool_calls": asked} if asked else reply.text,
        attributes={
            "plumbline.step": "plan" if asked else "respond",
            "plumbline.turn": run.turn,
            "plumbline.usage_is_estimated": reply.usage.is_estimated,
            "gen_ai.provider.name": provider,
            "gen_ai.response.id": reply.response_id,
            "gen_ai.response.finish_reasons": [reply.finish_reason],
            "gen_ai.tool.definitions": [tool.name for tool in attempt.request.tools],
        },
    )


def compaction_span(
    run: Run, provider: str, reply: Reply, attempt: Attempt, cost: Decimal | None, made: Compaction | None
) -> SpanFacts:
    """A call for a summary of the oldest turns. `made` is what became of it; nothing: they are left out instead."""
    asked = llm_span(run, provider, reply, Answer(reply.text), attempt, cost)
    told = {"plumbline.step": "compact", "plumbline.summarised_turns": made.turns} if made else OLDEST_LEFT_OUT
    return replace(asked, name=_name(attempt, reply.llm_name), attributes=asked.attributes | told)


def given_up(attempt: Attempt, failed: AttemptFailed) -> dict[str, Any]:
    """What is said of the last try to get a summary; nothing of other calls."""
    return OLDEST_LEFT_OUT if attempt.request.purpose == "compaction" and failed.delay is None else {}


def broken_off_span(
    run: Run, provider: str, attempt: Attempt, status: Status, error: str, usage: Usage, cost: Decimal | None,
    attributes: dict[str, Any],
) -> SpanFacts:  # fmt: skip
    """A call that brought none, or whose reply was cut short."""
    return SpanFacts(
        id=attempt.timer.span_id,
        trace_id=run.trace_id,
        parent_id=_parent(run),
        kind=Kind.LLM,
        name=_name(attempt, attempt.llm_name),
        status=status,
        started_at=attempt.timer.started_at,
        duration_ms=attempt.timer.duration_ms,
        attempt=attempt.number,
        error=error,
        llm_name=attempt.llm_name,
        input_tokens=usage.input,
        output_tokens=usage.output,
        cost=cost,
        input=without_memories(attempt.request.messages),
        output=attempt.partial_text or None,
        attributes={
            "plumbline.usage_is_estimated": usage.is_estimated,
            "gen_ai.provider.name": provider,
            **attributes,
        },
    )


def _name(attempt: Attempt, llm_name: str) -> str:
    return "compaction" if attempt.request.purpose == "compaction" else f"chat {llm_name}"


def tool_span(run: Run, call: Call, result: ToolResult, timer: Timer) -> SpanFacts:
    return SpanFacts(
        id=timer.span_id,
        trace_id=run.trace_id,
        parent_id=_parent(run),
        kind=Kind.TOOL,
        name=f"execute_tool {call.name}",
        status=Status.ERROR if result.is_error else Status.OK,
        started_at=timer.started_at,
        duration_ms=timer.duration_ms,
        attempt=call.attempt,
        error=result.text if result.is_error else "",
        tool_name=call.name,
        input=call.arguments,
        output=output_of(call.name, result.text),
        attributes={
            "plumbline.step": "execute",
            "plumbline.call_status": result.status.value,
            "plumbline.effect": str(call.effect),
            "gen_ai.tool.call.id": str(call.id),
            **_tries(result),
            **result.attributes,
        },
    )


def lost_call_span(run: Run, call: ToolCall) -> SpanFacts:
    """A start of a call that no worker has seen the end of."""
    began = call.started_at or timezone.now()
    return SpanFacts(
        id=uuid.uuid5(call.id, f"lost {call.attempt}"),
        trace_id=run.trace_id,
        parent_id=_parent(run),
        kind=Kind.TOOL,
        name=f"execute_tool {call.name}",
        status=Status.ERROR,
        started_at=began,
        duration_ms=_ms_since(began),
        attempt=call.attempt,
        error="The worker was lost while it ran.",
        tool_name=call.name,
        input=call.arguments,
        attributes={"plumbline.step": "execute", "plumbline.effect": call.effect, "gen_ai.tool.call.id": str(call.id)},
    )


def decision_span(approval: Approval, decision: Decision) -> SpanFacts:
    """How long a person was waited for, and what that person said."""
    return SpanFacts(
        id=uuid.uuid5(approval.id, f"decision {decision.pk}"),
        trace_id=approval.run.trace_id,
        parent_id=_parent(approval.run),
        kind=Kind.APPROVAL,
        name=f"approval {approval.call.name}",
        status=Status.OK,
        started_at=approval.created_at,
        duration_ms=_ms_since(approval.created_at),
        tool_name=approval.call.name,
        input=approval.call.arguments,
        output={"verdict": decision.verdict, "by": str(decision.by), "comment": decision.comment},
        attributes={
            "plumbline.step": "approve",
            "plumbline.approval.level": approval.level + 1,
            "plumbline.approval.who": approval.who,
            "plumbline.approval.reason": approval.reason,
            "plumbline.approval.edited": bool(approval.call.edited_arguments),
            "gen_ai.tool.call.id": str(approval.call_id),
        },
    )


def settlement_span(call: ToolCall, settlement: Settlement) -> SpanFacts:
    began = call.started_at or settlement.created_at
    return SpanFacts(
        id=uuid.uuid5(call.id, f"settlement {settlement.attempt}"),
        trace_id=call.run.trace_id,
        parent_id=_parent(call.run),
        kind=Kind.APPROVAL,
        name=f"settlement {call.name}",
        status=Status.OK,
        started_at=began,
        duration_ms=_ms_since(began),
        tool_name=call.name,
        input=call.arguments,
        output={"word": settlement.word, "by": str(settlement.by), "comment": settlement.comment},
        attributes={"plumbline.step": "settle", "gen_ai.tool.call.id": str(call.id)},
    )


def delegation_span(run: Run, call: ToolCall, child: Run) -> SpanFacts:
    """A task another agent worked on; that agent's own steps stand below it."""
    began = call.started_at or child.created_at
    return SpanFacts(
        id=_of_agent(child),
        trace_id=run.trace_id,
        parent_id=_parent(run),
        kind=Kind.AGENT,
        name=f"invoke_agent {child.agent_version.agent.slug}",
        status=Status.OK if call.status == CallStatus.SUCCEEDED else Status.ERROR,
        started_at=began,
        duration_ms=_ms_since(began),
        error="" if call.status == CallStatus.SUCCEEDED else call.result,
        tool_name=call.name,
        input=call.arguments,
        output=call.result,
        attributes={
            "plumbline.step": "delegate",
            "plumbline.child_run": str(child.id),
            "plumbline.agent_version": child.agent_version.number,
            "gen_ai.agent.name": child.agent_version.agent.slug,
            "gen_ai.tool.call.id": str(call.id),
        },
    )


def handoff_span(run: Run, call: Call, asked: HandOff, source: str) -> SpanFacts:
    """A routing decision, with its reason and how sure the router was."""
    return SpanFacts(
        id=uuid.uuid5(call.id, "handoff"),
        trace_id=run.trace_id,
        parent_id=_parent(run),
        kind=Kind.HANDOFF,
        name=f"handoff {source} → {asked.agent}",
        status=Status.OK,
        started_at=timezone.now(),
        duration_ms=0,
        input={"from": source},
        output=asked.model_dump(),
        attributes={
            "plumbline.step": "route",
            "plumbline.handoff.confidence": asked.confidence,
            "gen_ai.tool.call.id": str(call.id),
        },
    )


def _parent(run: Run) -> uuid.UUID | None:
    """Below what a run's steps stand: a child agent's below the span of its task."""
    return _of_agent(run) if run.root_id else None


def _of_agent(child: Run) -> uuid.UUID:
    return uuid.uuid5(child.id, "agent")


def _tries(result: ToolResult) -> dict[str, Any]:
    if len(result.attempts) < 2:
        return {}
    return {"plumbline.attempts": [{"error": one.error, "ms": one.duration_ms} for one in result.attempts]}


def _ms_since(moment: datetime) -> int:
    return max(0, round((timezone.now() - moment).total_seconds() * 1000))
