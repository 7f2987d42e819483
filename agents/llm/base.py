"""What the loop asks of a language model, whoever answers: the OpenAI-compatible endpoint or the demo model."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, Protocol


@dataclass(frozen=True)
class ToolSpec:
    """A tool as the LLM sees it. `parameters` is a JSON Schema object."""

    name: str
    description: str
    parameters: dict[str, Any]


@dataclass(frozen=True)
class LLMRequest:
    """`messages` are in the Chat Completions dialect, the system message first; `purpose` is for our own records."""

    llm_name: str
    messages: list[dict[str, Any]]
    tools: list[ToolSpec] = field(default_factory=list)
    parameters: dict[str, Any] = field(default_factory=dict)
    purpose: Literal["chat", "compaction"] = "chat"


@dataclass(frozen=True)
class AskedCall:
    """A tool call as the LLM asked for it; nothing in it is checked yet."""

    provider_call_id: str
    name: str
    raw_arguments: str


@dataclass(frozen=True)
class Usage:
    """Tokens. `input` includes `cached`, `output` includes `reasoning`."""

    input: int = 0
    output: int = 0
    cached: int = 0
    reasoning: int = 0
    is_estimated: bool = False


@dataclass(frozen=True)
class TextDelta:
    text: str


@dataclass(frozen=True)
class Reply:
    """A whole reply; the last thing a stream yields."""

    text: str
    calls: tuple[AskedCall, ...]
    finish_reason: str
    usage: Usage
    llm_name: str
    response_id: str = ""
    first_token_ms: int | None = None


class LLMProblem(StrEnum):
    UNREACHABLE = "unreachable"
    SLOW = "slow"
    RATE_LIMITED = "rate_limited"
    REFUSED_KEY = "refused_key"
    UNKNOWN_LLM = "unknown_llm"
    BAD_REQUEST = "bad_request"
    SERVER_ERROR = "server_error"
    BROKEN_REPLY = "broken_reply"


class LLMError(Exception):
    """The LLM gave no usable reply. `words` are for a person and hold no secret; `retry_after` is in seconds."""

    def __init__(self, problem: LLMProblem, words: str, *, is_transient: bool, retry_after: float | None = None):
        super().__init__(words)
        self.problem = problem
        self.words = words
        self.is_transient = is_transient
        self.retry_after = retry_after


class LLM(Protocol):
    provider: str

    def stream(self, request: LLMRequest) -> AsyncGenerator[TextDelta | Reply]:
        """Yield text as it comes, then exactly one `Reply`. Raises `LLMError`; closing the iterator stops the LLM."""
        ...
