"""A thread as an LLM sees it: what was said, which tools were asked for, and the one result of each."""

import uuid
from dataclasses import dataclass, field

from agents.models import AWAITED_CALLS, OPEN_CALLS, STARTABLE_CALLS, CallStatus, Effect
from agents.policies import Policy


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
    edited_arguments: str = ""
    policy: Policy | None = None  # by which people are asked first; known when the call is new

    @property
    def is_open(self) -> bool:
        return self.status in OPEN_CALLS

    @property
    def is_begun(self) -> bool:
        return self.status not in (CallStatus.READY, CallStatus.AWAITING_APPROVAL)

    @property
    def arguments(self) -> str:
        """What is executed: a person's edit, else what the LLM wrote."""
        return self.edited_arguments or self.raw_arguments

    @property
    def llm_id(self) -> str:
        """The id we tell the LLM: ours, since providers repeat theirs or leave them out."""
        return f"call_{self.id.hex}"


@dataclass
class Question:
    """What was asked: it begins a turn, the run `run_id` as far as it is known."""

    text: str
    run_id: uuid.UUID | None = None


@dataclass
class Answer:
    """What the LLM said. `complaint` is why it was sent back: its form was not the agreed one."""

    text: str
    calls: list[Call] = field(default_factory=list)
    complaint: str = ""


Entry = Question | Answer


def open_calls(transcript: list[Entry]) -> list[Call]:
    """The calls of the last answer that have no result yet, in the order the LLM asked."""
    last = transcript[-1] if transcript else None
    return [call for call in last.calls if call.is_open] if isinstance(last, Answer) else []


def startable_calls(transcript: list[Entry]) -> list[Call]:
    """Those of the open calls that may run now."""
    return [call for call in open_calls(transcript) if call.status in STARTABLE_CALLS]


def awaited_calls(transcript: list[Entry]) -> list[Call]:
    """Those of the open calls that a person must say something about."""
    return [call for call in open_calls(transcript) if call.status in AWAITED_CALLS]


def answers_of_run(transcript: list[Entry]) -> list[Answer]:
    """What the LLM has said since the last question, oldest first."""
    found: list[Answer] = []
    for entry in reversed(transcript):
        if isinstance(entry, Question):
            break
        found.append(entry)
    return found[::-1]


def calls_of_run(transcript: list[Entry]) -> list[Call]:
    return [call for answer in answers_of_run(transcript) for call in answer.calls]
