"""What telemetry leaves out: what is known about a person stays with that person, whoever may read traces.

A trace tells that something was recalled, how much, and by which scores. The texts stand in the person's own rows
alone, so that deleting those deletes them.
"""

import re
from typing import Any

RECALLING_TOOLS = frozenset({"recall", "remember", "forget"})
FENCED = re.compile(r"(?<=<memories>\n).*?(?=\n</memories>)", re.DOTALL)
LEFT_OUT = "(what is known about the person: not kept in traces)"


def without_memories(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The messages of a request as they are recorded: without what the run was reminded of and what it looked up."""
    looked_up = {
        call["id"]
        for message in messages
        for call in message.get("tool_calls") or ()
        if call["function"]["name"] in RECALLING_TOOLS
    }
    return [_discreet(message, looked_up) for message in messages]


def output_of(tool: str, text: str) -> str:
    """The result of a tool as it is recorded."""
    return LEFT_OUT if tool in RECALLING_TOOLS else text


def _discreet(message: dict[str, Any], looked_up: set[str]) -> dict[str, Any]:
    content = message.get("content")
    if message["role"] == "system" and isinstance(content, str) and "<memories>\n" in content:
        return message | {"content": FENCED.sub(LEFT_OUT, content)}
    if message["role"] == "tool" and message.get("tool_call_id") in looked_up:
        return message | {"content": LEFT_OUT}
    return message
