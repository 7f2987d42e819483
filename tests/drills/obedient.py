"""An LLM that does what the question says, whoever asks and however often: a drill may cut it off anywhere.

The plan of a run stands in its question; how far it has come, in the transcript. So the same request gets the same
reply, and a transcript that is not balanced is noticed at the next request.
"""

import json
from dataclasses import dataclass, replace
from typing import Any

from tests.llm import Call, Script, call
from tests.llm.http import Request

PREAMBLE = "Let me see what I can do."
ANSWER = "All of it is done, and this is all I have to say."


@dataclass(frozen=True)
class Plan:
    """Batches of tool calls, then the answer. `text` is the question that asks for it."""

    name: str
    batches: tuple[tuple[Call, ...], ...] = ()
    words: int = 0  # the answer is that long; 0: as usual
    delay: float = 0  # seconds between its words

    @property
    def text(self) -> str:
        asked = [[[one.name, json.loads(one.arguments)] for one in batch] for batch in self.batches]
        return f"{self.name}: {json.dumps({'batches': asked, 'words': self.words, 'delay': self.delay})}"

    @property
    def answer(self) -> str:
        return " ".join(f"word{number}" for number in range(self.words)) or ANSWER

    @classmethod
    def of(cls, text: str) -> "Plan":
        name, _, told = text.partition(": ")
        plan = json.loads(told)
        batches = tuple(tuple(call(name, **arguments) for name, arguments in batch) for batch in plan["batches"])
        return cls(name, batches, plan["words"], plan["delay"])


class ObedientLLM:
    """The rule for a scripted LLM; `problems` names the requests whose transcript was not balanced."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def __call__(self, request: Request) -> Script:
        self.problems += imbalances(request.messages)
        plan = Plan.of(request.question)
        last_question = max(place for place, said in enumerate(request.messages) if said["role"] == "user")
        turns = sum(said["role"] == "assistant" for said in request.messages[last_question:])
        script = Script(delay=plan.delay)
        if turns < len(plan.batches):
            return replace(script, text=PREAMBLE, calls=plan.batches[turns])
        return replace(script, text=plan.answer)


def imbalances(messages: list[dict[str, Any]]) -> list[str]:
    """Where the calls an LLM is shown do not have exactly one result each, in order, right behind them."""
    expected: list[str] = []
    problems = []
    for message in messages:
        if message["role"] == "tool":
            if not expected or expected.pop(0) != message["tool_call_id"]:
                problems.append(f"a result nobody waits for: {message}")
            continue
        problems += [f"no result for the call {missing}" for missing in expected]
        expected = [one["id"] for one in message.get("tool_calls") or ()]
    return problems + [f"no result for the call {missing}" for missing in expected]
