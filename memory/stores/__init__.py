"""Where vectors are kept: VECTOR_STORE is `pgvector`, `pinecone` or `weaviate`."""

from collections.abc import Collection as Several
from functools import cache
from uuid import UUID

from django.conf import settings

from memory.models.vectors import StoredVector, VectorDeletion
from memory.stores.base import EVERYBODY, Collection, Near, Point, StoreError, VectorStore
from memory.stores.pgvector import PgvectorStore

__all__ = [
    "EVERYBODY", "Collection", "Near", "Point", "StoreError", "VectorStore", "current", "forget_later", "named",
]  # fmt: skip

PGVECTOR = "pgvector"
PINECONE = "pinecone"
WEAVIATE = "weaviate"
INSTALL = "{store} needs its client: .venv/bin/pip install -r requirements-stores.txt"


def current() -> VectorStore:
    """The store of the settings. Raises `StoreError` if it lacks a setting or a package."""
    return named(settings.VECTOR_STORE)


def named(name: str) -> VectorStore:
    """The store that is called so. Raises `StoreError`."""
    if name == PGVECTOR:
        return _pgvector()
    if name == PINECONE:
        return _pinecone(settings.PINECONE_HOST, settings.PINECONE_API_KEY)
    if name == WEAVIATE:
        return _weaviate(settings.WEAVIATE_URL, settings.WEAVIATE_API_KEY, settings.WEAVIATE_GRPC_URL)
    raise StoreError(f"VECTOR_STORE is {name!r}; Plumbline knows pgvector, pinecone and weaviate.")


def forget_later(collection: Collection, items: Several[UUID]) -> None:
    """Take the vectors of these items out of every store: here in this transaction, outside by the job.

    Rows that are deleted need no call: a trigger of their table does the same. This is for rows that stay and must not
    be found by meaning any more; whoever calls it empties their `embedded_with`.
    """
    VectorDeletion.objects.bulk_create(
        [VectorDeletion(collection=collection, item=item) for item in set(items)], ignore_conflicts=True
    )
    StoredVector.objects.filter(space__collection=collection, item__in=set(items)).delete()


@cache
def _pgvector() -> PgvectorStore:
    return PgvectorStore()


@cache
def _pinecone(host: str, api_key: str) -> VectorStore:
    if not (host and api_key):
        raise StoreError("Pinecone needs PINECONE_HOST, the address of an index, and PINECONE_API_KEY.")
    try:
        from memory.stores.pinecone import PineconeStore
    except ImportError:
        raise StoreError(INSTALL.format(store="Pinecone")) from None
    return PineconeStore(host, api_key)


@cache
def _weaviate(url: str, api_key: str, grpc_url: str) -> VectorStore:
    if not url:
        raise StoreError("Weaviate needs WEAVIATE_URL.")
    try:
        from memory.stores.weaviate import WeaviateStore
    except ImportError:
        raise StoreError(INSTALL.format(store="Weaviate")) from None
    return WeaviateStore(url, api_key, grpc_url)
