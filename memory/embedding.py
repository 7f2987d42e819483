"""Gives a vector to all that waits for one. Runs in a worker; safe to run twice, in many processes, and to be killed.

What waits is claimed in small batches, each for a while. A vector is in its store before its row says so, and a row
that changed meanwhile goes on waiting. What cannot be embedded is tried again later, alone and after longer and longer.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from memory import deletions, embeddings, places, progress
from memory.embeddings import cached
from memory.embeddings.base import Embedder, EmbeddingError, Vector
from memory.models import VectorClaim
from memory.places import Place
from memory.sources import SOURCES, Row, Source
from memory.stores import Point, StoreError, VectorStore, forget_later, named

log = logging.getLogger(__name__)

CLAIMED_FOR = timedelta(minutes=5)  # whoever has been silent for so long is gone
FIRST_PAUSE = timedelta(seconds=30)  # after a failure; twice as long after each more
LONGEST_PAUSE = timedelta(hours=1)
LOST_FOR = timedelta(hours=2)
SWEPT = 500

CLAIM = """
    INSERT INTO memory_vectorclaim AS held (collection, item, until, failures, error)
    SELECT %s, item, %s, 0, '' FROM unnest(%s::uuid[]) AS item
    ON CONFLICT (collection, item) DO UPDATE SET until = EXCLUDED.until WHERE held.until <= %s
    RETURNING item
