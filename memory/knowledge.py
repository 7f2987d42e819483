"""Documents people give Plumbline to answer from: add, search, delete."""

import hashlib
import uuid

from django.db import connection, transaction
from django.utils import timezone

from memory import tasks
from memory.models import Document, DocumentStatus
from memory.reading import DocumentRefused, kind_of
from memory.search import Passage, search

__all__ = ["DocumentRefused", "Passage", "add_document", "delete_document", "index_again", "search"]

TITLE_CHARS = 200


def add_document(
    *, title: str, content: bytes, media_type: str, owner_id: int | None, agent_id: int | None = None
) -> Document:
    """The stored document; a worker reads and indexes it soon. Raises `DocumentRefused`.

    The same content again is the same document. Other content under a title that exists replaces what it held, as soon
    as it is read. `media_type` is what the sender says; the content has the last word.
    """
    kind = kind_of(content, media_type)
    title = storable_title(title)
    digest = hashlib.sha256(content).hexdigest()
    with transaction.atomic():
        _one_at_a_time(owner_id)
        documents = Document.objects.light().filter(owner=owner_id, agent_id=agent_id)
        same = documents.filter(content_hash=digest).first()
        named = documents.filter(title=title).first()
        if same is None:
            document = named or Document(owner_id=owner_id, agent_id=agent_id, title=title)
            document.content, document.content_hash, document.media_type = content, digest, kind
            document.updated_at = timezone.now()
            _queue(document)
            return document
        if named and named != same:  # the content takes the place of what this title held
            _forget(named)
            same.title = title
            _queue(same)
        elif same.status == DocumentStatus.FAILED:
            _queue(same)
        return same


def storable_title(title: str) -> str:
    """A title in one line, as it is kept."""
    told = title.replace("\0", " ").encode("utf-8", "ignore").decode()
    return " ".join(told.split())[:TITLE_CHARS] or "Untitled"


def index_again(document_ids: list[uuid.UUID]) -> int:
    """Queue documents once more, after a failure or another EMBEDDING_MODEL; returns how many."""
    changes = {"status": DocumentStatus.QUEUED, "error": "", "worked_on_at": None}
    count = Document.objects.filter(pk__in=document_ids).update(**changes)
    transaction.on_commit(tasks.index_soon)
    return count


def delete_document(document_id: uuid.UUID) -> None:
    """The document and all its passages are gone."""
    for document in Document.objects.light().filter(pk=document_id):
        _forget(document)


def _forget(document: Document) -> None:
    document.delete()


def _queue(document: Document) -> None:
    document.status, document.error, document.worked_on_at = DocumentStatus.QUEUED, "", None
    document.save()
    transaction.on_commit(tasks.index_soon)


def _one_at_a_time(owner_id: int | None) -> None:
    """Two uploads of one owner wait for each other, so that both see the same titles and contents."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"documents of {owner_id}"])
