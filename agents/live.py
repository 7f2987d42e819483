"""A run's live log: what the worker says while it works, for everyone who watches.

One Redis stream per run and epoch with a single writer, the lease holder, who numbers the events. It is a cache of
seconds: PostgreSQL holds the transcript and, every two seconds, the text so far with the number of the last event it
contains. All runs of a worker process share one pipelined write per tick; the first words of a message go at once.
"""

import asyncio
import logging
import time
import uuid
from collections.abc import Iterable

from ag_ui.core import BaseEvent
from django.db import transaction
from redis.exceptions import RedisError

from agents import events
from agents.channels import Batch, live_stream, open_redis, thread_channel
from agents.database import in_database
from agents.models import Run, RunStatus

TICK = 0.04  # seconds between two writes …
TICK_PER_RUN = 0.001  # … and this much more for each run at work: fewer, larger frames under load
LONGEST_TICK = 0.2
SAVE_EVERY = 2.0
MOST_ENTRIES = 2000
KEPT_SECONDS = 3600
MOST_UNSENT_CHARACTERS = 1_000_000

logger = logging.getLogger(__name__)


class RunLog:
    """The log of one run while this process holds its lease."""

    def __init__(self, publisher: "Publisher", run: Run):
        self._publisher = publisher
        self._numbering = events.Numbering(run.id, run.shown_in, run.epoch)
        self._seq = run.last_seq
        self._unsent: list[str] = []
        self._unsent_first = 0
        self._message_id: uuid.UUID | None = None
        self._fresh: list[str] = []  # text that has no event yet
        self._told: list[str] = []  # text that has
        self._saved_seq = self._seq
        self.is_closing = False

    @property
    def last_seq(self) -> int:
        return self._seq

    @property
    def text_so_far(self) -> str:
        return "".join([*self._told, *self._fresh])

    @property
    def message_id(self) -> uuid.UUID | None:
        return self._message_id

    @property
    def has_unsent(self) -> bool:
        return bool(self._unsent)

    def begin_text(self, message_id: uuid.UUID) -> None:
        """A message opens; it is announced with its first words."""
        self._message_id, self._told, self._fresh = message_id, [], []

    def text(self, delta: str) -> None:
        is_first = not self._told and not self._fresh
        self._fresh.append(delta)
        self._publisher.wake(self, is_urgent=is_first)

    def end_text(self) -> None:
        self._message_id, self._told, self._fresh = None, [], []

    def number(self, said: Iterable[BaseEvent]) -> list[str]:
        """Give events their numbers, the text before them first, so that a commit can name the last one.

        Nothing is sent before `publish`, and the draft saver keeps out until then.
        """
        frames = [*self._text_frames(), *(self._numbered(event) for event in said)]
        self._saved_seq = self._seq
        return frames

    def publish(self, frames: list[str]) -> None:
        self._keep(frames)
        self._publisher.wake(self, is_urgent=True)

    def say(self, *said: BaseEvent) -> None:
        self.publish(self.number(said))

    def take_unsent(self) -> Batch | None:
        self._keep(self._text_frames())
        if not self._unsent:
            return None
        batch = Batch(str(self._numbering.run_id), self._numbering.epoch, self._unsent_first, tuple(self._unsent))
        self._unsent = []
        return batch

    def give_back(self, batch: Batch) -> None:
        """Redis did not take it: keep it for the next tick, within bounds; readers heal a gap from the database."""
        if sum(map(len, batch.frames)) + sum(map(len, self._unsent)) <= MOST_UNSENT_CHARACTERS:
            self._unsent = [*batch.frames, *self._unsent]
            self._unsent_first = batch.first_seq

    def draft(self) -> tuple[uuid.UUID, str, int] | None:
        """The open message, the told part of its text and the last number; None when nothing new was told."""
        if self._message_id is None or not self._told or self._seq == self._saved_seq:
            return None
        self._saved_seq = self._seq
        return self._message_id, "".join(self._told), self._seq

    @property
    def numbering(self) -> events.Numbering:
        return self._numbering

    def _text_frames(self) -> list[str]:
        if self._message_id is None or not self._fresh:
            return []
        opening = [] if self._told else [self._numbered(events.text_started(self._message_id, "assistant"))]
        delta = "".join(self._fresh)
        self._told.append(delta)
        self._fresh = []
        return [*opening, *map(self._numbered, events.texts(self._message_id, delta))]

    def _numbered(self, event: BaseEvent) -> str:
        self._seq += 1
        return events.frame(self._numbering.stamp(event, self._seq))

    def _keep(self, frames: list[str]) -> None:
        if frames and not self._unsent:
            self._unsent_first = self._seq - len(frames) + 1
        self._unsent += frames


