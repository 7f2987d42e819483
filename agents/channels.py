"""Names in Redis, and the one form a batch of frames has on a channel and in a stream."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

CANCELLATIONS = "plumbline:cancellations"
KEEPALIVE = "plumbline:keepalive"


def open_redis(*, patience: float) -> Redis:
    """A client that says at once when Redis is away, or after `patience` seconds without an answer.

    It does not try again by itself: a subscription that quietly came back would hide that something was missed.
    """
    return Redis.from_url(
        settings.REDIS_URL,
        decode_responses=True,
        socket_timeout=patience,
        socket_connect_timeout=patience,
        retry=Retry(NoBackoff(), 0),
    )


def thread_channel(thread_id: uuid.UUID) -> str:
    return f"plumbline:thread:{thread_id}"


def live_stream(run_id: uuid.UUID | str, epoch: int) -> str:
    return f"plumbline:live:{run_id}:{epoch}"


@dataclass(frozen=True)
class Batch:
    """Consecutive frames of one run. Without frames it says: this run changed, read it again."""

    run_id: str
    epoch: int
    first_seq: int
    frames: tuple[str, ...]

    @property
    def last_seq(self) -> int:
        return self.first_seq + len(self.frames) - 1

    @property
    def size(self) -> int:
        """How many characters it holds."""
        return sum(map(len, self.frames))

    @property
    def begins_attempt(self) -> bool:
        """Whether it stands on its own: an attempt's first batch holds all that is known of the run."""
        return bool(self.frames) and self.frames[0].startswith('{"type":"RUN_STARTED"')

    def after(self, seq: int) -> tuple[str, ...]:
        return self.frames[max(0, seq + 1 - self.first_seq) :]

    def packed(self) -> str:
        return "\n".join([f"{self.run_id} {self.epoch} {self.first_seq}", *self.frames])

    @classmethod
    def unpacked(cls, packed: str) -> "Batch":
        head, *frames = packed.split("\n")
        run_id, epoch, first_seq = head.split(" ")
        return cls(run_id, int(epoch), int(first_seq), tuple(frames))

    @classmethod
    def of_entries(cls, entries: Any) -> "list[Batch]":
        """The batches a stream holds, from the answer of XRANGE or XREVRANGE, in its order."""
        return [cls.unpacked(fields["batch"]) for _, fields in entries or ()]
