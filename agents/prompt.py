"""What is sent to the LLM, and in what order."""

import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from agents import reminders
from agents.context import RunContext
from agents.llm.base import LLMRequest, ToolSpec
from agents.models import CallStatus
from agents.transcript import Answer, Call, Entry, calls_of_run

MOST_CORRECTIONS = 2  # of one tool's arguments; after that it is offered no more in this run
CLOSING = "You have used all your turns. Answer now with what you know, without tools, and say what is missing."

CORRECTION = "This answer was not accepted; give it again in the agreed form, with nothing around it. "
EDITED = "(A person changed the arguments of this call before it ran.)\n"


class UnbalancedTranscript(Exception):
    """A tool call without its result would make every later request fail; better to stop here."""


def request_of(ctx: RunContext, *, is_closing: bool = False) -> LLMRequest:
    """The next request of a run: instructions, then the whole transcript; the closing one offers no tools."""
    messages = [{"role": "system", "content": _instructions(ctx)}]
    for entry in ctx.transcript:
        messages += _messages_of(entry)
    if is_closing:
        messages.append({"role": "system", "content": CLOSING})
    tools = [] if is_closing else _offered(ctx)
    return LLMRequest(ctx.agent.llm_name, messages, tools, _parameters(ctx))


def withdrawn_tools(ctx: RunContext) -> set[str]:
    """Tools that the LLM could not call properly, however often it was told what was wrong."""
    invalid = Counter(call.name for call in calls_of_run(ctx.transcript) if call.status == CallStatus.INVALID)
    return {name for name, times in invalid.items() if times > MOST_CORRECTIONS}


def _offered(ctx: RunContext) -> list[ToolSpec]:
    withdrawn = withdrawn_tools(ctx)
    offered = ctx.agent.offered
    return [offered[name] for name in sorted(offered.keys() - withdrawn)]  # a stable prompt is a cached prompt


def _instructions(ctx: RunContext) -> str:
    today = datetime.now(UTC).strftime("%A, %d %B %Y")
    said = f"{ctx.agent.instructions.strip()}\n\nToday is {today} (UTC). You are talking to {ctx.user_name}."
    said += reminders.block(ctx.recollection, ctx.user_name) if ctx.agent.memory.recalls else ""
    if ctx.agent.output_schema is None:
        return said
    schema = json.dumps(ctx.agent.output_schema, ensure_ascii=False)
    return f"{said}\n\nYour final answer is one JSON value that satisfies this JSON Schema, and nothing else: {schema}"


def _parameters(ctx: RunContext) -> dict[str, Any]:
    """The agent's own; with an output schema also the request for it, which `"response_format": null` leaves out."""
    given = dict(ctx.agent.parameters)
    if ctx.agent.output_schema is not None and "response_format" not in given:
        named = {"name": "answer", "schema": ctx.agent.output_schema}
        given["response_format"] = {"type": "json_schema", "json_schema": named}
    return {name: value for name, value in given.items() if value is not None}


def _messages_of(entry: Entry) -> list[dict[str, Any]]:
    if not isinstance(entry, Answer):
        return [{"role": "user", "content": entry.text}]
    if entry.complaint:
        return [{"role": "assistant", "content": entry.text}, {"role": "user", "content": CORRECTION + entry.complaint}]
    if not entry.calls:
        return [{"role": "assistant", "content": entry.text}] if entry.text else []
    asked = {"role": "assistant", "content": entry.text or None, "tool_calls": [_asked(call) for call in entry.calls]}
    return [asked, *(_result(call) for call in entry.calls)]


def _asked(call: Call) -> dict[str, Any]:
    return {
        "id": call.llm_id,
        "type": "function",
        "function": {"name": call.name, "arguments": call.arguments},
    }


def _result(call: Call) -> dict[str, Any]:
    if call.is_open:
        raise UnbalancedTranscript(f"The call of {call.name} has no result.")
    content = EDITED + call.result if call.edited_arguments else call.result
    return {"role": "tool", "tool_call_id": call.llm_id, "content": content}
