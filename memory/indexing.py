"""From stored documents to passages that can be found. Runs in a worker; safe to run twice and in many processes.

A document is read first, which makes it readable, attachable and found by its words; its vectors come after. All that
waits to be read is read before any more vectors are made: somebody sits in front of it.
"""

import logging
import threading
import uuid
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from memory import embedding
from memory.chunking import Piece, cut
from memory.embeddings.cached import give_back_connection
from memory.models import Chunk, Document, DocumentQuerySet, DocumentStatus
from memory.reading import DocumentRefused, read

log = logging.getLogger(__name__)

SILENT_FOR = timedelta(minutes=5)  # an indexer that gave no sign for so long is gone, and its document taken over
STILL_FOUND = "What this document held before is kept, and still found."

_readers = threading.Lock()
_is_stopping = threading.Event()


class ClaimLost(Exception):
    """The document was replaced, deleted or taken over meanwhile; whoever has it now finishes it."""


def index_waiting() -> int:
    """Read every document that waits, oldest first, then embed all that waits; returns how many documents it read."""
    count = _read_waiting()
    embedding.embed_waiting()
    return count


def read_document(document_id: uuid.UUID) -> None:
    """Read and cut one document that waits for it. What it held before is found until the new passages are there."""
    claim = _Claim.of(document_id, _to_read(), DocumentStatus.READING)
    if claim is None:
        return
    try:
        give_back_connection()  # none is held while a file is read
        reading = read(bytes(claim.document.content), claim.document.media_type)
        claim.store(cut(reading.sections), reading.text)
    except DocumentRefused as refusal:
        claim.refuse(str(refusal))
    except ClaimLost:
        log.info("Document %s changed hands while it was read.", document_id)


def stop_soon() -> None:
    """The process is about to end: give back what is being indexed after the batch at hand."""
    _is_stopping.set()
    embedding.stop_soon()


def _read_waiting() -> int:
    if not _readers.acquire(blocking=False):
        return 0
    try:
        count = 0
        while not _is_stopping.is_set() and (document := _to_read().order_by("created_at").only("pk").first()):
            read_document(document.pk)
            count += 1
        return count
    finally:
        _readers.release()


def _to_read() -> DocumentQuerySet:
    is_abandoned = Q(status=DocumentStatus.READING, worked_on_at__lt=timezone.now() - SILENT_FOR)
    return Document.objects.filter(Q(status=DocumentStatus.QUEUED) | is_abandoned)


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
