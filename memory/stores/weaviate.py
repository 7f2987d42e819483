"""Vectors in Weaviate: a collection for each of ours and each embedder, the owner beside each vector.

A search that fits few objects, as a person's are, compares them all; only above its flatSearchCutoff Weaviate compares
approximately.
"""

import hashlib
import threading
from collections.abc import Collection as Several
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx
from weaviate import WeaviateClient
from weaviate.auth import Auth
from weaviate.classes.config import Configure, DataType, Property, VectorDistances
from weaviate.classes.data import DataObject
from weaviate.classes.init import AdditionalConfig, Timeout
from weaviate.classes.query import Filter, MetadataQuery
from weaviate.collections.classes.filters import _Filters
from weaviate.connect import ConnectionParams
from weaviate.exceptions import WeaviateBaseError, WeaviateInsertManyAllFailedError

from memory.embeddings.base import Vector
from memory.stores.base import Collection, Near, Point, StoreError, best, check_direction, lots

PUT_AT_ONCE = 200
AT_ONCE = 1_000  # ids in one filter
GRPC_PORT = 50051
WAITS = Timeout(init=3, query=3, insert=15)


class WeaviateStore:
    name = "weaviate"

    def __init__(self, url: str, api_key: str, grpc_url: str = "") -> None:
        self._params = _addresses(url, grpc_url)
        self._key = api_key
        self._connecting = threading.Lock()
        self._client: WeaviateClient | None = None

    def put(self, collection: Collection, points: Sequence[Point], *, embedder: str) -> None:
        for point in points:
            check_direction(point.vector)
        name = _name(collection, embedder)
        with _in_words(), self._connected() as client:
            if points and not client.collections.exists(name):
                _make(client, name, embedder)
            for some in lots(points, PUT_AT_ONCE):
                objects = [
                    DataObject(uuid=one.item, properties={"owner": one.owner}, vector=one.vector) for one in some
                ]
                refusal = _refusal(client, name, objects)
                if refusal:
                    numbers = f"{len(some[0].vector):,} numbers"
                    raise StoreError(f"Weaviate did not take a vector of {numbers} by {embedder}: {refusal}")

    def get(self, collection: Collection, items: Several[UUID], *, embedder: str) -> dict[UUID, Vector]:
        found: dict[UUID, Vector] = {}
        with _in_words(), self._connected() as client:
            name = _name(collection, embedder)
            if not client.collections.exists(name):
                return {}
            for some in lots(items, AT_ONCE):
                answer = client.collections.use(name).query.fetch_objects_by_ids(
                    some, limit=len(some), include_vector=True, return_properties=[]
                )
                found |= {UUID(str(one.uuid)): _vector(one.vector) for one in answer.objects}
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
        check_direction(vector)
        owned = Filter.by_property("owner").contains_any(list(owners))
        filters = (
            [owned] if among is None else [owned & Filter.by_id().contains_any(some) for some in lots(among, AT_ONCE)]
        )
        found: list[Near] = []
        with _in_words(), self._connected() as client:
            name = _name(collection, embedder)
            if not client.collections.exists(name):  # and a server that is down is not waited for by every retry
                return []
            for each in filters:
                found += _near(client, name, vector, each, limit)
        return best(found, limit)

    def delete(self, collection: Collection, items: Several[UUID]) -> None:
        with _in_words(), self._connected() as client:
            for name in _names(client, collection):
                for some in lots(items, AT_ONCE):
                    client.collections.use(name).data.delete_many(where=Filter.by_id().contains_any(some))

    def count(self, collection: Collection, *, embedder: str) -> int:
        with _in_words(), self._connected() as client:
            name = _name(collection, embedder)
            if not client.collections.exists(name):
                return 0
            return client.collections.use(name).aggregate.over_all(total_count=True).total_count or 0

    def wipe(self, collection: Collection, *, embedder: str | None = None) -> None:
        with _in_words(), self._connected() as client:
            for name in _names(client, collection):
                if embedder is None or name == _name(collection, embedder):
                    client.collections.delete(name)

    @contextmanager
    def _connected(self) -> Iterator[WeaviateClient]:
        with self._connecting:
            if self._client is None:
                client = WeaviateClient(
                    connection_params=self._params,
                    auth_client_secret=Auth.api_key(self._key) if self._key else None,
                    additional_config=AdditionalConfig(timeout=WAITS),
                    skip_init_checks=True,
                )
                client.connect()
                self._client = client
        yield self._client


