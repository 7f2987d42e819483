"""What the loop says as it goes. Whoever iterates it stores a fact before asking for the next."""

import uuid
from dataclasses import dataclass

from agents.buffer import Summary
from agents.llm.base import LLMRequest, Reply, TextDelta
from agents.llm.retry import AttemptFailed, AttemptStarted
from agents.models import StopReason, WaitKind
from agents.teams import Colleague, HandOff
from agents.tools.base import ToolResult
from agents.transcript import Answer, Call


@dataclass(frozen=True)
class TurnStarted:
    turn: int
    request: LLMRequest


@dataclass(frozen=True)
class CompactionStarted:
    """The LLM is about to be asked for a summary of the oldest turns."""

    request: LLMRequest


@dataclass(frozen=True)
class SummaryDelta:
    text: str


@dataclass(frozen=True)
class SummaryReceived:
    """What the LLM made of the turns up to that of the run `up_to`; no summary: it said nothing of use."""

    reply: Reply
    summary: Summary | None
    up_to: uuid.UUID | None


@dataclass(frozen=True)
class ReplyReceived:
    reply: Reply
    answer: Answer


@dataclass(frozen=True)
class CallStarted:
    call: Call


@dataclass(frozen=True)
class CallFinished:
    """A call that ran. One whose outcome is unknown has not ended: it waits for a person's word."""

    call: Call
    result: ToolResult


@dataclass(frozen=True)
class TaskGiven:
    """Another agent works on this call, in a run of its own."""

    call: Call
    colleague: Colleague
    task: str


@dataclass(frozen=True)
class HandedOver:
    """Another agent goes on with this run: nothing of the agent before it is good any more."""

    call: Call
    asked: HandOff
    target: Colleague


@dataclass(frozen=True)
class RunPaused:
    """Nothing can be done before somebody else has done something."""

    wait_kind: WaitKind


@dataclass(frozen=True)
class RunEnded:
    """`error` is empty when the run completed."""

    stop_reason: StopReason
    error: str = ""


Fact = (
    TurnStarted
    | AttemptStarted
    | TextDelta
    | AttemptFailed
    | CompactionStarted
    | SummaryDelta
    | SummaryReceived
    | ReplyReceived
    | CallStarted
    | CallFinished
    | TaskGiven
    | HandedOver
    | RunPaused
    | RunEnded
)
