"""From stored documents to passages that can be found. Runs in a worker; safe to run twice and in many processes."""

import logging
import threading
import uuid
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from memory import embeddings
from memory.chunking import Piece, cut
from memory.embeddings.base import EmbeddingError
from memory.models import Chunk, Document, DocumentQuerySet, DocumentStatus
from memory.reading import DocumentRefused, read

log = logging.getLogger(__name__)

SILENT_FOR = timedelta(minutes=5)  # an indexer that gave no sign for so long is gone, and its document taken over

_drains = threading.Lock()
_is_stopping = threading.Event()


class ClaimLost(Exception):
    """The document was replaced, deleted or taken over meanwhile; whoever has it now finishes it."""


def index_waiting() -> int:
    """Index every document that waits, oldest first; returns how many. One drain a process, so that searches get in."""
    if not _drains.acquire(blocking=False):
        return 0
    try:
        count = 0
        while not _is_stopping.is_set() and (document := _waiting().order_by("created_at").only("pk").first()):
            index_document(document.pk)
            count += 1
        return count
    finally:
        _drains.release()


def index_document(document_id: uuid.UUID) -> None:
    """Read, cut and embed one document that waits. It can be found by its words before its vectors are there."""
    claim = _Claim.of(document_id)
    if claim is None:
        return
    try:
        chunks = claim.store(cut(read(bytes(claim.document.content), claim.document.media_type)))
        _embed(claim, chunks)
        claim.end(DocumentStatus.READY)
    except DocumentRefused as refusal:
        Chunk.objects.filter(document=document_id).delete()
        claim.end(DocumentStatus.FAILED, str(refusal))
    except EmbeddingError as error:
        claim.end(DocumentStatus.FAILED, f"{error} The document is found by its words only; index it again later.")
    except ClaimLost:
        log.info("Document %s changed hands while it was indexed.", document_id)


def stop_soon() -> None:
    """The process is about to end: give back what is being indexed after the batch at hand."""
    _is_stopping.set()


def _embed(claim: "_Claim", chunks: list[Chunk]) -> None:
    embedder = embeddings.current()
    if embedder is None:
        return
    for at in range(0, len(chunks), embedder.batch):
        if _is_stopping.is_set():
            claim.end(DocumentStatus.QUEUED)
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


def _waiting() -> DocumentQuerySet:
    is_abandoned = Q(status=DocumentStatus.INDEXING, worked_on_at__lt=timezone.now() - SILENT_FOR)
    return Document.objects.filter(Q(status=DocumentStatus.QUEUED) | is_abandoned)


class _Claim:
    """One worker's hold on a document. Every write renews it and is refused once somebody else has it."""

    def __init__(self, document: Document, since: datetime) -> None:
        self.document = document
        self._since = since

    @classmethod
    def of(cls, document_id: uuid.UUID) -> "_Claim | None":
        now = timezone.now()
        won = _waiting().filter(pk=document_id).update(status=DocumentStatus.INDEXING, worked_on_at=now, error="")
        document = Document.objects.filter(pk=document_id).first() if won else None
        return cls(document, now) if document else None

    def store(self, pieces: list[Piece]) -> list[Chunk]:
        with transaction.atomic():
            self._renew(chars=sum(len(piece.text) for piece in pieces))
            Chunk.objects.filter(document=self.document).delete()
            return Chunk.objects.bulk_create(
                Chunk(
                    document=self.document,
                    position=position,
                    title=self.document.title,
                    place=piece.place,
                    text=piece.text,
                )
                for position, piece in enumerate(pieces)
            )

    def save(self, chunks: list[Chunk]) -> None:
        with transaction.atomic():
            self._renew()
            Chunk.objects.bulk_update(chunks, ["embedding", "embedding_model"])

    def end(self, status: DocumentStatus, error: str = "") -> None:
        self._renew(status=status, error=error)

    def _renew(self, **changes: object) -> None:
        now = timezone.now()
        held = Document.objects.filter(pk=self.document.pk, status=DocumentStatus.INDEXING, worked_on_at=self._since)
        if not held.update(worked_on_at=now, **changes):
            raise ClaimLost
        self._since = now
