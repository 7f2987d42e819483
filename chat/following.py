"""Following runs over HTTP: what there is now, what comes, and where a reader goes on after a loss."""

import asyncio
import logging
import re
import uuid
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import orjson
from redis.exceptions import RedisError

from agents import snapshots
from agents.channels import Batch, live_stream, open_redis
from agents.database import in_database
from agents.follow import Have, hub
from agents.models import Run

QUIET_SECONDS = 15.0
REDIS_SECONDS = 2.0
FROM_THE_START = -1  # no attempt has this number
ENDS = ("RUN_FINISHED", "RUN_ERROR")

logger = logging.getLogger(__name__)

Event = dict[str, Any]


@dataclass(frozen=True)
class Cursor:
    """A place in the events of a run. Without `seq` it is inside a batch that only makes sense as a whole."""

    run_id: str
    epoch: int
    seq: int | None

    def __str__(self) -> str:
        return f"{self.run_id}.{self.epoch}.{'' if self.seq is None else self.seq}"

    @classmethod
    def read(cls, text: str | None) -> "Cursor | None":
        """The cursor a client sends back; None when it is none of ours, or one that means: begin again."""
        found = re.fullmatch(r"([0-9a-f-]{36})\.(\d{1,9})\.(\d{1,9})", text or "")
        return cls(found[1], int(found[2]), int(found[3])) if found else None


@dataclass(frozen=True)
class Told:
    """One event, as text and parsed, and the place after it."""

    frame: str
    event: Event
    cursor: Cursor

    @property
    def run_id(self) -> str:
        return self.cursor.run_id

    @property
    def ends_run(self) -> bool:
        return self.event["type"] in ENDS


def told(frames: tuple[str, ...]) -> Iterator[Told]:
    """The events of a batch. One that tells a run anew has a place of its own only after its last event."""
    events: list[Event] = [orjson.loads(frame) for frame in frames]
    tells_anew = bool(events) and events[0]["type"] == "RUN_STARTED"
    for number, (frame, event) in enumerate(zip(frames, events, strict=True), start=1):
        told_by = event["metadata"]
        seq = None if tells_anew and number < len(frames) else told_by["seq"]
        yield Told(frame, event, Cursor(told_by["runId"], told_by["epoch"], seq))


def quiet() -> float:
    return QUIET_SECONDS


async def batches(
    thread_id: uuid.UUID, have: Have | None, patience: Callable[[], float] = quiet
) -> AsyncGenerator[tuple[str, ...]]:
    """What happens in a thread from here on, a batch at a time; an empty one after some time in which nothing did.

    It never ends by itself. A reader who is slow holds back the watcher, which keeps little and reads rows instead.
    """
    waiting: asyncio.Queue[tuple[str, ...]] = asyncio.Queue(maxsize=1)
    watcher = await hub().watch(thread_id, waiting.put)
    watcher.start(have)
    try:
        while True:
            try:
                async with asyncio.timeout(patience()):
                    batch = await waiting.get()
            except TimeoutError:
                batch = ()
            yield batch
    finally:
        await hub().leave(watcher)


async def of_run(run: Run, have: Have | None) -> AsyncGenerator[list[Told]]:
    """What happens in one run until it ends or pauses; an empty list when nothing happened for a while.

    Without `have` it begins with what is known of the run.
    """
    run_id = str(run.id)
    start = have or Have(run_id, 0, FROM_THE_START)
    async with aclosing(batches(run.shown_in, start)) as coming:
        async for batch in coming:
            mine = [one for one in told(batch) if one.run_id == run_id]
            if mine or not batch:
                yield mine
            if any(one.ends_run for one in mine[-1:]) or _is_withdrawn(mine):
                return
            if not batch and not await in_database(is_there, run_id):
                return


async def so_far(run: Run, after: Cursor | None) -> list[Told]:
    """What is known of a run now, or what came after that place, if that can still be told."""
    snapshot = await in_database(snapshots.of_run, run.id)
    if snapshot is None:
        return []
    batch = snapshot.batch
    log = await logged(batch.run_id, batch.epoch)
    if after and after.seq is not None and after.epoch == batch.epoch:
        tail = _following(log, after.seq)
        if after.seq + len(tail) >= batch.last_seq:
            return list(told(tail))
    return [*told(batch.frames), *told(_following(log, batch.last_seq) if not snapshot.is_finished else ())]


async def logged(run_id: str, epoch: int) -> list[Batch]:
    """The live log of an attempt as far as it is still kept, empty without Redis."""
    async with open_redis(patience=REDIS_SECONDS) as redis:
        try:
            return Batch.of_entries(await redis.xrange(live_stream(run_id, epoch)))
        except (RedisError, OSError) as error:
            logger.warning("A live log cannot be read: Redis is away (%s).", type(error).__name__)
            return []


def _following(log: list[Batch], seq: int) -> tuple[str, ...]:
    """The frames after `seq`, as far as they follow without a gap."""
    frames: list[str] = []
    for batch in log:
        if batch.first_seq > seq + len(frames) + 1:
            break
        frames += batch.after(seq + len(frames))
    return tuple(frames)


def _is_withdrawn(events: list[Told]) -> bool:
    return any(one.event["type"] == "CUSTOM" and one.event["name"] == "run.removed" for one in events)


def is_there(run_id: str) -> bool:
    """Whether the run still exists and no other has taken its place, or that of the one it belongs to."""
    return Run.objects.filter(pk=run_id, root__replacement__isnull=True).shown().exists()
