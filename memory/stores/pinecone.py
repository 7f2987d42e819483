"""Vectors in an index of Pinecone: a namespace for each collection and embedder, the owner beside each vector.

The index must exist, with the metric cosine and the dimension of the embedder. It compares approximately, and a moment
passes until what was put or deleted shows.
"""

from collections.abc import Collection as Several
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

from pinecone import Index
from pinecone.errors import ApiError, ForbiddenError, NotFoundError, PineconeError, UnauthorizedError

from memory.embeddings.base import Vector
from memory.stores.base import Collection, Near, Point, StoreError, best, check_direction, lots

PUT_AT_ONCE = 50  # a request may have 2 MB
GET_AT_ONCE = 100  # their ids stand in the address
DELETE_AT_ONCE = 1_000
AMONG_AT_ONCE = 5_000  # ids in one filter
SECONDS = 10
SECONDS_OF_A_QUERY = 3  # somebody waits for it


class PineconeStore:
    name = "pinecone"

    def __init__(self, host: str, api_key: str) -> None:
        with _in_words():
            self._index = Index(host=host, api_key=api_key, timeout=SECONDS)
        self._dimensions: int | None = None

    def put(self, collection: Collection, points: Sequence[Point], *, embedder: str) -> None:
        for point in points:
            self._check(point.vector, embedder)
        with _in_words():
            for some in lots(points, PUT_AT_ONCE):
                vectors = [
                    {"id": str(one.item), "values": one.vector, "metadata": {"owner": one.owner, "item": str(one.item)}}
                    for one in some
                ]
                self._index.upsert(vectors=vectors, namespace=_namespace(collection, embedder))

    def get(self, collection: Collection, items: Several[UUID], *, embedder: str) -> dict[UUID, Vector]:
        found: dict[UUID, Vector] = {}
        with _in_words():
            for some in lots(items, GET_AT_ONCE):
                ids = [str(item) for item in some]
                answer = self._index.fetch(ids=ids, namespace=_namespace(collection, embedder))
                found |= {UUID(name): list(vector.values) for name, vector in answer.vectors.items()}
        return found

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
        self._check(vector, embedder)
        owned: dict[str, object] = {"owner": {"$in": list(owners)}}
        filters = [owned] if among is None else [_among(owned, some) for some in lots(among, AMONG_AT_ONCE)]
        found: list[Near] = []
        with _in_words():
            for each in filters:
                answer = self._index.query(
                    vector=vector,
                    top_k=limit,
                    filter=each,
                    namespace=_namespace(collection, embedder),
                    timeout=SECONDS_OF_A_QUERY,
                )
                found += [Near(UUID(match.id), match.score) for match in answer.matches]
        return best(found, limit)

    def delete(self, collection: Collection, items: Several[UUID]) -> None:
        with _in_words():
            for namespace in self._namespaces(collection):
                for some in lots(items, DELETE_AT_ONCE):
                    self._index.delete(ids=[str(item) for item in some], namespace=namespace)

    def count(self, collection: Collection, *, embedder: str) -> int:
        with _in_words():
            spaces = self._index.describe_index_stats().namespaces
        space = spaces.get(_namespace(collection, embedder))
        return space.vector_count if space else 0

    def wipe(self, collection: Collection, *, embedder: str | None = None) -> None:
        with _in_words():
            for namespace in self._namespaces(collection):
                if embedder is None or namespace == _namespace(collection, embedder):
                    self._index.delete(delete_all=True, namespace=namespace)

    def _namespaces(self, collection: Collection) -> list[str]:
        spaces = self._index.describe_index_stats().namespaces
        return [name for name in spaces if name.startswith(f"{collection}/")]

    def _check(self, vector: Vector, embedder: str) -> None:
        check_direction(vector)
        if self._dimensions is None:
            with _in_words():
                self._dimensions = self._index.describe_index_stats().dimension
        if self._dimensions and len(vector) != self._dimensions:
            raise StoreError(
                f"{embedder} gives vectors of {len(vector):,} numbers; the index of Pinecone is made for "
                f"{self._dimensions:,}. Make one of that dimension, or set EMBEDDING_DIMENSIONS or EMBEDDING_MODEL."
            )


def _namespace(collection: Collection, embedder: str) -> str:
    return f"{collection}/{embedder}"


def _among(owned: dict[str, object], items: list[UUID]) -> dict[str, object]:
    return {"$and": [owned, {"item": {"$in": [str(item) for item in items]}}]}


@contextmanager
def _in_words() -> Iterator[None]:
    """What goes wrong with Pinecone, for a person."""
    try:
        yield
    except NotFoundError:
        raise StoreError("Pinecone does not know this index or namespace: check PINECONE_HOST.") from None
    except (UnauthorizedError, ForbiddenError):
        raise StoreError("Pinecone refuses the key: check PINECONE_API_KEY.") from None
    except ApiError as error:
        raise StoreError(f"Pinecone could not do it (HTTP {error.status_code}).") from error
    except PineconeError as error:
        raise StoreError("Pinecone does not answer.") from error
