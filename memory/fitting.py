"""Which procedures fit a question: those whose trigger shares its words, or lies near it in meaning.

How near is near differs from question to question: a short one lies near everything. So a trigger has to lie nearer
to it than ordinary talk does. Of 20 questions that had a procedure among seven, 17 found it this way, and one of 18
that had none (tests/memory/test_fitting.py); any fixed cosine that finds as many takes a joke for a translation.
"""

import logging
import uuid
from functools import cache

from django.db import connection

from memory import embeddings, places
from memory.embeddings.base import EmbeddingError, Vector
from memory.models import Procedure
from memory.sameness import cosine
from memory.stores import EVERYBODY, Collection, StoreError

log = logging.getLogger(__name__)

QUERY_CHARS = 1_000
SHARE_OF_WORDS = 0.6  # of a trigger's words, that a question must hold to be sure
NEARLY_SHARE = 0.3  # and to confirm what lies nearly near enough in meaning
NEARER = 0.012  # than ordinary talk; not even that is asked where the words confirm it
LEAST_WORDS = 2
CANDIDATES = 20
ORDINARY = (
    "small talk", "a greeting or thanks", "a joke, a poem or a story", "a question about oneself",
    "general knowledge", "explaining an idea", "everyday advice", "an opinion",
)  # fmt: skip

# What triggers are worded with, as their stems: it says nothing about which kind of request is meant.
FILLING = "ask answer anoth anyth given kind like need peopl person pleas question request say somebodi someon "
FILLING += "someth tell thing use user want whether word would"

BY_WORDS = """
SELECT id, shared, total FROM (
    SELECT procedure.id, cardinality(kept.words) AS total,
           cardinality(ARRAY(SELECT unnest(kept.words) INTERSECT SELECT unnest(%(asked)s::text[]))) AS shared
    FROM memory_procedure AS procedure,
         LATERAL (SELECT ARRAY(SELECT unnest(tsvector_to_array(procedure.tsv))
                               EXCEPT SELECT unnest(%(filling)s::text[])) AS words) AS kept
    WHERE procedure.id = ANY (%(among)s)
) AS counted WHERE shared > 0
"""


def fitting(query: str, *, user_id: int | None, agent_id: int, vector: Vector | None = None) -> dict[uuid.UUID, float]:
    """How well each procedure in use that fits does so, between 0 and 1."""
    query = query.replace("\0", " ").strip()[:QUERY_CHARS]
    among = list(Procedure.objects.for_run(user_id=user_id, agent_id=agent_id).values_list("pk", flat=True))
    if not query or not among:
        return {}
    shares = _by_words(query, among)
    found = {one: share for one, share in shares.items() if share >= SHARE_OF_WORDS}
    near, ordinary = _by_meaning(query, user_id, among, vector)
    for one, similarity in near.items():
        least = ordinary if shares.get(one, 0.0) >= NEARLY_SHARE else ordinary + NEARER
        if similarity >= least:
            found[one] = max(similarity, found.get(one, 0.0))
    return found


def _by_words(query: str, among: list[uuid.UUID]) -> dict[uuid.UUID, float]:
    """The share of its trigger's words that the question holds."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tsvector_to_array(to_tsvector('english', %s))", [query])
        asked = cursor.fetchone()[0]
        cursor.execute(BY_WORDS, {"asked": asked, "filling": FILLING.split(), "among": among})
        rows = cursor.fetchall()
    return {one: shared / total for one, shared, total in rows if shared >= min(LEAST_WORDS, total)}


def _by_meaning(
    query: str, user_id: int | None, among: list[uuid.UUID], vector: Vector | None
) -> tuple[dict[uuid.UUID, float], float]:
    """The cosines of those nearest, and that of ordinary talk; none where nothing is embedded."""
    try:
        searched = places.searchable()
        if searched is None:
            return {}, 1.0
        asked = vector or searched.embedder.query(query)
        owners = [EVERYBODY] if user_id is None else [EVERYBODY, user_id]
        found = searched.nearest(Collection.PROCEDURES, asked, owners=owners, limit=CANDIDATES, among=among)
        ordinary = max(cosine(asked, one) for one in _ordinary(searched.embedder.name)) if found else 1.0
    except (EmbeddingError, StoreError) as error:
        log.warning("Procedures are found by their words only: %s", error)
        return {}, 1.0
    return {near.item: near.similarity for near in found}, ordinary


@cache
def _ordinary(embedder_name: str) -> list[Vector]:
    embedder = embeddings.named(embedder_name)
    return embedder.passages(ORDINARY) if embedder else []
