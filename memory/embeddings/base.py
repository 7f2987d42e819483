"""What turns text into vectors, whoever does it."""

from collections.abc import Sequence
from typing import Protocol

Vector = list[float]


class EmbeddingError(Exception):
    """No vectors came back; the message says why, for a person, and holds no secret."""


class Embedder(Protocol):
    """Vectors of one embedder are never compared with those of another: `name` is stored with each."""

    name: str
    dimensions: int
    batch: int  # how many passages to give at once: about a second of work
    relevant_from: float  # the cosine from which a passage has something to do with a query

    def passages(self, texts: Sequence[str]) -> list[Vector]:
        """One vector a text. Raises `EmbeddingError`."""
        ...

    def query(self, text: str) -> Vector:
        """The vector to search with. Raises `EmbeddingError`."""
        ...
