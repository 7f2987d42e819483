"""What may bear on a question, from two lists of different things, each with the ranking that suits it.

What was said goes by its words (`ranking`), what was learned of it by its meaning (the vectors of memories). A memory
lends its nearness to the message it was taken from, and the two are one candidate; docs/memory.md says what this was
measured against.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection
from django.utils import timezone

from memory import places, ranking
from memory.embeddings.base import EmbeddingError
from memory.models import Memory, Window
from memory.ranking import Texts
from memory.stores import StoreError

MEANING = 0.3  # how much nearness in meaning counts; the rest are the words
SHARE_OF_WORDS = 0.3  # of the query that a text must hold to bear on it, where no meaning is near enough …
SHARE_OF_SEVERAL = 0.15  # … and where it holds more than one word
LOOKED_AT = 200  # of those that have words of the query
MOST_MESSAGES = 20_000  # of a person, the latest ones
HALF_LIFE_DAYS = 90
RECENCY, IMPORTANCE = 0.1, 0.05  # by how much these may move a score, up or down
AVERAGE_IMPORTANCE = 3

# One row for all texts of a person: what a driver does row by row takes longer than all the ranking.
TEXTS = """
WITH said AS (
    (SELECT message_id AS id, message_id, 'w' AS kind, words FROM memory_window
      WHERE user_id = %(user_id)s AND thread_id IS DISTINCT FROM %(besides)s
      ORDER BY said_at DESC LIMIT %(most)s)
    UNION ALL
    SELECT id, COALESCE(message_id, id),
           CASE WHEN embedded_with = %(place)s AND embedded_with <> '' THEN 'v' ELSE 'm' END, words
      FROM memory_memory
     WHERE user_id = %(user_id)s AND status = 'active' AND (agent_id IS NULL OR agent_id = %(agent_id)s)
       AND (expires_at IS NULL OR expires_at > now())
)
SELECT memory_words(%(query)s::text), string_agg(uuid_send(id), ''), string_agg(uuid_send(message_id), ''),
       string_agg(kind, ''), string_agg(words, ''), array_agg(octet_length(words))
  FROM said
"""
ID = np.dtype("V16")


@dataclass(frozen=True)
class Nearness:
    """How near a memory's meaning is, as a share of the nearest one's; `is_sure`: near enough without its words."""

    share: float
    is_sure: bool


@dataclass
class Candidate:
    """A message and the best of what was learned from it, or a memory that stands alone."""

    memory_id: uuid.UUID | None = None
    window_id: uuid.UUID | None = None
    words: float = 0.0
    meaning: float = 0.0
    is_relevant: bool = False

    @property
    def score(self) -> float:
        return (1 - MEANING) * self.words + MEANING * self.meaning


@dataclass(frozen=True)
class _Shelf:
    """All texts of a person, by place, with how well each fits."""

    ids: list[bytes]
    messages: list[bytes]
    kinds: str  # w: a message; v: a memory with a vector; m: a memory without one
    fit: ranking.Fit
    shares_of_best: ranking.Numbers

    def fits(self, place: int) -> bool:
        """Whether it holds enough of the query to bear on it by its words alone."""
        least = SHARE_OF_SEVERAL if self.fit.counts[place] > 1 else SHARE_OF_WORDS
        return bool(self.fit.shares[place] >= least)


def found(
    query: str,
    near: Mapping[uuid.UUID, Nearness],
    *,
    user_id: int,
    agent_id: int,
    besides_thread: uuid.UUID | None = None,
) -> list[Candidate]:
    """What bears on the query, best first. Only this person's, and of memories only those this agent may use."""
    shelf = _shelf(query, user_id=user_id, agent_id=agent_id, besides_thread=besides_thread) if query else None
    if shelf is None:
        return []
    place_of = {one: place for place, one in enumerate(shelf.ids)}
    best = np.argsort(-shelf.fit.scores, kind="stable")[:LOOKED_AT]
    places_to_see = [int(place) for place in best if shelf.fit.scores[place] > 0]
    places_to_see += [place_of[one.bytes] for one in near if one.bytes in place_of]
    made: dict[bytes, Candidate] = {}
    for place in dict.fromkeys(places_to_see):
        _take_in(made, shelf, place_of, place, near)
    relevant = [one for one in made.values() if one.is_relevant]
    return sorted(relevant, key=lambda one: -one.score)


def weighed(one: Candidate, memory: Memory | None, window: Window | None) -> tuple[float, dict[str, float]]:
    """Its score after recency and importance had their small say, and what it is made of."""
    said_at = window.said_at if window else memory.created_at if memory else timezone.now()
    days = max(0.0, (timezone.now() - said_at).total_seconds() / 86_400)
    recency = 1 + RECENCY * (2 * 0.5 ** (days / HALF_LIFE_DAYS) - 1)
    importance = 1 + IMPORTANCE * ((memory.importance if memory else AVERAGE_IMPORTANCE) - AVERAGE_IMPORTANCE) / 2
    parts = {"words": one.words, "meaning": one.meaning, "recency": recency, "importance": importance}
    return one.score * recency * importance, {name: round(value, 3) for name, value in parts.items()}


def _take_in(
    made: dict[bytes, Candidate],
    shelf: _Shelf,
    place_of: dict[bytes, int],
    place: int,
    near: Mapping[uuid.UUID, Nearness],
) -> None:
    """A text, as a candidate of its own or as a part of the one of its message."""
    message = shelf.messages[place]
    home = place_of.get(message, place)  # a memory whose message is not found by words stands alone
    one = made.get(shelf.ids[home])
    if one is None:
        one = made[shelf.ids[home]] = Candidate(words=float(shelf.shares_of_best[home]))
        one.is_relevant = shelf.fits(home)
        if shelf.kinds[home] == "w":
            one.window_id = uuid.UUID(bytes=shelf.ids[home])
    if shelf.kinds[place] == "w":
        return
    memory_id = uuid.UUID(bytes=shelf.ids[place])
    nearness = near.get(memory_id)
    if nearness and (one.memory_id is None or nearness.share > one.meaning):
        one.memory_id, one.meaning = memory_id, nearness.share
        one.is_relevant |= nearness.is_sure
    elif place == home or shelf.kinds[place] == "m":  # without a vector, its words speak for it
        one.memory_id = one.memory_id or memory_id
        one.words = max(one.words, float(shelf.shares_of_best[place]))
        one.is_relevant |= shelf.fits(place)


def _shelf(query: str, *, user_id: int, agent_id: int, besides_thread: uuid.UUID | None) -> _Shelf | None:
    values: dict[str, Any] = {
        "query": query,
        "user_id": user_id,
        "agent_id": agent_id,
        "besides": besides_thread,
        "place": _place_of_vectors(),
        "most": MOST_MESSAGES,
    }
    with connection.cursor() as cursor:
        cursor.execute(TEXTS, values)
        asked, ids, messages, kinds, words, sizes = cursor.fetchone()
    if not ids:
        return None
    fit = ranking.fit(bytes(asked), Texts(bytes(words), sizes))
    return _Shelf(
        np.frombuffer(ids, dtype=ID).tolist(),
        np.frombuffer(messages, dtype=ID).tolist(),
        kinds,
        fit,
        ranking.of_best(fit.scores),
    )


def _place_of_vectors() -> str:
    try:
        searchable = places.searchable()
    except (EmbeddingError, StoreError):
        return ""
    return searchable.place if searchable else ""
