"""How the vectors stand, in numbers: for whoever runs Plumbline."""

from dataclasses import dataclass

from memory import embeddings, places, stores
from memory.models import VectorClaim, VectorDeletion, VectorPlan
from memory.places import Place
from memory.sources import SOURCES
from memory.stores import Collection


@dataclass(frozen=True)
class Count:
    """Of one collection: how many rows shall have a vector, have none where they shall, and how many are stored."""

    collection: Collection
    wanted: int
    waiting: int
    failing: int
    stored: int


@dataclass(frozen=True)
class State:
    serving: Place
    target: Place
    counts: list[Count]
    deletions: int
    error: str  # why something waits, if it was tried; in words

    @property
    def waiting(self) -> int:
        return sum(count.waiting for count in self.counts)

    @property
    def is_moving(self) -> bool:
        return self.serving != self.target


def look() -> State | None:
    """None if there shall be no vectors. Raises `EmbeddingError` or `StoreError` if they cannot be looked at."""
    wanted = places.configured()
    if wanted is None:
        return None
    plan = VectorPlan.objects.first()
    serving, target = (Place.of(plan.serving), Place.of(plan.target)) if plan else (wanted, wanted)
    if plan and plan.configured != str(wanted):
        target = wanted  # the worker has not seen the new settings yet
    embeddings.named(target.embedder)
    failing = VectorClaim.objects.filter(failures__gt=0)
    return State(
        serving=serving,
        target=target,
        counts=[
            Count(
                collection=source.collection,
                wanted=source.rows().filter(source.wanted).count(),
                waiting=source.waiting(str(target)).count(),
                failing=failing.filter(collection=source.collection).count(),
                stored=stores.named(target.store).count(source.collection, embedder=target.embedder),
            )
            for source in SOURCES
        ],
        deletions=VectorDeletion.objects.count(),
        error=failing.order_by("-until").values_list("error", flat=True).first() or "",
    )
