"""Which rows have vectors, and what of them is embedded."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from memory.models import Chunk, Memory, MemoryStatus, Procedure, ProcedureStatus, VectorClaim, VectorDeletion
from memory.stores import EVERYBODY, Collection

Row = Any  # a Memory, a Chunk or a Procedure


@dataclass(frozen=True)
class Source:
    """A table whose rows have vectors. Those that are not `wanted` shall not be found, and have none."""

    collection: Collection
    model: type[models.Model]
    item: str  # the field that is the item's id in a store
    wanted: Q
    text: Callable[[Row], str]
    owner: Callable[[Row], int]
    also: tuple[str, ...] = ()  # rows that are read along

    def rows(self) -> "models.QuerySet[Any]":
        rows = self.model._default_manager.order_by()
        return rows.select_related(*self.also) if self.also else rows

    def waiting(self, place: str) -> "models.QuerySet[Any]":
        """Those that shall have a vector there, and have none or one from elsewhere."""
        is_elsewhere = Q(embedded_with__lt=place) | Q(embedded_with__gt=place)  # unlike <>, this can use an index
        return self.rows().filter(self.wanted, is_elsewhere)

    def free(self, place: str) -> "models.QuerySet[Any]":
        """Those waiting that nobody is at work on, and whose deletion from a store outside is not under way."""
        same = {"collection": self.collection, "item": OuterRef(self.item)}
        is_claimed = Exists(VectorClaim.objects.filter(**same, until__gt=timezone.now()))
        is_being_deleted = Exists(VectorDeletion.objects.filter(**same))
        return self.waiting(place).filter(~is_claimed, ~is_being_deleted)

    def put_away(self) -> "models.QuerySet[Any]":
        """Those that have a vector and shall have none any more."""
        return self.rows().filter(~self.wanted).exclude(embedded_with="") if self.wanted else self.rows().none()


def _passage(chunk: Chunk) -> str:
    return f"{chunk.title}\n{chunk.place}\n{chunk.text}"


# In the order of who waits for them: what was just learned before a long document.
SOURCES = (
    Source(
        Collection.MEMORIES, Memory, item="id", wanted=Q(status=MemoryStatus.ACTIVE),
        text=lambda memory: str(memory.text), owner=lambda memory: int(memory.user_id),
    ),
    Source(
        Collection.PROCEDURES, Procedure, item="id", wanted=Q(status=ProcedureStatus.ACTIVE),
        text=lambda procedure: str(procedure.trigger), owner=lambda procedure: procedure.user_id or EVERYBODY,
    ),
    Source(
        Collection.CHUNKS, Chunk, item="key", wanted=Q(),
        text=_passage, owner=lambda chunk: chunk.document.owner_id or EVERYBODY, also=("document",),
    ),
)  # fmt: skip
