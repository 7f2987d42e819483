"""The only door into observability: tell it what happened, inside the transaction in which it happened.

Plain values in, a handful of statements out. Nothing a user, an LLM or a tool said can make it raise: text is cleaned,
masked and cut, numbers are brought into range. Writing the same thing twice changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.utils import timezone

from observability.models import (
    ANSWER_LENGTH,
    ERROR_LENGTH,
    NAME_LENGTH,
    QUESTION_LENGTH,
    Payload,
    Score,
    Span,
    Trace,
)
from observability.names import FEEDBACK, Kind, Status
from observability.payload import storable, storable_text
from observability.redaction import mask
from observability.writing import insert

__all__ = [
    "FEEDBACK", "Kind", "SpanFacts", "Status", "TraceFacts", "holds_secret",
    "record_score", "record_spans", "record_trace", "remove_score",
]  # fmt: skip

LARGEST = 2**31 - 1
COMMENT_LENGTH = 2000
DEAREST = Decimal(999999)


@dataclass(frozen=True, kw_only=True)
class TraceFacts:
    """One run, the whole row: written at its start, after each step and at its end. No cost: a price is unknown."""

    id: UUID
    thread_id: UUID
    user_id: int | None
    agent: str
    agent_version: int
    status: Status
    started_at: datetime
    question: str
    answer: str = ""
    error: str = ""
    llm_name: str = ""
    duration_ms: int | None = None
    first_token_ms: int | None = None
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    cost: Decimal | None = None
    error_count: int = 0
    llm_calls: int = 0
    tool_calls: int = 0


@dataclass(frozen=True, kw_only=True)
class SpanFacts:
    """One finished step. Its id was fixed before it ran. Tokens stand on LLM and embedding spans only, as totals."""

    id: UUID
    trace_id: UUID
    parent_id: UUID | None = None
    kind: Kind
    name: str
    status: Status
    started_at: datetime
    duration_ms: int
    attempt: int = 1
    error: str = ""
    llm_name: str = ""
    tool_name: str = ""
    first_token_ms: int | None = None
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    cost: Decimal | None = None
    input: Any = None
    output: Any = None
    attributes: dict[str, Any] = field(default_factory=dict)


def record_trace(facts: TraceFacts) -> None:
    """Write the trace as it stands now; what a person thought of it stays."""
    trace = Trace(
        id=facts.id,
        thread_id=facts.thread_id,
        user_id=facts.user_id,
        agent=storable_text(facts.agent, NAME_LENGTH),
        agent_version=_count(facts.agent_version),
        status=facts.status.value,
        started_at=facts.started_at,
        duration_ms=_count_or_none(facts.duration_ms),
        first_token_ms=_count_or_none(facts.first_token_ms),
        question=storable_text(facts.question, QUESTION_LENGTH),
        answer=storable_text(facts.answer, ANSWER_LENGTH),
        error=storable_text(facts.error, ERROR_LENGTH),
        llm_name=storable_text(facts.llm_name, NAME_LENGTH),
        input_tokens=_count(facts.input_tokens),
        cached_tokens=_count(facts.cached_tokens),
        output_tokens=_count(facts.output_tokens),
        cost=_money(facts.cost),
        error_count=_count(facts.error_count),
        llm_calls=_count(facts.llm_calls),
        tool_calls=_count(facts.tool_calls),
    )
    insert([trace], replacing=TOLD_OF_A_TRACE)


def record_spans(spans: Sequence[SpanFacts]) -> None:
    """Write finished steps with what went in and out of them; those already there stay as they are."""
    if not spans:
        return
    with transaction.atomic(savepoint=False):
        insert([_span(facts) for facts in spans])
        insert([_payload(facts) for facts in spans])


def record_score(
    *, trace_id: UUID, name: str, value: float, comment: str = "", source: str = "user", author_id: int | None = None
) -> None:
    """Keep one judgement of one author; the next of the same name takes its place."""
    score = Score(
        trace_id=trace_id,
        name=storable_text(name, NAME_LENGTH),
        source=storable_text(source, NAME_LENGTH),
        author_id=author_id,
        value=value,
        comment=storable_text(comment, COMMENT_LENGTH),
        updated_at=timezone.now(),
    )
    with transaction.atomic(savepoint=False):
        Score.objects.bulk_create(
            [score],
            update_conflicts=True,
            unique_fields=["trace", "name", "source", "author_id"],
            update_fields=["value", "comment", "updated_at"],
        )
        _carry_feedback(trace_id, name)


def remove_score(*, trace_id: UUID, name: str, source: str = "user", author_id: int | None = None) -> None:
    """Take a judgement back."""
    with transaction.atomic(savepoint=False):
        Score.objects.filter(trace_id=trace_id, name=name, source=source, author_id=author_id).delete()
        _carry_feedback(trace_id, name)


def holds_secret(text: str) -> bool:
    """Whether something in it would be masked before it is written."""
    return mask(text) != text


def _carry_feedback(trace_id: UUID, name: str) -> None:
    """Lists show and filter by the latest thumb without looking at the scores."""
    if name != FEEDBACK:
        return
    latest = Score.objects.filter(trace_id=OuterRef("id"), name=FEEDBACK, source="user").order_by("-updated_at")
    Trace.objects.filter(id=trace_id).update(score=Subquery(latest.values("value")[:1]))


def _span(facts: SpanFacts) -> Span:
    return Span(
        id=facts.id,
        trace_id=facts.trace_id,
        parent_id=facts.parent_id,
        kind=facts.kind.value,
        name=storable_text(facts.name, NAME_LENGTH),
        status=facts.status.value,
        error=storable_text(facts.error, ERROR_LENGTH),
        started_at=facts.started_at,
        duration_ms=_count(facts.duration_ms),
        attempt=min(_count(facts.attempt), 32_767),
        llm_name=storable_text(facts.llm_name, NAME_LENGTH),
        tool_name=storable_text(facts.tool_name, NAME_LENGTH),
        first_token_ms=_count_or_none(facts.first_token_ms),
        input_tokens=_count(facts.input_tokens),
        cached_tokens=_count(facts.cached_tokens),
        output_tokens=_count(facts.output_tokens),
        reasoning_tokens=_count(facts.reasoning_tokens),
        cost=_money(facts.cost),
    )


def _payload(facts: SpanFacts) -> Payload:
    return Payload(
        span_id=facts.id,
        input=storable(facts.input),
        output=storable(facts.output),
        attributes=storable(facts.attributes),
    )


def _count(number: int) -> int:
    return max(0, min(int(number), LARGEST))


def _count_or_none(number: int | None) -> int | None:
    return None if number is None else _count(number)


def _money(cost: Decimal | None) -> Decimal | None:
    """The cost in range and precision of its column; one that is no number is unknown."""
    if cost is None or not cost.is_finite():
        return None
    return max(Decimal(0), min(cost, DEAREST)).quantize(Decimal("1e-8"))


NEVER_TOLD_AGAIN = {"id", "score", "words"}  # who it is, what a person thought, what the database works out
TOLD_OF_A_TRACE = tuple(column.name for column in Trace._meta.concrete_fields if column.name not in NEVER_TOLD_AGAIN)
