"""What is known about a person that bears on a question: memories, and what was said in earlier conversations."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection

from memory.models import Memory, MemoryKind, Window

MOST_ALWAYS = 300  # tokens of what goes into every answer: preferences and what is pinned
CANDIDATES = 60
CONVERSATION = "conversation"  # the kind of what was said, beside those of memories

ANYTHING = """
SELECT (EXISTS (SELECT 1 FROM memory_memory WHERE user_id = %(user_id)s AND status = 'active')
        OR EXISTS (SELECT 1 FROM memory_window WHERE user_id = %(user_id)s AND thread_id <> %(thread_id)s))
   AND NOT EXISTS (SELECT 1 FROM memory_memorypreference WHERE user_id = %(user_id)s AND is_paused)
"""

WORDS = """
SELECT array_to_string(ARRAY(
    SELECT quote_literal(word) FROM unnest(
        tsvector_to_array(to_tsvector('english', %(query)s)) || tsvector_to_array(to_tsvector('english', %(query)s))
    ) AS word LIMIT 32), ' | ')
"""


@dataclass(frozen=True)
class Recalled:
    """One memory, or one message of an earlier conversation: `kind` is a memory's, or `conversation`."""

    kind: str
    text: str
    said_at: datetime
    score: float
    memory_id: uuid.UUID | None = None
    window_id: uuid.UUID | None = None
    thread_id: uuid.UUID | None = None
    parts: dict[str, float] = field(default_factory=dict)

    @property
    def id(self) -> uuid.UUID:
        found = self.memory_id or self.window_id
        assert found
        return found


def is_anything_known(user_id: int, *, besides_thread: uuid.UUID) -> bool:
    """Whether recalling can find anything for this person; one cheap statement, for every answer."""
    with connection.cursor() as cursor:
        cursor.execute(ANYTHING, {"user_id": user_id, "thread_id": besides_thread})
        return bool(cursor.fetchone()[0])


def recall(
    query: str,
    *,
    user_id: int,
    agent_id: int,
    limit: int = 12,
    most_tokens: int = 1_200,
    count_tokens: Callable[[str], int],
    besides_thread: uuid.UUID | None = None,
) -> list[Recalled]:
    """What bears on the query, best first, after what always goes in; empty when nothing does."""
    always = [_of_memory(memory, 1.0) for memory in _always(user_id, agent_id)]
    found = _by_words(query, user_id, agent_id, besides_thread)
    kept = _within(always, MOST_ALWAYS, count_tokens)
    known = {one.id for one in kept}
    spent = sum(count_tokens(one.text) for one in kept)
    rest = [one for one in found if one.id not in known][:limit]
    return kept + _within(rest, most_tokens - spent, count_tokens)


def _always(user_id: int, agent_id: int) -> list[Memory]:
    mine = Memory.objects.of(user_id, agent_id=agent_id).current()
    return list((mine.filter(is_pinned=True) | mine.filter(kind=MemoryKind.PREFERENCE)).order_by("-is_pinned", "pk"))


def _by_words(query: str, user_id: int, agent_id: int, besides_thread: uuid.UUID | None) -> list[Recalled]:
    with connection.cursor() as cursor:
        cursor.execute(WORDS, {"query": query})
        words = cursor.fetchone()[0]
    if not words:
        return []
    memories = Memory.objects.of(user_id, agent_id=agent_id).current()
    windows = Window.objects.filter(user_id=user_id).exclude(thread_id=besides_thread)
    rank = {"select": {"rank": "ts_rank(tsv, %s::tsquery, 1)"}, "select_params": [words]}
    where = {"where": ["tsv @@ %s::tsquery"], "params": [words], "order_by": ["-rank"]}
    found = [_of_memory(one, one.rank) for one in memories.extra(**rank, **where)[:CANDIDATES]]
    found += [_of_window(one, one.rank) for one in windows.extra(**rank, **where)[:CANDIDATES]]
    return sorted(found, key=lambda one: -one.score)


def _of_memory(memory: Memory, score: float) -> Recalled:
    return Recalled(memory.kind, memory.text, memory.created_at, score, memory_id=memory.pk)


def _of_window(window: Window, score: float) -> Recalled:
    return Recalled(CONVERSATION, window.text, window.said_at, score, window_id=window.pk, thread_id=window.thread_id)


def _within(found: list[Recalled], most_tokens: int, count_tokens: Callable[[str], int]) -> list[Recalled]:
    """Those that fit, best first; one that is too long gives way to shorter ones behind it."""
    kept = []
    for one in found:
        size = count_tokens(one.text)
        if size <= most_tokens:
            kept.append(one)
            most_tokens -= size
    return kept
