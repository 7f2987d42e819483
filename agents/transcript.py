"""A thread as an LLM sees it: what was said, which tools were asked for, and the one result of each."""

import uuid
from dataclasses import dataclass, field

from agents.models import OPEN_CALLS, CallStatus, Effect


@dataclass
class Call:
    """One tool call. `result` is what the LLM reads; it stands as soon as `status` is no longer open."""

    id: uuid.UUID
    name: str
    raw_arguments: str
    effect: Effect = Effect.UNSAFE
    status: CallStatus = CallStatus.READY
    result: str = ""
    attempt: int = 0
    provider_call_id: str = ""

    @property
    def is_open(self) -> bool:
        return self.status in OPEN_CALLS

    @property
    def llm_id(self) -> str:
        """The id we tell the LLM: ours, since providers repeat theirs or leave them out."""
        return f"call_{self.id.hex}"


@dataclass
class Question:
    text: str


@dataclass
class Answer:
    text: str
    calls: list[Call] = field(default_factory=list)


Entry = Question | Answer


def open_calls(transcript: list[Entry]) -> list[Call]:
    """The calls of the last answer that have no result yet, in the order the LLM asked."""
    last = transcript[-1] if transcript else None
    return [call for call in last.calls if call.is_open] if isinstance(last, Answer) else []
