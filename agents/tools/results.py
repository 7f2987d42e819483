"""What comes of a tool call, in words and limits: its result, its errors, its value as text."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from agents.models import CallStatus
from agents.text import storable

MOST_RESULT_CHARACTERS = 16_000
MOST_KEPT_CHARACTERS = 2_000_000


class ToolError(Exception):
    """A tool's definitive failure, in words the LLM can act on: it did not do what it was asked to."""


class TransientError(ToolError):
    """A failure that may pass, and that left nothing done. `retry_after` is in seconds, where the other side said."""

    def __init__(self, words: str, *, retry_after: float | None = None) -> None:
        super().__init__(words)
        self.retry_after = retry_after


class OutcomeUnknown(Exception):
    """It was begun and nobody can say whether it took effect; in words for the person who will find out."""


class InvalidArguments(Exception):
    """Arguments that do not fit a tool; says what is wrong, and what would be right. `problems`: only the former."""

    def __init__(self, words: str, problems: str = "") -> None:
        super().__init__(words)
        self.problems = problems or words


@dataclass(frozen=True)
class Attempt:
    """One try within a call. `error` is empty for the one that brought the result."""

    error: str
    duration_ms: int


@dataclass(frozen=True)
class Rendered:
    """A value as text, kept up to a limit. `size` is its length in characters; None: more than was kept."""

    text: str
    size: int | None

    @property
    def size_in_words(self) -> str:
        return f"{self.size:,} characters" if self.size is not None else f"more than {len(self.text):,} characters"


@dataclass(frozen=True)
class ToolResult:
    """`text` is what the LLM reads; `whole` is all of it, where `text` had to be cut."""

    status: CallStatus
    text: str
    whole: str | None = None
    attempts: tuple[Attempt, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)  # what its span says beside

    @property
    def is_error(self) -> bool:
        return self.status != CallStatus.SUCCEEDED

    @classmethod
    def error(cls, status: CallStatus, words: str, attempts: tuple[Attempt, ...] = ()) -> "ToolResult":
        return cls(status, _cut(f"Error: {storable(words)}", MOST_RESULT_CHARACTERS), attempts=attempts)

    @classmethod
    def success(cls, rendered: Rendered, *, most: int, attempts: tuple[Attempt, ...] = ()) -> "ToolResult":
        if len(rendered.text) <= most and rendered.size is not None:
            return cls(CallStatus.SUCCEEDED, rendered.text, attempts=attempts)
        note = f"\n… (cut: this is the beginning; the whole result has {rendered.size_in_words}.)"
        whole = rendered.text
        if rendered.size is None or rendered.size > len(whole):
            whole += f"\n… (only the first {len(whole):,} characters were kept.)"
        return cls(CallStatus.SUCCEEDED, rendered.text[:most] + note, whole=whole, attempts=attempts)


def rendered(value: Any) -> Rendered:
    """A tool's value as text that can be stored; never fails, and stops writing where the limit is."""
    if isinstance(value, str):
        text = storable(value[:MOST_KEPT_CHARACTERS])
        return Rendered(text, len(text) if len(value) <= MOST_KEPT_CHARACTERS else len(value))
    try:
        return _as_json(value)
    except Exception as error:  # it did its work: what it brought back cannot turn that into a failure
        return rendered(f"(It succeeded, but its result cannot be written down: {type(error).__name__}.)")


def _as_json(value: Any) -> Rendered:
    pieces, size = [], 0
    for piece in json.JSONEncoder(ensure_ascii=False, default=_plain).iterencode(value):
        pieces.append(piece)
        size += len(piece)
        if size > MOST_KEPT_CHARACTERS:
            return Rendered(storable("".join(pieces)[:MOST_KEPT_CHARACTERS]), None)
    text = storable("".join(pieces))
    return Rendered(text, len(text))


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, set | frozenset):
        return list(value)
    return str(value)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}\n… (cut: {len(text):,} characters in all)"
