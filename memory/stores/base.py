"""What keeps vectors and finds the nearest, whoever does it. Texts and rights stay in PostgreSQL: a store knows ids."""

from collections.abc import Collection as Several
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeVar
from uuid import UUID

from memory.embeddings.base import Vector

Thing = TypeVar("Thing")

EVERYBODY = 0  # the owner of what is nobody's own


class Collection(StrEnum):
    MEMORIES = "memories"
    CHUNKS = "chunks"
    PROCEDURES = "procedures"


@dataclass(frozen=True)
class Point:
    """A vector to keep: of which item, and whose (a user's id, or EVERYBODY)."""

    item: UUID
    owner: int
    vector: Vector


@dataclass(frozen=True)
class Near:
    """An item that was found, and the cosine between its vector and the one that was searched for."""

    item: UUID
    similarity: float


class StoreError(Exception):
    """The store could not do it; the message says why, for a person, and holds no secret."""


class VectorStore(Protocol):
    """Vectors of one embedder are never mixed with those of another, nor one owner's found among another's.

    Whatever is done twice is as if done once. Every method may raise `StoreError`.
    """

    name: str

    def put(self, collection: Collection, points: Sequence[Point], *, embedder: str) -> None:
        """Keep these, each in the place of what this embedder had given for the same item."""
        ...

    def get(self, collection: Collection, items: Several[UUID], *, embedder: str) -> dict[UUID, Vector]:
        """The vectors of those items that have one of this embedder."""
        ...

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
        """The items of these owners (and, if given, among these items) nearest to the vector, best first."""
        ...

    def delete(self, collection: Collection, items: Several[UUID]) -> None:
        """Forget these items, whichever embedder they were embedded with."""
        ...

    def count(self, collection: Collection, *, embedder: str) -> int: ...

    def wipe(self, collection: Collection, *, embedder: str | None = None) -> None:
        """Forget the whole collection, or what one embedder gave to it."""
        ...


def lots(things: Several[Thing], size: int) -> Iterator[list[Thing]]:
    """The things in lists of at most so many."""
    every = list(things)
    for at in range(0, len(every), size):
        yield every[at : at + size]


def best(found: Several[Near], limit: int) -> list[Near]:
    """The nearest of several answers, each item once."""
    by_item = {each.item: each for each in sorted(found, key=lambda each: each.similarity)}
    return sorted(by_item.values(), key=lambda each: (-each.similarity, each.item))[:limit]


def check_direction(vector: Vector) -> None:
    if not any(vector):
        raise StoreError("A vector of nothing but zeros points nowhere.")
