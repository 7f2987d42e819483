"""What telemetry leaves out: what is known about a person stays with that person, whoever may read traces.

A trace tells that something was recalled, how much, and by which scores. The texts stand in the person's own rows
alone, so that deleting those deletes them.
"""

import re
from typing import Any

MEMORY_TOOLS = frozenset({"recall", "remember", "forget"})
FENCED = re.compile(r"(?<=<memories>\n).*?(?=\n</memories>)", re.DOTALL)
LEFT_OUT = "(what is known about the person is not shown here)"


def without_memories(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A request as it is recorded: without what the run was reminded of and what its tools of memory said."""
    private = {
        call["id"]
        for message in messages
        for call in message.get("tool_calls") or ()
        if call["function"]["name"] in MEMORY_TOOLS
    }
    return [_discreet(message, private) for message in messages]


def output_of(tool: str, text: str) -> str:
    """The result of a tool as it is recorded, and as it is shown to whoever looks at the call in the console."""
    return LEFT_OUT if tool in MEMORY_TOOLS else text


def _discreet(message: dict[str, Any], private: set[str]) -> dict[str, Any]:
    content = message.get("content")
    if message["role"] == "system" and isinstance(content, str) and "<memories>\n" in content:
        return message | {"content": FENCED.sub(LEFT_OUT, content)}
    if message["role"] == "tool" and message.get("tool_call_id") in private:
        return message | {"content": LEFT_OUT}
    return message
