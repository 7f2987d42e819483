"""What a document's page says of its vectors, as they are made."""

from collections.abc import Sequence

from django.db.models import Count, Exists, OuterRef, Subquery
from django.db.models.functions import Coalesce

from memory.models import Chunk, Document, DocumentStatus
from memory.sources import Row
from memory.stores import Collection

LATER = "It is found by its words until then; it is tried again by itself."


def embedded(collection: Collection, rows: Sequence[Row], place: str) -> None:
    """Count the passages of these documents; a document whose last one is done is ready."""
    if collection != Collection.CHUNKS:
        return
    documents = Document.objects.filter(pk__in={row.document_id for row in rows})
    done = (
        Chunk.objects.filter(document=OuterRef("pk"), embedded_with=place)
        .order_by()
        .values("document")
        .annotate(number=Count("pk"))
        .values("number")
    )
    documents.update(passages_done=Coalesce(Subquery(done), 0))
    waits = Chunk.objects.filter(document=OuterRef("pk")).exclude(embedded_with=place)
    at_work = documents.filter(status__in=[DocumentStatus.INDEXING, DocumentStatus.READY])
    at_work.filter(~Exists(waits)).update(status=DocumentStatus.READY, error="", worked_on_at=None)


def failed(collection: Collection, rows: Sequence[Row], words: str) -> None:
    """These documents can be asked by their words, and say why by no more."""
    if collection == Collection.CHUNKS:
        documents = Document.objects.filter(pk__in={row.document_id for row in rows})
        at_work = documents.filter(status__in=[DocumentStatus.INDEXING, DocumentStatus.READY])
        at_work.update(status=DocumentStatus.READY, error=f"{words} {LATER}")


def everything_is_embedded() -> None:
    """A document that has no passage more to wait for is ready, and so is one that has none at all."""
    waits = Chunk.objects.filter(document=OuterRef("pk"), embedded_with="")
    Document.objects.filter(~Exists(waits), status=DocumentStatus.INDEXING).update(status=DocumentStatus.READY)


def nothing_to_embed() -> None:
    """There shall be no vectors, so what was read is ready."""
    Document.objects.filter(status=DocumentStatus.INDEXING).update(status=DocumentStatus.READY, error="")
