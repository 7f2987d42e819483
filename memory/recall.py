"""What is known about a person that bears on a question: memories, and what was said in earlier conversations.

How the two are found and weighed is in `candidates`; here they become a list that fits into a request.
"""

import logging
import re
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection

from memory import candidates, places
from memory.candidates import Candidate, Nearness
from memory.embeddings.base import EmbeddingError
from memory.models import Memory, MemoryEvent, MemoryKind, MemoryOperation, Window
from memory.stores import Collection, StoreError
from memory.windows import dated

log = logging.getLogger(__name__)

CONVERSATION = "conversation"  # the kind of what was said, beside those of memories
QUERY_CHARS = 1_000
MOST_ALWAYS = 300  # tokens of what goes into every answer: what is pinned, and preferences
NEIGHBOURS = 60
NEARLY = 0.03  # how far below an embedder's `relevant_from` nearness begins to count
CONSIDERED = 60
SAME = 0.9  # of two texts' words: the second says nothing new
WORD = re.compile(r"\w+")
LONGEST_SAID = 900  # characters of a message; what a memory was taken from is told in fewer
LONGEST_SOURCE = 500

ANYTHING = """
SELECT (EXISTS (SELECT 1 FROM memory_memory WHERE user_id = %(user_id)s AND status = 'active')
        OR EXISTS (SELECT 1 FROM memory_window WHERE user_id = %(user_id)s AND thread_id <> %(thread_id)s))
   AND NOT EXISTS (SELECT 1 FROM memory_memorypreference WHERE user_id = %(user_id)s AND is_paused)
"""


@dataclass(frozen=True)
class Recalled:
    """One memory, perhaps with the message it was taken from, or one message of an earlier conversation.

    `kind` is a memory's, or `conversation`. `score` is for ordering; `parts` say what it is made of.
    """

    kind: str
    text: str
    said_at: datetime
    score: float
    memory_id: uuid.UUID | None = None
    window_id: uuid.UUID | None = None
    thread_id: uuid.UUID | None = None
    source: str = ""
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
    """What bears on the query, best first, after what always goes in; empty when nothing does.

    The model that reads the query may take a while; no connection is held meanwhile.
    """
    query = query.replace("\0", " ").strip()[:QUERY_CHARS]
    near = _near(query, user_id) if query else {}
    chosen = candidates.found(query, near, user_id=user_id, agent_id=agent_id, besides_thread=besides_thread)
    always = _within(_always(user_id, agent_id), min(MOST_ALWAYS, most_tokens), count_tokens)
    spent = sum(count_tokens(one.text) for one in always)
    found = _distinct(_recalled(chosen[:CONSIDERED], user_id), always)
    return always + _within(found[:limit], most_tokens - spent, count_tokens)


def overview(*, user_id: int, agent_id: int, limit: int = 12) -> list[Recalled]:
    """What matters most of what is known about a person."""
    mine = Memory.objects.of(user_id, agent_id=agent_id).current()
    chosen = mine.order_by("-is_pinned", "-importance", "-times_said", "-created_at")[:limit]
    return [recalled(memory=one, score=one.importance / 5) for one in chosen]


def recalled(
    *, memory: Memory | None = None, window: Window | None = None, score: float, parts: dict[str, float] | None = None
) -> Recalled:
    """What these rows tell together; one of them at least is there."""
    if memory is None:
        assert window is not None
        text = _cut(_spoken(window), LONGEST_SAID)
        return Recalled(
            CONVERSATION,
            text,
            window.said_at,
            score,
            window_id=window.pk,
            thread_id=window.thread_id,
            parts=parts or {},
        )
    return Recalled(
        memory.kind,
        memory.text,
        memory.created_at,
        score,
        memory_id=memory.pk,
        window_id=window.pk if window else None,
        thread_id=memory.thread_id,
        source=_cut(_spoken(window), LONGEST_SOURCE) if window else "",
        parts=parts or {},
    )


def corrected(memory_ids: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """Those whose words a person has changed: what they were taken from tells it wrong."""
    edits = MemoryEvent.objects.filter(memory_id__in=list(memory_ids), operation=MemoryOperation.EDITED)
    return set(edits.filter(after__has_key="text").values_list("memory_id", flat=True))


def _near(query: str, user_id: int) -> dict[uuid.UUID, Nearness]:
    """Memories by their meaning: how near, as a share of the nearest, and whether that is near enough to be sure."""
    try:
        searchable = places.searchable()
        mine = Memory.objects.of(user_id).current()
        if searchable is None or not mine.exclude(embedded_with="").exists():  # there or on its way elsewhere
            return {}
        if not connection.in_atomic_block:
            connection.close()
        vector = searchable.embedder.query(query)
        found = searchable.nearest(Collection.MEMORIES, vector, owners=[user_id], limit=NEIGHBOURS)
    except (EmbeddingError, StoreError) as error:
        log.warning("Recalling by words only: %s", error)
        return {}
    sure = searchable.embedder.relevant_from
    floor = sure - NEARLY
    best = max((one.similarity for one in found), default=floor)
    return {
        one.item: Nearness((one.similarity - floor) / (best - floor), is_sure=one.similarity >= sure)
        for one in found
        if one.similarity > floor
    }


def _always(user_id: int, agent_id: int) -> list[Recalled]:
    """What is pinned, then preferences, the more important first."""
    mine = Memory.objects.of(user_id, agent_id=agent_id).current()
    wanted = mine.filter(is_pinned=True) | mine.filter(kind=MemoryKind.PREFERENCE)
    return [recalled(memory=one, score=1.0) for one in wanted.order_by("-is_pinned", "-importance", "-pk")[:100]]


def _recalled(chosen: list[Candidate], user_id: int) -> list[Recalled]:
    memory_ids = [one.memory_id for one in chosen if one.memory_id]
    memories = Memory.objects.of(user_id).in_bulk(memory_ids)
    windows = Window.objects.filter(user_id=user_id).in_bulk([one.window_id for one in chosen if one.window_id])
    wrong = corrected(memory_ids) if memory_ids else set()
    found = []
    for one in chosen:
        memory = memories.get(one.memory_id) if one.memory_id else None
        window = windows.get(one.window_id) if one.window_id and one.memory_id not in wrong else None
        if memory or window:
            found.append((one, memory, window))
    weighed = [(*candidates.weighed(*each), *each) for each in found]
    return [
        recalled(memory=memory, window=window, score=score, parts=parts)
        for score, parts, _, memory, window in sorted(weighed, key=lambda each: -each[0])
    ]


def _distinct(found: list[Recalled], always: list[Recalled]) -> list[Recalled]:
    """Without those that are there anyway or say what a better one says."""
    kept: list[Recalled] = []
    told: list[frozenset[str]] = []
    known = {one.memory_id for one in always if one.memory_id}
    for one in found:
        words = frozenset(WORD.findall(one.text.casefold()))
        if one.memory_id in known or any(len(words & other) >= SAME * len(words | other) for other in told):
            continue
        kept.append(one)
        told.append(words)
    return kept


def _within(found: list[Recalled], most_tokens: int, count_tokens: Callable[[str], int]) -> list[Recalled]:
    """Those that fit, best first; one that is too long gives way to shorter ones behind it."""
    kept = []
    for one in found:
        size = count_tokens(f"{one.text} {one.source}")
        if size <= most_tokens:
            kept.append(one)
            most_tokens -= size
    return kept


def _spoken(window: Window) -> str:
    """Without its date, which is told beside it."""
    return window.text.removeprefix(f"{dated(window.said_at)}\n")


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most].rstrip()} …"
