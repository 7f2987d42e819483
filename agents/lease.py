"""Who may work on a run: a lease of thirty seconds by the database's clock, and an epoch that fences every write.

A heartbeat thread with its own connection renews the leases of all runs of this process and brings back their
cancellations. A worker that cannot renew stops by its own monotonic clock before anyone else may begin.
"""

import asyncio
import logging
import threading
import time
import uuid
from dataclasses import dataclass, field
from enum import StrEnum

from django.conf import settings
from django.db import IntegrityError, OperationalError, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import OuterRef, Q
from django.db.models.functions import Now
from django.db.utils import InterfaceError

from agents.models import Run, RunQuerySet, RunStatus

logger = logging.getLogger(__name__)

# The arrow from `queued` to `running`, as `RunQuerySet.move` draws it, with the rule of `in_the_way`.
# By SQL of our own: a person waits for their first word.
CLAIM = """
UPDATE agents_run AS run
   SET status = 'running', epoch = epoch + 1, lease_owner = %(owner)s,
       lease_expires_at = clock_timestamp() + make_interval(secs => %(seconds)s),
       started_at = COALESCE(started_at, clock_timestamp()), wait_kind = '', wake_at = NULL,
       draft_message_id = NULL, draft_text = ''    -- words of an attempt that is lost; the LLM is asked again
 WHERE id = %(run_id)s AND status = 'queued'
   AND NOT EXISTS (SELECT 1 FROM agents_run AS other
                    WHERE other.thread_id = run.thread_id AND other.id <> run.id
                      AND (other.status IN ('running', 'waiting')
                           OR other.status = 'queued' AND other.position < run.position))
RETURNING epoch
"""

RENEW = """
UPDATE agents_run
   SET lease_expires_at = clock_timestamp() + make_interval(secs => %(seconds)s)
 WHERE status = 'running' AND lease_owner = ANY(%(owners)s)
RETURNING lease_owner, cancel_requested_at IS NOT NULL
"""


class Reason(StrEnum):
    """Why work on a run stops before its end."""

    CANCELLED = "cancelled"
    DRAINED = "drained"
    LOST = "lost"
    OUT_OF_TIME = "out_of_time"


class LeaseLost(Exception):
    """Somebody else owns the run now; whatever this worker still wanted to write is void."""


@dataclass(frozen=True)
class Claim:
    run_id: uuid.UUID
    epoch: int
    owner: uuid.UUID
    claimed_at: float = field(default_factory=time.monotonic)


def claim(run_id: uuid.UUID) -> Claim | None:
    """The right to work on a queued run, or None when it is not (or no longer) to be had."""
    owner, claimed_at = uuid.uuid4(), time.monotonic()
    try:
        with connection.cursor() as cursor:
            cursor.execute(CLAIM, {"run_id": run_id, "owner": owner, "seconds": settings.RUN_LEASE_SECONDS})
            row = cursor.fetchone()
    except IntegrityError:  # another run of the thread was taken at the same moment
        return None
    return Claim(run_id, row[0], owner, claimed_at) if row else None


def in_the_way() -> RunQuerySet:
    """The runs of the same thread that go before: one asked earlier and not finished, or one at work."""
    others = Run.objects.filter(thread=OuterRef("thread")).exclude(pk=OuterRef("pk")).unfinished()
    is_at_work = Q(status__in=[RunStatus.RUNNING, RunStatus.WAITING])
    return others.filter(is_at_work | Q(position__lt=OuterRef("position")))


def release(held: Claim) -> None:
    """Give a run back to the queue, as a worker that shuts down does. This is no recovery."""
    Run.objects.filter(pk=held.run_id, epoch=held.epoch).move(
        RunStatus.RUNNING, RunStatus.QUEUED, queued_at=Now(), reserved_tokens=0, reserved_cost=0
    )


class Lease:
    """One claim, being kept alive, and the task that works under it."""

    def __init__(self, held: Claim, work: "asyncio.Task[None]"):
        self.claim = held
        self.reason: Reason | None = None
        self.is_draining = False
        self.is_over = False  # its last write is under way or done: nothing is left to stop
        self.good_until = held.claimed_at + settings.RUN_LEASE_SECONDS
        self._work = work
        self._loop = work.get_loop()

    def stop(self, reason: Reason) -> None:
        """End the work at its next await; callable from any thread."""
        self._loop.call_soon_threadsafe(self._stop, reason)

    def _stop(self, reason: Reason) -> None:
        if not self.is_over and (self.reason is None or reason == Reason.LOST):
            self.reason = reason
            self._work.cancel()


class Heartbeat:
    """Renews every lease of this process from a thread that no LLM, tool or full loop can hold up."""

    def __init__(self) -> None:
        self._leases: dict[uuid.UUID, Lease] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def keep(self, lease: Lease) -> None:
        with self._lock:
            self._leases[lease.claim.owner] = lease
            if self._thread is None:
                self._thread = threading.Thread(target=self._beat_forever, name="heartbeat", daemon=True)
                self._thread.start()

    def drop(self, lease: Lease) -> None:
        with self._lock:
            self._leases.pop(lease.claim.owner, None)

    def held(self) -> list[Lease]:
        with self._lock:
            return list(self._leases.values())

    def of_run(self, run_id: uuid.UUID) -> Lease | None:
        return next((lease for lease in self.held() if lease.claim.run_id == run_id), None)

    def _beat_forever(self) -> None:
        own = _own_connection()
        while True:
            time.sleep(settings.RUN_HEARTBEAT_SECONDS)
            leases = self.held()
            if not leases:
                continue
            asked_at = time.monotonic()
            try:
                self._renew(own, leases, asked_at)
            except (OperationalError, InterfaceError) as error:
                logger.warning("Leases could not be renewed (%s); trying again.", type(error).__name__)
                own.close()
            self._give_up_expired(time.monotonic())

    def _renew(self, own: BaseDatabaseWrapper, leases: list[Lease], asked_at: float) -> None:
        with own.cursor() as cursor:
            owners = [lease.claim.owner for lease in leases]
            cursor.execute(RENEW, {"owners": owners, "seconds": settings.RUN_LEASE_SECONDS})
            renewed = dict(cursor.fetchall())
        for lease in leases:
            if lease.claim.owner not in renewed:
                lease.stop(Reason.LOST)
                continue
            lease.good_until = asked_at + settings.RUN_LEASE_SECONDS
            if renewed[lease.claim.owner]:
                lease.stop(Reason.CANCELLED)

    def _give_up_expired(self, now: float) -> None:
        """Stop while a third of the lease is left: the next worker starts when it runs out, not before."""
        for lease in self.held():
            if now > lease.good_until - settings.RUN_LEASE_SECONDS / 3:
                lease.stop(Reason.LOST)


def _own_connection() -> BaseDatabaseWrapper:
    """A connection outside the pool: a lease must not run out because all of the pool is busy."""
    own = connection.copy()
    own.settings_dict["OPTIONS"] = {
        name: value for name, value in own.settings_dict["OPTIONS"].items() if name != "pool"
    }
    return own


heartbeat = Heartbeat()
