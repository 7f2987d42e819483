"""What a run tells the recorder, as tests need it."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from observability.recorder import Kind, SpanFacts, Status, TraceFacts

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def a_trace(**changes: Any) -> TraceFacts:
    given: dict[str, Any] = {
        "id": uuid7(), "thread_id": uuid7(), "user_id": None, "agent": "assistant", "agent_version": 1,
        "status": Status.OK, "started_at": NOON, "question": "What is 2 + 2?", "answer": "4", "duration_ms": 1200,
    }  # fmt: skip
    return TraceFacts(**given | changes)


def a_span(trace_id: UUID, **changes: Any) -> SpanFacts:
    given: dict[str, Any] = {
        "id": uuid7(), "trace_id": trace_id, "kind": Kind.TOOL, "name": "execute_tool calculator",
        "tool_name": "calculator", "status": Status.OK, "started_at": NOON, "duration_ms": 12,
        "input": '{"expression": "2 + 2"}', "output": "4",
    }  # fmt: skip
    return SpanFacts(**given | changes)
