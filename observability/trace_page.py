"""What the page of one trace shows: its steps as data for the timeline, and one step with all it took in and gave."""

import json
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from observability.models import Payload, Score, Span, Trace
from observability.names import FEEDBACK, KIND_FACES, SPAN_STATUS_FACES, UNKNOWN_KIND, Face

SIBLINGS_SHOWN = 50
STEP_COLUMNS = (
    "id", "parent_id", "kind", "name", "status", "error", "started_at", "duration_ms", "attempt", "llm_name",
    "tool_name", "first_token_ms", "input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens", "cost",
)  # fmt: skip


def timeline(trace: Trace) -> dict[str, Any]:
    """The trace and all its steps as plain JSON. Times are milliseconds from the trace's start; what is empty is left
    out, because a trace may have thousands of steps."""
    rows = trace.spans.order_by("started_at", "id").values_list(*STEP_COLUMNS)
    return {
        "trace": {
            "id": str(trace.id),
            "threadId": str(trace.thread_id),
            "userId": trace.user_id,
            "agent": trace.agent,
            "agentVersion": trace.agent_version,
            "status": trace.status,
            "startedAt": trace.started_at.isoformat(),
            "duration": trace.duration_ms,
            "firstToken": trace.first_token_ms,
            "inputTokens": trace.input_tokens,
            "cachedTokens": trace.cached_tokens,
            "outputTokens": trace.output_tokens,
            "cost": _money(trace.cost),
            "error": trace.error,
        },
        "spans": [_step(trace, row) for row in rows],
        "kinds": {str(kind): _face(face) for kind, face in KIND_FACES.items()},
        "statuses": {str(status): _face(face) for status, face in SPAN_STATUS_FACES.items()},
    }


def feedback_of(trace: Trace) -> Score | None:
    """The latest thumb, with its comment."""
    if trace.score is None:
        return None
    return trace.scores.filter(name=FEEDBACK, source="user").order_by("-updated_at").first()


def same_thread(trace: Trace) -> list[Trace]:
    """The other runs of this conversation, in the order they were asked."""
    others = Trace.objects.filter(thread_id=trace.thread_id).exclude(id=trace.id).defer("words").order_by("-started_at")
    return list(others[:SIBLINGS_SHOWN])[::-1]


@dataclass(frozen=True)
class Block:
    """A part of what went in or out: said by someone (`role`), or plain data. Text only; the page escapes it."""

    text: str = ""
    role: str = ""
    calls: list["Block"] = field(default_factory=list)
    is_data: bool = False
    is_open: bool = True


@dataclass(frozen=True)
class SpanPage:
    span: Span
    kind: Face
    input: list[Block]
    output: list[Block]
    attributes: list[tuple[str, str]]
    has_payload: bool

    @property
    def call_id(self) -> UUID | None:
        """The tool call it was, whose own page knows more than the trace."""
        try:
            return UUID(dict(self.attributes).get("gen_ai.tool.call.id", ""))
        except ValueError:
            return None


def span_page(span: Span) -> SpanPage:
    """One step with its payload, ready to be shown."""
    payload = Payload.objects.filter(span_id=span.id).first()
    attributes = payload.attributes if payload else {}
    return SpanPage(
        span=span,
        kind=KIND_FACES.get(span.kind, UNKNOWN_KIND),
        input=_blocks(payload.input) if payload else [],
        output=_blocks(payload.output, said_by="assistant" if span.llm_name else "") if payload else [],
        attributes=[(name, value if isinstance(value, str) else _pretty(value)) for name, value in attributes.items()]
        if isinstance(attributes, dict)
        else [("attributes", _pretty(attributes))],
        has_payload=payload is not None,
    )


def _blocks(value: Any, *, said_by: str = "") -> list[Block]:
    if value in (None, "", [], {}):
        return []
    if isinstance(value, list) and all(isinstance(item, dict) and "role" in item for item in value):
        # The last words said matter most; the instructions and what led to them are folded.
        last = len(value) - 2
        return [_message(item, is_open=place >= last and item["role"] != "system") for place, item in enumerate(value)]
    if said_by:
        return [_message({"role": said_by, **_as_message(value)}, is_open=True)]
    if isinstance(value, str):
        parsed = _parsed(value)
        return [Block(text=value)] if parsed is None else [Block(text=_pretty(parsed), is_data=True)]
    return [Block(text=_pretty(value), is_data=True)]


def _as_message(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return {"content": value.get("text", value.get("content", "")), "tool_calls": value.get("tool_calls", [])}
    return {"content": value}


def _message(message: dict[str, Any], *, is_open: bool) -> Block:
    calls = message.get("tool_calls") or []
    return Block(
        role=str(message["role"]),
        text=_content(message.get("content")),
        calls=[_call(call) for call in calls] if isinstance(calls, list) else [_call(calls)],
        is_open=is_open,
    )


def _content(content: Any) -> str:
    """Text, or the texts of its parts; parts of another kind as data."""
    if isinstance(content, str):
        return content
    if content is None:
        return ""
    parts = content if isinstance(content, list) else [content]
    return "\n\n".join(_part(part) for part in parts)


def _part(part: Any) -> str:
    text = part.get("text") if isinstance(part, dict) else part
    return text if isinstance(text, str) else _pretty(part)


def _call(call: Any) -> Block:
    function = call.get("function", call) if isinstance(call, dict) else None
    if not isinstance(function, dict):
        return Block(text=_pretty(call), is_data=True)
    arguments = function.get("arguments", "")
    parsed = _parsed(arguments) if isinstance(arguments, str) else arguments
    text = arguments if parsed is None else _pretty(parsed)
    return Block(role=str(function.get("name", "")), text=str(text), is_data=True)


def _parsed(text: str) -> Any:
    """The object or list a text holds as JSON; None for any other text."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _step(trace: Trace, row: tuple[Any, ...]) -> dict[str, Any]:
    step = dict(zip(STEP_NAMES, row, strict=True))
    step["start"] = round((step["start"] - trace.started_at).total_seconds() * 1000, 3)
    step["cost"] = _money(step["cost"])
    if step["attempt"] == 1:
        del step["attempt"]
    return {
        name: str(value) if isinstance(value, UUID) else value
        for name, value in step.items()
        if name in ALWAYS or value not in (None, "", 0)
    }


STEP_NAMES = (
    "id", "parent", "kind", "name", "status", "error", "start", "duration", "attempt", "llm",
    "tool", "firstToken", "inputTokens", "cachedTokens", "outputTokens", "reasoningTokens", "cost",
)  # fmt: skip
ALWAYS = {"start", "duration", "cost"}  # a cost of 0 is known, no cost is not


def _money(cost: Any) -> float | None:
    return None if cost is None else float(cost)


def _face(face: Face) -> dict[str, str]:
    return {"icon": face.icon, "word": face.word, "tone": face.tone}