def _addresses(url: str, grpc_url: str) -> ConnectionParams:
    """Where REST and gRPC are. Weaviate's own cloud has gRPC at another name, others at another port."""
    rest = urlsplit(url if "://" in url else f"https://{url}")
    host, is_secure = rest.hostname or "", rest.scheme == "https"
    cloud = "https://grpc-" + host if host.endswith((".weaviate.network", ".weaviate.cloud")) else ""
    grpc = urlsplit(grpc_url or cloud or f"{rest.scheme}://{host}:{GRPC_PORT}")
    return ConnectionParams.from_params(
        http_host=host,
        http_port=rest.port or (443 if is_secure else 80),
        http_secure=is_secure,
        grpc_host=grpc.hostname or host,
        grpc_port=grpc.port or (443 if grpc.scheme == "https" else GRPC_PORT),
        grpc_secure=grpc.scheme == "https",
    )


def _name(collection: Collection, embedder: str) -> str:
    return f"{_prefix(collection)}{hashlib.sha256(embedder.encode()).hexdigest()[:12]}"


def _prefix(collection: Collection) -> str:
    return f"Plumbline_{collection}_"


def _names(client: WeaviateClient, collection: Collection) -> list[str]:
    return [name for name in client.collections.list_all(simple=True) if name.startswith(_prefix(collection))]


def _make(client: WeaviateClient, name: str, embedder: str) -> None:
    client.collections.create(
        name,
        description=f"Vectors by {embedder}",
        properties=[Property(name="owner", data_type=DataType.INT)],
        vector_config=Configure.Vectors.self_provided(
            vector_index_config=Configure.VectorIndex.hnsw(distance_metric=VectorDistances.COSINE)
        ),
    )


def _refusal(client: WeaviateClient, name: str, objects: list[DataObject[Any, Any]]) -> str:
    """Why it did not take one of them; empty if it took all."""
    try:
        answer = client.collections.use(name).data.insert_many(objects)
    except WeaviateInsertManyAllFailedError as error:
        return error.message
    return next((error.message for error in answer.errors.values()), "")


def _near(client: WeaviateClient, name: str, vector: Vector, filters: _Filters, limit: int) -> list[Near]:
    try:
        answer = client.collections.use(name).query.near_vector(
            vector, limit=limit, filters=filters, return_metadata=MetadataQuery(distance=True), return_properties=[]
        )
    except WeaviateBaseError as error:
        if "length" in str(error):
            raise StoreError(
                f"A vector of {len(vector):,} numbers cannot be compared with those in Weaviate."
            ) from error
        raise
    return [Near(UUID(str(one.uuid)), 1 - (one.metadata.distance or 0.0)) for one in answer.objects]


def _vector(given: Any) -> Vector:
    return [float(number) for number in (given["default"] if isinstance(given, dict) else given)]


@contextmanager
def _in_words() -> Iterator[None]:
    """What goes wrong with Weaviate, for a person."""
    try:
        yield
    except (WeaviateBaseError, httpx.HTTPError) as error:
        status = getattr(error, "status_code", None)
        if status in (401, 403):
            raise StoreError("Weaviate refuses the key: check WEAVIATE_API_KEY.") from None
        if isinstance(status, int) and status > 0:
            raise StoreError(f"Weaviate could not do it (HTTP {status}).") from error
        raise StoreError("Weaviate does not answer, or could not do it: check WEAVIATE_URL.") from error
