"""Vectors beside everything else, in PostgreSQL.

Compared exactly: an index of neighbours loses rows as soon as one asks for a single person's. What makes it fast is
that an index holds each owner's vectors side by side (docs/decisions/0009-vectors-of-a-person.md).
"""

from collections.abc import Collection as Several
from collections.abc import Sequence
from uuid import UUID

from django.db import connection
from pgvector import HalfVector

from memory.embeddings.base import Vector
from memory.models.vectors import StoredVector, VectorSpace
from memory.stores.base import Collection, Near, Point, StoreError, check_direction

MOST_DIMENSIONS = 1_300  # an index entry must fit into a third of a page

PUT = """
    INSERT INTO memory_storedvector (space_id, item, owner, embedding)
    SELECT %s, item, owner, embedding::halfvec
    FROM unnest(%s::uuid[], %s::bigint[], %s::text[]) AS given (item, owner, embedding)
    ON CONFLICT (space_id, item) DO UPDATE SET owner = EXCLUDED.owner, embedding = EXCLUDED.embedding
"""
NEAREST = """
    SELECT item, embedding <=> %s::halfvec AS distance FROM memory_storedvector
    WHERE space_id = (
        SELECT id FROM memory_vectorspace WHERE collection = %s AND embedder = %s AND dimensions = %s
    ) AND owner = ANY (%s::bigint[]) {among}
    ORDER BY distance, item LIMIT %s
"""
AMONG = "AND item = ANY (%s::uuid[])"


class PgvectorStore:
    name = "pgvector"

    def put(self, collection: Collection, points: Sequence[Point], *, embedder: str) -> None:
        if not points:
            return
        space = _space_for(collection, embedder, len(points[0].vector))
        for point in points:
            _check(point.vector, space)
        last = {point.item: point for point in points}
        ordered = sorted(last.values(), key=lambda point: point.item)  # two writers meet rows in one order
        vectors = [_text(point.vector) for point in ordered]
        with connection.cursor() as cursor:
            cursor.execute(
                PUT, [space.pk, [point.item for point in ordered], [point.owner for point in ordered], vectors]
            )

    def get(self, collection: Collection, items: Several[UUID], *, embedder: str) -> dict[UUID, Vector]:
        found = StoredVector.objects.filter(
            space__collection=collection, space__embedder=embedder, item__in=list(items)
        )
        return dict(found.values_list("item", "embedding"))

    def nearest(
        self,
        collection: Collection,
        vector: Vector,
        *,
        embedder: str,
        owners: Sequence[int],
        limit: int,
        among: Several[UUID] | None = None,
    ) -> list[Near]:
        if limit < 1 or not owners or (among is not None and not among):
            return []
        check_direction(vector)
        chosen = [] if among is None else [list(among)]
        with connection.cursor() as cursor:
            cursor.execute(
                NEAREST.format(among="" if among is None else AMONG),
                [_text(vector), collection, embedder, len(vector), list(owners), *chosen, limit],
            )
            found = [Near(item, 1 - distance) for item, distance in cursor.fetchall()]
        if not found and (space := _space_of(collection, embedder)):
            _check(vector, space)  # nothing is found, too, where a vector of another length is searched for
        return found

    def delete(self, collection: Collection, items: Several[UUID]) -> None:
        StoredVector.objects.filter(space__collection=collection, item__in=list(items)).delete()

    def count(self, collection: Collection, *, embedder: str) -> int:
        return StoredVector.objects.filter(space__collection=collection, space__embedder=embedder).count()

    def wipe(self, collection: Collection, *, embedder: str | None = None) -> None:
        spaces = VectorSpace.objects.filter(collection=collection)
        (spaces if embedder is None else spaces.filter(embedder=embedder)).delete()


def _space_of(collection: Collection, embedder: str) -> VectorSpace | None:
    return VectorSpace.objects.filter(collection=collection, embedder=embedder).first()


def _space_for(collection: Collection, embedder: str, dimensions: int) -> VectorSpace:
    if not 0 < dimensions <= MOST_DIMENSIONS:
        raise StoreError(
            f"{embedder} gives vectors of {dimensions:,} numbers; PostgreSQL keeps at most {MOST_DIMENSIONS:,} here. "
            "Set EMBEDDING_DIMENSIONS to fewer, or choose another embedding model or vector store."
        )
    return VectorSpace.objects.get_or_create(
        collection=collection, embedder=embedder, defaults={"dimensions": dimensions}
    )[0]


def _check(vector: Vector, space: VectorSpace) -> None:
    if len(vector) != space.dimensions:
        raise StoreError(
            f"A vector of {len(vector):,} numbers does not belong to the {space.collection} of {space.embedder}, "
            f"which have {space.dimensions:,}."
        )
    check_direction(vector)


def _text(vector: Vector) -> str:
    return HalfVector(vector).to_text()
