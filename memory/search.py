"""Search in documents: by words and by meaning, the two lists fused.

Vectors are compared exactly, without an index of neighbours: with one, a filter on who may read what loses passages
silently. The full text search has no measure of how rare a word is, so a passage must hold half of what was asked.
"""

import logging
import math
import re
import uuid
from collections import Counter, defaultdict
from dataclasses import dataclass

from django.db import connection
from django.db.backends.utils import CursorWrapper

from memory.embeddings.base import EmbeddingError
from memory.models import Chunk, ChunkQuerySet, Document
from memory.places import Searchable, searchable
from memory.stores import EVERYBODY, Collection, Near, StoreError

log = logging.getLogger(__name__)

QUERY_CHARS = 1_000
COUNTED = 200  # passages whose words are counted
CANDIDATES = 40  # of each list
MOST_WORDS = 24
RRF_K = 60  # reciprocal rank fusion, the constant of its paper
SHARE_OF_WORDS = 0.5
NEARLY = 0.03  # how far below its threshold a meaning may be when the words speak for a passage too

# They ask, and say nothing about what is asked for.
ASKING = re.compile(
    r"\b(?:please|tell|show|find|search|look|explain|describe|know|say|says|said|document|documents|file|files|mean|"
    r"means|meaning|according|many|much|long|may|get|need|want|would|could|shall)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Passage:
    """A piece of a document that may answer. `score` is between 0 and 1, for ordering, not a probability."""

    document_id: uuid.UUID
    chunk_id: int
    title: str
    text: str
    place: str
    page: int | None
    position: int
    score: float


@dataclass(frozen=True)
class _Reader:
    """Who asks: for which person, through which agent."""

    user_id: int | None
    agent_id: int | None


@dataclass(frozen=True)
class _Hit:
    """A candidate. One that is not sure counts only when both lists have it."""

    chunk_id: int
    is_sure: bool


def search(query: str, *, user_id: int | None, agent_id: int | None = None, limit: int = 5) -> list[Passage]:
    """The passages that fit best, among the shared documents and the person's own, without those of other agents.

    Empty when none is relevant.
    """
    reader, vectors = _Reader(user_id, agent_id), None
    query = query.replace("\0", " ").strip()[:QUERY_CHARS]
    if not query:
        return []
    try:
        vectors = searchable()
        near = _by_meaning(query, reader, vectors) if vectors else None
    except (EmbeddingError, StoreError) as error:
        log.warning("Searching by words only: %s", error)
        near = None
    if vectors is None or near is None:
        lists = [_by_words(query, reader)]
    else:
        lists = [_by_words(query, reader, confirmed_by=vectors), near]
    return _passages(_fused(lists)[:limit], reader)


def _by_words(query: str, reader: _Reader, *, confirmed_by: Searchable | None = None) -> list[_Hit]:
    """Passages with at least half of the query's words, those with all of them first.

    Half is enough to be sure only where no vector could confirm it.
    """
    documents, visible = (
        Document.objects.visible_to(reader.user_id, reader.agent_id).order_by().values("pk").query.sql_with_params()
    )
    with connection.cursor() as cursor:
        words, least = _words(cursor, query)
        if not words:
            return []
        confirmation = confirmed_by.place if confirmed_by else None
        any_word = " | ".join(_quoted(word) for word in words)
        cursor.execute(
            f"""
            SELECT id, held = %s OR embedded_with IS DISTINCT FROM %s FROM (
                SELECT id, rank, embedded_with,
                       (SELECT count(*) FROM unnest(%s::text[]) AS word
                        WHERE word = ANY (tsvector_to_array(tsv))) AS held
                FROM (
                    SELECT id, tsv, embedded_with, ts_rank(tsv, %s::tsquery, 1) AS rank
                    FROM memory_chunk WHERE tsv @@ %s::tsquery AND document_id IN ({documents})
                    ORDER BY rank DESC LIMIT {COUNTED}
                ) AS ranked
            ) AS counted
            WHERE held >= %s ORDER BY held = %s DESC, rank DESC, id LIMIT {CANDIDATES}
            """,
            [len(words), confirmation, words, any_word, any_word, *visible, least, len(words)],
        )
        return [_Hit(chunk_id, is_sure) for chunk_id, is_sure in cursor.fetchall()]


def _words(cursor: CursorWrapper, query: str) -> tuple[list[str], int]:
    """The query's words as the index knows them, and how many of them a passage must have."""
    telling = ASKING.sub(" ", query)
    cursor.execute(
        "SELECT tsvector_to_array(to_tsvector('english', %s)), tsvector_to_array(to_tsvector('english', %s)), "
        "tsvector_to_array(to_tsvector('simple', %s))",
        [telling, query, query],
    )
    told, asked, written = cursor.fetchone()
    words = (told or asked)[:MOST_WORDS]
    if words:
        return words, math.ceil(len(words) * SHARE_OF_WORDS)
    return written[:MOST_WORDS], len(written[:MOST_WORDS])  # nothing but "who", "it", "the": then exactly that


def _quoted(word: str) -> str:
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"


def _by_meaning(query: str, reader: _Reader, vectors: Searchable) -> list[_Hit] | None:
    """Passages near the query, nearest first; None if nothing this reader may find has a vector."""
    chunks = Chunk.objects.visible_to(reader.user_id, reader.agent_id)
    if not chunks.exclude(embedded_with="").exists():  # and the model is not loaded for nothing
        return None
    vector = vectors.embedder.query(query)
    owners = [EVERYBODY] if reader.user_id is None else [EVERYBODY, reader.user_id]

    def asked(among: list[uuid.UUID] | None) -> list[Near]:
        return vectors.nearest(Collection.CHUNKS, vector, owners=owners, limit=CANDIDATES, among=among)

    near = asked(None)
    ids = _ids(chunks, near)
    if len(ids) < len(near) == CANDIDATES:  # passages for other agents took the places of this one's
        near = asked(list(chunks.values_list("key", flat=True)))
        ids = _ids(chunks, near)
    relevant_from = vectors.embedder.relevant_from
    return [
        _Hit(ids[each.item], is_sure=each.similarity >= relevant_from)
        for each in near
        if each.item in ids and each.similarity >= relevant_from - NEARLY
    ]


def _ids(chunks: ChunkQuerySet, near: list[Near]) -> dict[uuid.UUID, int]:
    return dict(chunks.filter(key__in=[each.item for each in near]).values_list("key", "pk"))


def _fused(lists: list[list[_Hit]]) -> list[tuple[int, float]]:
    """Chunks and their scores by reciprocal rank, best first; unsure ones only if every list has them."""
    counts = Counter(hit.chunk_id for hits in lists for hit in hits)
    sure = {hit.chunk_id for hits in lists for hit in hits if hit.is_sure}
    scores: dict[int, float] = defaultdict(float)
    for hits in lists:
        for rank, hit in enumerate(hits, start=1):
            if hit.chunk_id in sure or counts[hit.chunk_id] == len(lists):
                scores[hit.chunk_id] += (RRF_K + 1) / (RRF_K + rank) / len(lists)
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))


def _passages(scores: list[tuple[int, float]], reader: _Reader) -> list[Passage]:
    chunks = Chunk.objects.visible_to(reader.user_id, reader.agent_id).in_bulk([chunk_id for chunk_id, _ in scores])
    return [
        Passage(
            document_id=chunk.document_id,
            chunk_id=chunk.pk,
            title=chunk.title,
            text=chunk.text,
            place=chunk.place,
            page=chunk.page,
            position=chunk.position,
            score=score,
        )
        for chunk_id, score in scores
        if (chunk := chunks.get(chunk_id))
    ]
