"""Takes what was deleted out of the stores outside. What PostgreSQL keeps went in the deleting transaction."""

import logging
from datetime import timedelta
from uuid import UUID

from django.db import connection
from django.utils import timezone

from memory import places, stores
from memory.models import VectorClaim, VectorDeletion
from memory.stores import Collection, StoreError

log = logging.getLogger(__name__)

CLAIMED_FOR = timedelta(minutes=2)
AT_ONCE = 500

CLAIM = """
    UPDATE memory_vectordeletion AS held SET claimed_until = %s
    WHERE (collection, item) IN (
        SELECT collection, item FROM memory_vectordeletion
        WHERE claimed_until IS NULL OR claimed_until < %s
        ORDER BY created_at LIMIT %s FOR UPDATE SKIP LOCKED
    ) RETURNING collection, item
"""


def empty_outbox() -> None:
    """Delete in every store outside what was deleted here. What a store does not do now is tried again later."""
    outside = places.stores_in_use() - {stores.PGVECTOR}
    try:
        while claimed := _claimed():
            for collection, items in claimed.items():
                for name in outside:
                    stores.named(name).delete(collection, items)
                VectorClaim.objects.filter(collection=collection, item__in=items).delete()
                VectorDeletion.objects.filter(collection=collection, item__in=items).delete()
    except StoreError as error:
        log.warning("What was deleted is still in a vector store, and is deleted there later: %s", error)


def _claimed() -> dict[Collection, list[UUID]]:
    found: dict[Collection, list[UUID]] = {}
    with connection.cursor() as cursor:
        now = timezone.now()
        cursor.execute(CLAIM, [now + CLAIMED_FOR, now, AT_ONCE])
        for collection, item in cursor.fetchall():
            found.setdefault(Collection(collection), []).append(item)
    return found
