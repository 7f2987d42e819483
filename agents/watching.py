"""One reader's view of one thread: each frame once, in order, without gaps.

A watcher begins with rows and goes on with the live log after the number the rows contain. Whatever is missed (a
gap, a lost stream, Redis away, a slow reader) sends it back to the rows: there is one way to start and to recover.
"""

import asyncio
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from django.db import InterfaceError, OperationalError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from agents import events, snapshots
from agents.channels import Batch, live_stream
from agents.database import in_database
from agents.snapshots import Snapshot

RESYNC_SECONDS = 1.0
PAUSE_SECONDS = 2.0
MOST_WAITING = 2000  # batches for a reader who is slow …
MOST_WAITING_CHARACTERS = 1024 * 1024  # … and what is in them; they are shared by all who watch the same thread

logger = logging.getLogger(__name__)

Send = Callable[[tuple[str, ...]], Awaitable[None]]


class Gone(Exception):
    """Raised by `send`: its reader is not there any more."""


@dataclass(frozen=True)
class Have:
    """The last event a client has: number `seq` of a run, said in attempt `epoch` where the client knows it."""

    run_id: str
    seq: int
    epoch: int | None = None


@dataclass
class _Place:
    epoch: int
    seq: int
    is_finished: bool = False


class Watcher:
    """Hands over what happens in a thread. `send` may take its time: what comes meanwhile is kept within bounds."""

    def __init__(self, thread_id: uuid.UUID, send: Send, redis: Redis):
        self.thread_id = thread_id
        self._send = send
        self._redis = redis
        self._places: dict[str, _Place] = {}
        self._waiting: asyncio.Queue[Batch | None] = asyncio.Queue(MOST_WAITING)
        self._waiting_characters = 0
        self._resynced_at: dict[str, float] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self, have: Have | None, *, queued: Iterable[uuid.UUID] = ()) -> None:
        """Begin with the rows of the whole thread, less what the client already has.

        `queued` are the runs the client believes to be queued: it hears which of them were withdrawn.
        """
        self._task = asyncio.create_task(self._run(have, {str(run_id) for run_id in queued}, is_new=False))

    def start_new(self) -> None:
        """Begin with a thread that was just made: there is nothing to read yet."""
        self._task = asyncio.create_task(self._run(None, set(), is_new=True))

    def stop(self) -> None:
        if self._task:
            self._task.cancel()

    def hear(self, news: Batch | None) -> None:
        """Take a batch off the subscription; None: something may have been missed."""
        self._waiting_characters += news.size if news else 0
        is_behind = not self._waiting.empty() and self._waiting_characters > MOST_WAITING_CHARACTERS
        if is_behind or self._waiting.full():
            while not self._waiting.empty():  # the rows will tell
                self._waiting.get_nowait()
            self._waiting_characters = 0
            news = None
        self._waiting.put_nowait(news)

    async def _run(self, have: Have | None, queued: set[str], *, is_new: bool) -> None:
        begun = is_new
        while True:
            news = await self._next() if begun else None
            try:
                if begun:
                    await self._take(news)
                else:
                    await self._begin(have, queued)
                    begun = True
            except Gone:
                return
            except (OperationalError, InterfaceError):
                logger.warning("A watcher waits: the database is away.")
                await asyncio.sleep(PAUSE_SECONDS)
                self.hear(None)

    async def _next(self) -> Batch | None:
        news = await self._waiting.get()
        self._waiting_characters -= news.size if news else 0
        return news

    async def _take(self, batch: Batch | None) -> None:
        if batch is None:
            await self._resync_all()
            return
        place = self._places.get(batch.run_id)
        if place and (batch.epoch, batch.last_seq) <= (place.epoch, place.seq):
            return
        if batch.begins_attempt:
            self._places[batch.run_id] = _Place(batch.epoch, batch.last_seq)
            await self._send(batch.frames)
        elif not batch.frames or place is None or batch.epoch > place.epoch:
            await self._resync(batch.run_id)
        elif batch.first_seq > place.seq + 1:
            await self._resync_later(batch.run_id)
        else:
            fresh = batch.after(place.seq)
            place.seq = batch.last_seq
            await self._send(fresh)

    async def _begin(self, have: Have | None, queued: set[str]) -> None:
        found = await in_database(snapshots.of_thread, self.thread_id)
        await self._tell_removed(queued - {one.batch.run_id for one in found})
        position = next((one.position for one in found if have and one.batch.run_id == have.run_id), None)
        for snapshot in found:
            if have and snapshot.batch.run_id == have.run_id:
                await self._continue(snapshot, have)
            elif position is None or snapshot.position >= position:
                await self._show_with_tail(snapshot)
            else:
                self._places[snapshot.batch.run_id] = _place(snapshot)

    async def _continue(self, snapshot: Snapshot, have: Have) -> None:
        """What follows the client's last event, if the live log has it without a gap; else the snapshot."""
        batch = snapshot.batch
        is_same_attempt = have.epoch in (None, batch.epoch)
        tail = await self._tail(batch, have.seq) if is_same_attempt else ()
        is_ahead = snapshot.is_finished and have.seq > batch.last_seq
        if not is_same_attempt or is_ahead or have.seq + len(tail) < batch.last_seq:
            await self._show_with_tail(snapshot)
            return
        self._places[batch.run_id] = _Place(batch.epoch, have.seq + len(tail), snapshot.is_finished)
        await self._send(tail)

    async def _resync_all(self) -> None:
        found = await in_database(snapshots.of_thread, self.thread_id)
        shown = {one.batch.run_id for one in found}
        await self._tell_removed({run_id for run_id, place in self._places.items() if not place.is_finished} - shown)
        for snapshot in found:
            place = self._places.get(snapshot.batch.run_id)
            is_news = place is None or (place.epoch, place.seq) != (snapshot.batch.epoch, snapshot.batch.last_seq)
            if place is None:
                await self._show_with_tail(snapshot)
            elif is_news and not place.is_finished:
                await self._continue(snapshot, Have(snapshot.batch.run_id, place.seq, place.epoch))

    async def _resync_later(self, run_id: str) -> None:
        """After a gap; the rows move on every two seconds, so asking more often brings nothing."""
        wait = self._resynced_at.get(run_id, 0.0) + RESYNC_SECONDS - time.monotonic()
        if wait > 0:
            return
        self._resynced_at[run_id] = time.monotonic()
        await self._resync(run_id)

    async def _resync(self, run_id: str) -> None:
        snapshot = await in_database(snapshots.of_run, run_id)
        if snapshot is not None:
            await self._show_with_tail(snapshot)
        elif run_id in self._places:
            await self._tell_removed({run_id})

    async def _tell_removed(self, run_ids: set[str]) -> None:
        for run_id in run_ids:
            self._places.pop(run_id, None)
            numbering = events.Numbering(uuid.UUID(run_id), self.thread_id, epoch=0)
            await self._send((events.frame(numbering.stamp(events.removed(run_id), 0)),))

    async def _show_with_tail(self, snapshot: Snapshot) -> None:
        await self._show(snapshot)
        if snapshot.is_finished:
            return
        place = self._places[snapshot.batch.run_id]
        tail = await self._tail(snapshot.batch, place.seq)
        place.seq += len(tail)
        await self._send(tail)

    async def _show(self, snapshot: Snapshot) -> None:
        self._places[snapshot.batch.run_id] = _place(snapshot)
        await self._send(snapshot.batch.frames)

    async def _tail(self, batch: Batch, seq: int) -> tuple[str, ...]:
        """The frames the live log holds after `seq`, as far as they follow without a gap."""
        try:
            entries = await self._redis.xrange(live_stream(batch.run_id, batch.epoch), min=f"({max(seq, 0)}-0")
        except (RedisError, OSError):
            return ()  # the rows alone, until Redis is back
        frames: list[str] = []
        for following in Batch.of_entries(entries):
            if following.first_seq > seq + len(frames) + 1:
                break
            frames += following.after(seq + len(frames))
        return tuple(frames)


def _place(snapshot: Snapshot) -> _Place:
    return _Place(snapshot.batch.epoch, snapshot.batch.last_seq, snapshot.is_finished)
