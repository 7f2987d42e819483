"""Vectors of texts, each text embedded once: what was embedded within a day is not embedded again."""

import hashlib
from collections.abc import Sequence
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from memory.embeddings.base import Embedder, Vector
from memory.models import EmbeddedText

KEPT_FOR = timedelta(days=1)  # so that the vector of a text that was deleted is gone a day later, here too


def passages(embedder: Embedder, texts: Sequence[str]) -> list[Vector]:
    """One vector a text. Holds no connection while it embeds. Raises `EmbeddingError`."""
    hashes = [hashlib.sha256(text.encode(errors="replace")).digest() for text in texts]
    vectors = _known(embedder, hashes)
    missing = {digest: text for digest, text in zip(hashes, texts, strict=True) if digest not in vectors}
    give_back_connection()
    for at in range(0, len(missing), embedder.batch):
        batch = list(missing)[at : at + embedder.batch]
        made = dict(zip(batch, embedder.passages([missing[digest] for digest in batch]), strict=True))
        vectors |= made
        _keep(embedder, made)
    return [vectors[digest] for digest in hashes]


def forget_old() -> None:
    EmbeddedText.objects.filter(created_at__lt=timezone.now() - KEPT_FOR).delete()


def give_back_connection() -> None:
    """To the pool, while something slow is waited for; not in a transaction, which could not go on."""
    if not connection.in_atomic_block:
        connection.close()


def _known(embedder: Embedder, hashes: list[bytes]) -> dict[bytes, Vector]:
    found = EmbeddedText.objects.filter(embedder=embedder.name, content_hash__in=hashes)
    return {bytes(digest): vector for digest, vector in found.values_list("content_hash", "embedding")}


def _keep(embedder: Embedder, made: dict[bytes, Vector]) -> None:
    EmbeddedText.objects.bulk_create(
        [EmbeddedText(embedder=embedder.name, content_hash=digest, embedding=made[digest]) for digest in sorted(made)],
        ignore_conflicts=True,
    )
