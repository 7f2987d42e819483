"""Watching threads from a web process: one Redis subscription for all its sockets, healed from the database.

A watcher always begins with rows and goes on with the live log after the number the rows contain. Whatever is missed
(a gap, a lost stream, Redis away) sends it back to the rows, so there is one way to start and to recover.
"""

import asyncio
import logging
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from django.conf import settings
from django.db import InterfaceError, OperationalError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from agents import snapshots
from agents.channels import KEEPALIVE, Batch, live_stream, thread_channel
from agents.database import in_database
from agents.snapshots import Snapshot

RESYNC_SECONDS = 1.0
POLL_SECONDS = 2.0
MOST_WAITING = 2000

logger = logging.getLogger(__name__)

Send = Callable[[tuple[str, ...]], Awaitable[None]]


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
    """One socket's view of one thread: hands over each frame once, in order, without gaps."""

    def __init__(self, thread_id: uuid.UUID, send: Send, redis: Redis):
        self.thread_id = thread_id
        self._send = send
        self._redis = redis
        self._places: dict[str, _Place] = {}
        self._waiting: asyncio.Queue[Batch | None] = asyncio.Queue(MOST_WAITING)
        self._resynced_at: dict[str, float] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self, have: Have | None) -> None:
        """Begin with the rows of the whole thread, less what the client already has."""
        self._task = asyncio.create_task(self._run(have, is_new=False))

    def start_new(self) -> None:
        """Begin with a thread that was just made: there is nothing to read yet."""
        self._task = asyncio.create_task(self._run(None, is_new=True))

    def stop(self) -> None:
        if self._task:
            self._task.cancel()

    def hear(self, news: Batch | None) -> None:
        """Take a batch off the subscription; None: something may have been missed."""
        if self._waiting.full():
            while not self._waiting.empty():  # too far behind: the rows will tell
                self._waiting.get_nowait()
            news = None
        self._waiting.put_nowait(news)

    async def _run(self, have: Have | None, *, is_new: bool) -> None:
        begun = is_new
        while True:
            news = await self._waiting.get() if begun else None
            try:
                if begun:
                    await self._take(news)
                else:
                    await self._begin(have)
                    begun = True
            except (OperationalError, InterfaceError):
                logger.warning("A watcher waits: the database is away.")
                await asyncio.sleep(POLL_SECONDS)
                self.hear(None)

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

    async def _begin(self, have: Have | None) -> None:
        found = await in_database(snapshots.of_thread, self.thread_id)
        position = next((one.position for one in found if have and one.batch.run_id == have.run_id), None)
        for snapshot in found:
            if position is None or have is None or snapshot.position > position:
                await self._show_with_tail(snapshot)
            elif snapshot.position == position:
                await self._continue(snapshot, have)
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
        for snapshot in await in_database(snapshots.of_thread, self.thread_id):
            place = self._places.get(snapshot.batch.run_id)
            is_news = place is None or (place.epoch, place.seq) != (snapshot.batch.epoch, snapshot.batch.last_seq)
            if is_news and not (place and place.is_finished):
                await self._show_with_tail(snapshot)

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


class Hub:
    """The one subscription of a web process. It belongs to the process's asyncio loop."""

    def __init__(self) -> None:
        self._redis = Redis.from_url(settings.REDIS_URL, decode_responses=True, socket_timeout=5)
        self._pubsub = self._redis.pubsub()
        self._watchers: dict[str, set[Watcher]] = {}
        self._changing = asyncio.Lock()
        self._listening = asyncio.create_task(self._listen_forever())

    async def watch(self, thread_id: uuid.UUID, send: Send) -> Watcher:
        """A watcher that already hears the thread's channel; call its `start` next."""
        channel = thread_channel(thread_id)
        watcher = Watcher(thread_id, send, self._redis)
        async with self._changing:
            watchers = self._watchers.setdefault(channel, set())
            watchers.add(watcher)
            if len(watchers) == 1:
                await self._ask("subscribe", channel)
        return watcher

    async def leave(self, watcher: Watcher) -> None:
        watcher.stop()
        channel = thread_channel(watcher.thread_id)
        async with self._changing:
            watchers = self._watchers.get(channel, set())
            watchers.discard(watcher)
            if not watchers and self._watchers.pop(channel, None) is not None:
                await self._ask("unsubscribe", channel)

    async def _ask(self, verb: str, channel: str) -> None:
        try:
            await getattr(self._pubsub, verb)(channel)
        except (RedisError, OSError):
            logger.warning("Live updates wait: Redis is away.")  # listening again subscribes to all there is

    async def _listen_forever(self) -> None:
        while True:
            try:
                await self._subscribe_again()
                while True:
                    message = await self._pubsub.get_message(ignore_subscribe_messages=True, timeout=POLL_SECONDS)
                    if message:
                        self._hand_out(message["channel"], Batch.unpacked(message["data"]))
            except (RedisError, OSError) as error:
                logger.warning("Live updates wait: Redis is away (%s).", type(error).__name__)
            self._all_missed()
            await asyncio.sleep(POLL_SECONDS)

    async def _subscribe_again(self) -> None:
        """A fresh connection; one channel is always kept, since a subscription without any ends."""
        async with self._changing:
            await self._pubsub.aclose()
            self._pubsub = self._redis.pubsub()
            await self._pubsub.subscribe(KEEPALIVE, *self._watchers)
        self._all_missed()

    def _hand_out(self, channel: str, batch: Batch) -> None:
        for watcher in self._watchers.get(channel, ()):
            watcher.hear(batch)

    def _all_missed(self) -> None:
        for watchers in self._watchers.values():
            for watcher in watchers:
                watcher.hear(None)


_hub: Hub | None = None


def hub() -> Hub:
    """This web process's hub, made on its loop when the first socket comes."""
    global _hub
    if _hub is None or _hub._listening.get_loop() is not asyncio.get_running_loop():
        _hub = Hub()
    return _hub
