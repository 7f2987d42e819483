"""The buffer: what of a conversation goes into one request, by its tokens. Nothing here asks, reads or stores.

A turn, a question with all that came of it, is sent whole or not at all. Only of the last one, when it is too large by
itself, results of tools are left out; the calls stay, each with a result.
"""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from agents.transcript import Answer, Call, Entry, Question

KEPT = 0.6  # of the room for turns, when some have to leave: so it does not happen each time


@dataclass(frozen=True)
class Summary:
    """What was said in the turns before those that are sent."""

    text: str
    turns: int
    tokens: int


@dataclass
class Buffer:
    """What the requests of a run hold beside its turns, and what they leave out."""

    summary: Summary | None = None
    left_out: int = 0  # turns that could not be summarised
    unread: frozenset[uuid.UUID] = frozenset()  # calls whose results are left out


@dataclass(frozen=True)
class Measure:
    """How many tokens an entry takes, and how many are spared when the result of a call is left out."""

    entry: Callable[[Entry], int]
    spared: Callable[[Call], int]


@dataclass(frozen=True)
class Fit:
    """How many of the oldest turns have to leave; if none, which results. `tokens` is what the request takes then."""

    tokens: int
    leaving: int = 0
    unread: frozenset[uuid.UUID] = frozenset()


def turns_of(transcript: Sequence[Entry]) -> list[list[Entry]]:
    """The entries by turn, oldest first."""
    turns: list[list[Entry]] = []
    for entry in transcript:
        if isinstance(entry, Question) or not turns:
            turns.append([])
        turns[-1].append(entry)
    return turns


def fit(transcript: Sequence[Entry], measure: Measure, *, fixed: int, spare: int, budget: int) -> Fit:
    """What goes into a request of `budget` tokens, of which `fixed` are no turn's and `spare` more will not be either
    when turns leave, for a summary of them."""
    turns = turns_of(transcript)
    sizes = [sum(map(measure.entry, turn)) for turn in turns]
    tokens = fixed + sum(sizes)
    if tokens <= budget:
        return Fit(tokens)
    if len(turns) > 1:
        leaving = _leaving(sizes, KEPT * (budget - fixed) - spare)
        return Fit(fixed + spare + sum(sizes[leaving:]), leaving)
    unread, spared = _unread(turns[-1], measure, tokens - budget)
    return Fit(tokens - spared, unread=unread)


def _leaving(sizes: list[int], room: float) -> int:
    """As few as possible, so that the others fit into the room; the last one stays."""
    kept = list(accumulate(reversed(sizes[1:])))[::-1]
    return next((leaving for leaving, size in enumerate(kept, start=1) if size <= room), len(sizes) - 1)


def _unread(turn: list[Entry], measure: Measure, excess: int) -> tuple[frozenset[uuid.UUID], int]:
    """The oldest results of a turn that make up for the excess, never the newest; and the tokens that spares."""
    calls = [call for entry in turn if isinstance(entry, Answer) for call in entry.calls if not call.is_open]
    unread, spared = set[uuid.UUID](), 0
    for call in calls[:-1]:
        if spared >= excess:
            break
        if (tokens := measure.spared(call)) > 0:
            unread.add(call.id)
            spared += tokens
    return frozenset(unread), spared
