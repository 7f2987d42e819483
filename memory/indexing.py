"""From stored documents to passages that can be found. Runs in a worker; safe to run twice and in many processes.

A document is read first, which makes it readable, attachable and found by its words; its vectors come after. All that
waits to be read is read before any more vectors are made: somebody sits in front of it.
"""

import logging
import threading
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from memory import embeddings
from memory.chunking import Piece, cut
from memory.embeddings.base import EmbeddingError
from memory.models import Chunk, Document, DocumentQuerySet, DocumentStatus
from memory.reading import DocumentRefused, read

log = logging.getLogger(__name__)

SILENT_FOR = timedelta(minutes=5)  # an indexer that gave no sign for so long is gone, and its document taken over
STILL_FOUND = "What this document held before is kept, and still found."
BY_WORDS_ONLY = "It is found by its words only; index it again later."

_readers = threading.Lock()
_embedders = threading.Lock()
_is_stopping = threading.Event()


class ClaimLost(Exception):
    """The document was replaced, deleted or taken over meanwhile; whoever has it now finishes it."""


def index_waiting() -> int:
    """Index every document that waits, oldest first; returns how many. One drain a process, so that searches get in."""
    _drained(_readers, _to_read, read_document)
    return _drained(_embedders, _to_embed, embed_document)


def read_document(document_id: uuid.UUID) -> None:
    """Read and cut one document that waits for it. What it held before is found until the new passages are there."""
    claim = _Claim.of(document_id, _to_read(), DocumentStatus.READING)
    if claim is None:
        return
    try:
        _give_back_connection()  # none is held while a file is read
        reading = read(bytes(claim.document.content), claim.document.media_type)
        claim.store(cut(reading.sections), reading.text)
    except DocumentRefused as refusal:
        claim.refuse(str(refusal))
    except ClaimLost:
        log.info("Document %s changed hands while it was read.", document_id)


def embed_document(document_id: uuid.UUID) -> None:
    """Make the vectors of one document that was read."""
    claim = _Claim.of(document_id, _to_embed(), DocumentStatus.INDEXING)
    if claim is None:
        return
    try:
        _embed(claim, list(claim.document.chunks.order_by("position")))
        claim.end(DocumentStatus.READY)
    except EmbeddingError as error:
        claim.end(DocumentStatus.READY, error=f"{error} {BY_WORDS_ONLY}")
    except ClaimLost:
        log.info("Document %s changed hands while it was indexed.", document_id)


def stop_soon() -> None:
    """The process is about to end: give back what is being indexed after the batch at hand."""
    _is_stopping.set()


def _drained(lock: threading.Lock, waiting: Callable[[], DocumentQuerySet], work: Callable[[uuid.UUID], None]) -> int:
    if not lock.acquire(blocking=False):
        return 0
    try:
        count = 0
        while not _is_stopping.is_set() and (document := waiting().order_by("created_at").only("pk").first()):
            work(document.pk)
            count += 1
        return count
    finally:
        lock.release()


def _to_read() -> DocumentQuerySet:
    is_abandoned = Q(status=DocumentStatus.READING, worked_on_at__lt=timezone.now() - SILENT_FOR)
    return Document.objects.filter(Q(status=DocumentStatus.QUEUED) | is_abandoned)


def _to_embed() -> DocumentQuerySet:
    is_free = Q(worked_on_at=None) | Q(worked_on_at__lt=timezone.now() - SILENT_FOR)
    return Document.objects.filter(is_free, status=DocumentStatus.INDEXING)


def _embed(claim: "_Claim", chunks: list[Chunk]) -> None:
    embedder = embeddings.current()
    if embedder is None:
        return
    for at in range(0, len(chunks), embedder.batch):
        if _is_stopping.is_set():
            claim.end(DocumentStatus.INDEXING, worked_on_at=None)
            raise ClaimLost
        batch = chunks[at : at + embedder.batch]
        _give_back_connection()  # none is held while vectors are made
        vectors = embedder.passages([f"{chunk.title}\n{chunk.place}\n{chunk.text}" for chunk in batch])
        for chunk, vector in zip(batch, vectors, strict=True):
            chunk.embedding, chunk.embedding_model = vector, embedder.name
        claim.save(batch)


def _give_back_connection() -> None:
    if not connection.in_atomic_block:
        connection.close()


class _Claim:
    """One worker's hold on a document. Every write renews it and is refused once somebody else has it."""

    def __init__(self, document: Document, since: datetime) -> None:
        self.document = document
        self._since = since

    @classmethod
    def of(cls, document_id: uuid.UUID, waiting: DocumentQuerySet, status: DocumentStatus) -> "_Claim | None":
        now = timezone.now()
        won = waiting.filter(pk=document_id).update(status=status, worked_on_at=now, error="", passages_done=0)
        if not won:
            return None
        rows = Document.objects.all() if status == DocumentStatus.READING else Document.objects.light()
        document = rows.filter(pk=document_id).first()
        return cls(document, now) if document else None

    def store(self, pieces: list[Piece], text: str) -> None:
        """The new passages take the place of the old ones at one stroke."""
        chars = sum(len(piece.text) for piece in pieces)
        with transaction.atomic():
            self._renew(chars=chars, text=text, passages=len(pieces), **_unclaimed(DocumentStatus.INDEXING))
            Chunk.objects.filter(document=self.document).delete()
            Chunk.objects.bulk_create(
                Chunk(
                    document=self.document,
                    position=position,
                    title=self.document.title,
                    place=piece.place,
                    page=piece.page,
                    text=piece.text,
                )
                for position, piece in enumerate(pieces)
            )

    def refuse(self, words: str) -> None:
        """It could not be read; passages of an earlier content stay."""
        has_earlier = self.document.chunks.exists()
        self.end(DocumentStatus.FAILED, error=f"{words} {STILL_FOUND}" if has_earlier else words)

    def save(self, chunks: list[Chunk]) -> None:
        with transaction.atomic():
            self._renew(passages_done=F("passages_done") + len(chunks))
            Chunk.objects.bulk_update(chunks, ["embedding", "embedding_model"])

    def end(self, status: DocumentStatus, **changes: object) -> None:
        self._renew(status=status, **changes)

    def _renew(self, **changes: object) -> None:
        now = timezone.now()
        held = Document.objects.filter(pk=self.document.pk, status=self.document.status, worked_on_at=self._since)
        if not held.update(**{"worked_on_at": now, **changes}):
            raise ClaimLost
        self._since = now


def _unclaimed(status: DocumentStatus) -> dict[str, object]:
    return {"status": status, "worked_on_at": None}
