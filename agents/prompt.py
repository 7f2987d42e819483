"""What is sent to the LLM, and in what order."""

from datetime import UTC, datetime
from typing import Any

from agents.context import RunContext
from agents.llm.base import LLMRequest, ToolSpec
from agents.transcript import Answer, Call, Entry

CLOSING = "You have used all your turns. Answer now with what you know, without tools, and say what is missing."


class UnbalancedTranscript(Exception):
    """A tool call without its result would make every later request fail; better to stop here."""


def request_of(ctx: RunContext, *, is_closing: bool = False) -> LLMRequest:
    """The next request of a run: instructions, then the whole transcript; the closing one offers no tools."""
    messages = [{"role": "system", "content": _instructions(ctx)}]
    for entry in ctx.transcript:
        messages += _messages_of(entry)
    if is_closing:
        messages.append({"role": "system", "content": CLOSING})
    tools = [] if is_closing else [tool.spec for tool in ctx.agent.tools.values()]
    return LLMRequest(ctx.agent.llm_name, messages, _known(tools), ctx.agent.parameters)


def _known(tools: list[ToolSpec]) -> list[ToolSpec]:
    return sorted(tools, key=lambda tool: tool.name)  # a stable prompt is a cached prompt


def _instructions(ctx: RunContext) -> str:
    today = datetime.now(UTC).strftime("%A, %d %B %Y")
    return f"{ctx.agent.instructions.strip()}\n\nToday is {today} (UTC). You are talking to {ctx.user_name}."


def _messages_of(entry: Entry) -> list[dict[str, Any]]:
    if not isinstance(entry, Answer):
        return [{"role": "user", "content": entry.text}]
    if not entry.calls:
        return [{"role": "assistant", "content": entry.text}] if entry.text else []
    asked = {"role": "assistant", "content": entry.text or None, "tool_calls": [_asked(call) for call in entry.calls]}
    return [asked, *(_result(call) for call in entry.calls)]


def _asked(call: Call) -> dict[str, Any]:
    return {
        "id": call.llm_id,
        "type": "function",
        "function": {"name": call.name, "arguments": call.raw_arguments},
    }


def _result(call: Call) -> dict[str, Any]:
    if call.is_open:
        raise UnbalancedTranscript(f"The call of {call.name} has no result.")
    return {"role": "tool", "tool_call_id": call.llm_id, "content": call.result}