class Publisher:
    """Writes the logs of all runs of this process. It belongs to the process's one asyncio loop."""

    def __init__(self) -> None:
        self._redis = open_redis(patience=3)
        self._logs: dict[uuid.UUID, RunLog] = {}
        self._something = asyncio.Event()
        self._urgent = asyncio.Event()
        self._urgent_logs: set[RunLog] = set()
        self._writing = asyncio.Lock()  # batches of a run must reach Redis in order
        self._tasks = [asyncio.create_task(self._write_forever()), asyncio.create_task(self._save_forever())]

    async def open(self, run: Run) -> RunLog:
        """A log that goes on after the last event anyone has seen of the run."""
        if run.epoch > 1:
            run.last_seq = max(run.last_seq, await self._last_told(run))
        log = self._logs[run.id] = RunLog(self, run)
        return log

    async def _last_told(self, run: Run) -> int:
        """The last number the attempt before this one told: it may have got further than its rows."""
        try:
            entries = await self._redis.xrevrange(live_stream(run.id, run.epoch - 1), count=1)
        except (RedisError, OSError):
            return 0
        return max((batch.last_seq for batch in Batch.of_entries(entries)), default=0)

    async def close(self, log: RunLog) -> None:
        """Send what is left and forget the log; while Redis is away, later."""
        log.is_closing = True
        await self._write([log])
        if not log.has_unsent:
            self._forget(log)

    def _forget(self, log: RunLog) -> None:
        if self._logs.get(log.numbering.run_id) is log:
            del self._logs[log.numbering.run_id]

    def wake(self, log: RunLog, *, is_urgent: bool) -> None:
        self._something.set()
        if is_urgent:
            self._urgent_logs.add(log)
            self._urgent.set()

    async def _write_forever(self) -> None:
        """All logs at each tick; between two ticks only those with something that does not wait."""
        while True:
            await self._something.wait()
            self._something.clear()
            await self._write(list(self._logs.values()))
            next_tick = time.monotonic() + min(LONGEST_TICK, TICK + TICK_PER_RUN * len(self._logs))
            while await self._is_urgent_before(next_tick):
                await self._write(list(self._urgent_logs))

    async def _is_urgent_before(self, moment: float) -> bool:
        if time.monotonic() >= moment:
            return False
        try:
            async with asyncio.timeout_at(moment):
                await self._urgent.wait()
        except TimeoutError:
            return False
        return True

    async def _write(self, logs: list[RunLog]) -> None:
        async with self._writing:
            self._urgent_logs.difference_update(logs)
            if not self._urgent_logs:
                self._urgent.clear()
            await self._write_batches(logs)

    async def _write_batches(self, logs: list[RunLog]) -> None:
        batches = [(log, batch) for log in logs if (batch := log.take_unsent())]
        if not batches:
            return
        pipeline = self._redis.pipeline(transaction=False)
        for log, batch in batches:
            key, packed = live_stream(batch.run_id, batch.epoch), batch.packed()
            pipeline.xadd(key, {"batch": packed}, id=f"{batch.last_seq}-0", maxlen=MOST_ENTRIES, approximate=True)
            if batch.begins_attempt or log.is_closing:
                pipeline.expire(key, KEPT_SECONDS)
            pipeline.publish(thread_channel(log.numbering.thread_id), packed)
        try:
            answers = await pipeline.execute(raise_on_error=False)
        except (RedisError, OSError) as error:
            logger.warning("Live events wait: Redis did not take them (%s).", type(error).__name__)
            for log, batch in batches:
                log.give_back(batch)
            await asyncio.sleep(1)
            self._something.set()
            return
        if refused := next((answer for answer in answers if isinstance(answer, Exception)), None):
            logger.warning("Redis refused live events: %s", refused)
        for log, _ in batches:
            if log.is_closing:
                self._forget(log)

    async def _save_forever(self) -> None:
        while True:
            await asyncio.sleep(SAVE_EVERY)
            drafts = [(log.numbering, draft) for log in self._logs.values() if (draft := log.draft())]
            if not drafts:
                continue
            try:
                await in_database(_save_drafts, drafts)
            except Exception:  # a lost draft costs seconds of text on a reload, never the answer
                logger.exception("The text so far could not be saved.")


def _save_drafts(drafts: list[tuple[events.Numbering, tuple[uuid.UUID, str, int]]]) -> None:
    with transaction.atomic():
        for numbering, (message_id, text, seq) in drafts:
            Run.objects.filter(
                pk=numbering.run_id, epoch=numbering.epoch, status=RunStatus.RUNNING, last_seq__lt=seq
            ).update(draft_message_id=message_id, draft_text=text, last_seq=seq)
