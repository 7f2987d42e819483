"""The trace of one reading: how many messages, what came of them, what it took and what it cost. Never the words."""

import uuid
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

from accounts.models import User
from agents.learning.places import Place
from agents.learning.sources import Passage
from agents.llm.structured import Exchange, Structured
from agents.spans import Timer
from memory.remember import Kept
from observability import recorder
from observability.recorder import Kind, SpanFacts, Status, TraceFacts

NAME = "memory"  # under which its traces are found, apart from those of answers


def tell(
    place: Place,
    passage: Passage,
    user: User,
    timer: Timer,
    asked: Structured | None,
    kept: Sequence[Kept],
    dropped: int,
) -> None:
    """Record it, in the transaction that writes what came of it."""
    trace_id = uuid.uuid5(place.thread_id, f"{NAME} {place.position}-{passage.end}")
    usages = [one.reply.usage for one in asked.exchanges if one.reply] if asked else []
    outcomes = Counter(one.outcome.value for one in kept)
    said = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items())) or "nothing to keep"
    number = len(passage.sources)
    recorder.record_trace(
        TraceFacts(
            id=trace_id,
            thread_id=place.thread_id,
            user_id=user.pk,
            agent=NAME,
            agent_version=1,
            status=Status.OK,
            started_at=timer.started_at,
            duration_ms=timer.duration_ms,
            question=f"What is worth remembering of {number} message{'s' * (number != 1)} to {passage.agent}?",
            answer=said,
            error=asked.trouble if asked else "",
            llm_name=asked.exchanges[-1].llm_name if asked and asked.exchanges else "",
            input_tokens=sum(usage.input for usage in usages),
            cached_tokens=sum(usage.cached for usage in usages),
            output_tokens=sum(usage.output for usage in usages),
            cost=asked.cost if asked else Decimal(),
            error_count=sum(bool(one.error) for one in asked.exchanges) if asked else 0,
            llm_calls=len(asked.exchanges) if asked else 0,
        )
    )
    spans = [_llm_span(trace_id, asked.provider, one) for one in asked.exchanges] if asked else []
    recorder.record_spans([*spans, _memory_span(trace_id, timer, passage, asked, kept, dropped)])


def _llm_span(trace_id: uuid.UUID, provider: str, exchange: Exchange) -> SpanFacts:
    """Without what was asked and answered: memories are private, and deleted for good when they are."""
    usage = exchange.reply.usage if exchange.reply else None
    return SpanFacts(
        id=exchange.timer.span_id,
        trace_id=trace_id,
        kind=Kind.LLM,
        name=f"chat {exchange.llm_name}",
        status=Status.OK if exchange.reply else Status.ERROR,
        started_at=exchange.timer.started_at,
        duration_ms=exchange.timer.duration_ms,
        error=exchange.error,
        llm_name=exchange.llm_name,
        first_token_ms=exchange.reply.first_token_ms if exchange.reply else None,
        input_tokens=usage.input if usage else 0,
        cached_tokens=usage.cached if usage else 0,
        output_tokens=usage.output if usage else 0,
        reasoning_tokens=usage.reasoning if usage else 0,
        cost=exchange.cost,
        attributes={"plumbline.step": "learn", "gen_ai.provider.name": provider},
    )


def _memory_span(
    trace_id: uuid.UUID, timer: Timer, passage: Passage, asked: Structured | None, kept: Sequence[Kept], dropped: int
) -> SpanFacts:
    return SpanFacts(
        id=timer.span_id,
        trace_id=trace_id,
        kind=Kind.MEMORY,
        name="remember",
        status=Status.OK,
        started_at=timer.started_at,
        duration_ms=timer.duration_ms,
        input={"messages": [str(source.message_id) for source in passage.sources]},
        output=[
            {"outcome": one.outcome.value, "memory": str(one.memory.pk) if one.memory else None, "reason": one.reason}
            for one in kept
        ],
        attributes={
            "plumbline.step": "learn",
            "plumbline.memory.read_by": "llm" if asked and asked.value is not None else "rules",
            "plumbline.memory.not_in_the_message": dropped,
        },
    )
