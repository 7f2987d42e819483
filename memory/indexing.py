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

SILENT_FOR = timedelta(seconds=150)  # longer than any reading may take: whoever has a document since then is gone
STILL_FOUND = "What this document held before is kept, and still found."

_readers = threading.BoundedSemaphore(2)  # in a process: a file that takes its time holds up one of them only
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
    claim = _Claim.of(document_id)
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
    """One worker's hold on a document. What it writes in the end is refused once somebody else has it."""

    def __init__(self, document: Document, since: datetime) -> None:
        self.document = document
        self._since = since

    @classmethod
    def of(cls, document_id: uuid.UUID) -> "_Claim | None":
        now = timezone.now()
        taken = {"status": DocumentStatus.READING, "worked_on_at": now, "error": "", "passages_done": 0}
        if not _to_read().filter(pk=document_id).update(**taken):
            return None
        document = Document.objects.filter(pk=document_id).first()
        return cls(document, now) if document else None

    def store(self, pieces: list[Piece], text: str) -> None:
        """The new passages take the place of the old ones at one stroke."""
        chars = sum(len(piece.text) for piece in pieces)
        with transaction.atomic():
            self._end(DocumentStatus.INDEXING, chars=chars, text=text, passages=len(pieces))
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
        self._end(DocumentStatus.FAILED, error=f"{words} {STILL_FOUND}" if has_earlier else words)

    def _end(self, status: DocumentStatus, **changes: object) -> None:
        held = Document.objects.filter(pk=self.document.pk, status=DocumentStatus.READING, worked_on_at=self._since)
        if not held.update(status=status, worked_on_at=None, **changes):
            raise ClaimLost
