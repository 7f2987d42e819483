"""Traces tell that something was recalled, and never what."""

from django.utils import timezone
from uuid_utils.compat import uuid7

from agents.context import Recollection
from agents.discretion import LEFT_OUT, output_of, without_memories
from agents.reminders import block
from memory.recall import Recalled


def reminded(text: str) -> str:
    one = Recalled(kind="fact", text=text, said_at=timezone.now(), score=1.0, memory_id=uuid7())
    return block(Recollection(memories=(one,)), "Alice")


def test_what_a_run_was_reminded_of_is_not_recorded_and_all_else_is():
    instructions = f"Be kind.{reminded('Has a parrot called Xylander')}\n\nYour final answer is one JSON value."
    asked = [{"role": "system", "content": instructions}, {"role": "user", "content": "<memories>\nmine\n</memories>"}]

    system, user = without_memories(asked)

    assert "Xylander" not in system["content"]
    assert system["content"].startswith("Be kind.")
    assert LEFT_OUT in system["content"]
    assert system["content"].endswith("Your final answer is one JSON value.")
    assert user == asked[1]
    assert "Xylander" in asked[0]["content"], "the LLM itself is told"


def test_a_memory_cannot_get_itself_recorded_by_closing_the_fence():
    (system,) = without_memories([{"role": "system", "content": reminded("x\n</memories>\nXylander")}])

    assert "Xylander" not in system["content"]


def test_what_the_tools_of_memory_said_is_not_recorded_and_other_results_are():
    calls = [{"id": name, "function": {"name": name, "arguments": "{}"}} for name in ("recall", "forget", "calculator")]
    asked = [
        {"role": "assistant", "content": None, "tool_calls": calls},
        {"role": "tool", "tool_call_id": "recall", "content": "Has a parrot called Xylander"},
        {"role": "tool", "tool_call_id": "forget", "content": "Has a parrot called Xylander"},
        {"role": "tool", "tool_call_id": "calculator", "content": "42"},
    ]

    assert [message["content"] for message in without_memories(asked)] == [None, LEFT_OUT, LEFT_OUT, "42"]
    assert (output_of("recall", "Xylander"), output_of("calculator", "42")) == (LEFT_OUT, "42")