"""

_drain = threading.Lock()
_is_stopping = threading.Event()


def embed_waiting(tell: Callable[[int], None] = lambda count: None) -> int:
    """Embed all that waits, whatever it is; returns how much. One drain a process, so that searches get in.

    `tell` hears after each batch how many it had. An embedder or a store that fails ends the drain: the next goes on.
    """
    if not _drain.acquire(blocking=False):
        return 0
    count = 0
    try:
        for number in batches():
            count += number
            tell(number)
    except (EmbeddingError, StoreError) as error:
        log.warning("Not everything could be embedded: %s", error)
    finally:
        _drain.release()
    return count


def stop_soon() -> None:
    """The process is about to end: begin no other batch."""
    _is_stopping.set()


def batches() -> Iterator[int]:
    """Embeds batch after batch, and says of each how many rows it had."""
    deletions.empty_outbox()
    cached.forget_old()
    plan = places.plan()
    if plan is None:
        progress.nothing_to_embed()
        return
    target = Place.of(plan.target)
    embedder, store = embeddings.named(target.embedder), named(target.store)
    if embedder is None:
        return
    _forget_lost_claims()
    _put_away()
    while not _is_stopping.is_set() and (batch := _next_batch(plan.target, embedder.batch)):
        source, rows = batch
        _embed(source, rows, plan.target, embedder, store)
        yield len(rows)
    if not any(source.waiting(plan.target).exists() for source in SOURCES):
        progress.everything_is_embedded()
        places.arrive(plan.target)
        places.wipe_what_was_left()


def _next_batch(place: str, size: int) -> tuple[Source, list[Row]] | None:
    for source in SOURCES:
        if rows := _claimed(source, place, size):
            return source, rows
    return None


def _claimed(source: Source, place: str, size: int) -> list[Row]:
    """Rows that are now ours: some that never failed, or else a single one that did."""
    failed = VectorClaim.objects.filter(collection=source.collection, failures__gt=0).values("item")
    for rows, most in (
        (source.free(place).exclude(**{f"{source.item}__in": failed}), size),
        (source.free(place).filter(**{f"{source.item}__in": failed}), 1),
    ):
        with transaction.atomic(), connection.cursor() as cursor:
            free = list(rows.order_by("pk").select_for_update(skip_locked=True, of=("self",))[:most])
            if free:
                items = sorted(getattr(row, source.item) for row in free)
                now = timezone.now()
                cursor.execute(CLAIM, [source.collection, now + CLAIMED_FOR, items, now])
                ours = {item for (item,) in cursor.fetchall()}
                return [row for row in free if getattr(row, source.item) in ours]
    return []


def _embed(source: Source, rows: list[Row], place: str, embedder: Embedder, store: VectorStore) -> None:
    try:
        vectors = _vectors(source, rows, embedder)
        points = [
            Point(getattr(row, source.item), source.owner(row), vector)
            for row, vector in zip(rows, vectors, strict=True)
        ]
        cached.give_back_connection()
        store.put(source.collection, points, embedder=embedder.name)
    except (EmbeddingError, StoreError) as error:
        _release_failed(source, rows, str(error))
        raise
    _settle(source, rows, place)


def _vectors(source: Source, rows: list[Row], embedder: Embedder) -> list[Vector]:
    """From the store they were in, if this embedder made them and only the store is another; else made anew."""
    here = {getattr(row, source.item): Place.of(row.embedded_with) for row in rows if row.embedded_with}
    moved: dict[UUID, Vector] = {}
    for name in {place.store for place in here.values() if place.embedder == embedder.name}:
        items = [item for item, place in here.items() if place == Place(embedder.name, name)]
        moved |= _still_there(source, name, items, embedder)
    rest = [row for row in rows if getattr(row, source.item) not in moved]
    made = dict(
        zip(
            [getattr(row, source.item) for row in rest],
            cached.passages(embedder, [source.text(row) for row in rest]),
            strict=True,
        )
    )
    return [(moved | made)[getattr(row, source.item)] for row in rows]


def _still_there(source: Source, store: str, items: list[UUID], embedder: Embedder) -> dict[UUID, Vector]:
    try:
        return named(store).get(source.collection, items, embedder=embedder.name)
    except StoreError as error:
        log.info("Embedding anew what cannot be had from %s: %s", store, error)
        return {}


def _settle(source: Source, rows: list[Row], place: str) -> None:
    """Say of each row that its vector is there, unless it changed; the vector of one that is gone goes again."""
    texts = {row.pk: source.text(row) for row in rows}
    with transaction.atomic():
        now = source.rows().filter(source.wanted, pk__in=texts).select_for_update(of=("self",))
        same = [row.pk for row in now if source.text(row) == texts[row.pk]]
        source.model._default_manager.filter(pk__in=same).update(embedded_with=place)
        forget_later(source.collection, [getattr(row, source.item) for row in rows if row.pk not in same])
        _claims(source, rows).delete()
        progress.embedded(source.collection, rows, place)


def _release_failed(source: Source, rows: list[Row], words: str) -> None:
    with transaction.atomic():
        for claim in _claims(source, rows).select_for_update():
            pause = min(FIRST_PAUSE * 2**claim.failures, LONGEST_PAUSE)
            _claims(source, rows).filter(item=claim.item).update(
                until=timezone.now() + pause, failures=F("failures") + 1, error=words
            )
        progress.failed(source.collection, rows, words)


def _claims(source: Source, rows: list[Row]) -> "QuerySet[VectorClaim]":
    items = [getattr(row, source.item) for row in rows]
    return VectorClaim.objects.filter(collection=source.collection, item__in=items)


def _forget_lost_claims() -> None:
    """A worker that died may have put a vector into a store outside whose row was deleted meanwhile."""
    lost = VectorClaim.objects.filter(until__lt=timezone.now() - LOST_FOR)
    for source in SOURCES:
        with transaction.atomic():
            items = set(lost.filter(collection=source.collection).values_list("item", flat=True)[:SWEPT])
            alive = source.rows().filter(**{f"{source.item}__in": items}).values_list(source.item, flat=True)
            forget_later(source.collection, items - set(alive))
            lost.filter(collection=source.collection, item__in=items).delete()


def _put_away() -> None:
    """What was put away is taken out of the stores, and waits again if it is brought back."""
    for source in SOURCES:
        while True:
            with transaction.atomic():
                rows = list(source.put_away().select_for_update(of=("self",))[:SWEPT])
                forget_later(source.collection, [getattr(row, source.item) for row in rows])
                source.model._default_manager.filter(pk__in=[row.pk for row in rows]).update(embedded_with="")
            if len(rows) < SWEPT:
                break
