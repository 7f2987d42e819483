"""Which threads are to be read, and one reader's hold on one of them."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from agents.models import Reading

QUIET_SECONDS = 60
ENOUGH = 10  # new questions for which nobody waits until it is quiet
LEASE_SECONDS = 600

# Runs that ended since the last look. Ten minutes more than that: a clock may be wrong, a commit may be late.
NOTICE = """
INSERT INTO agents_reading (thread_id, next_position, last_position, last_finished_at, epoch, attempts)
SELECT thread_id, 0, max(position), max(finished_at), 0, 0
  FROM agents_run
 WHERE finished_at > LEAST(now(), COALESCE((SELECT max(last_finished_at) FROM agents_reading),
                                           now() - interval '1 day')) - interval '10 minutes'
   AND root_id IS NULL AND user_id IS NOT NULL
 GROUP BY thread_id
ON CONFLICT (thread_id) DO UPDATE
   SET last_position = GREATEST(agents_reading.last_position, EXCLUDED.last_position),
       last_finished_at = GREATEST(agents_reading.last_finished_at, EXCLUDED.last_finished_at)
 WHERE EXCLUDED.last_finished_at > agents_reading.last_finished_at
"""

CLAIM = """
UPDATE agents_reading
   SET epoch = epoch + 1, attempts = attempts + 1,
       lease_expires_at = clock_timestamp() + make_interval(secs => %(lease)s)
 WHERE thread_id = (
    SELECT thread_id FROM agents_reading
     WHERE last_position >= next_position
       AND (last_finished_at < clock_timestamp() - make_interval(secs => %(quiet)s)
            OR last_position - next_position + 1 >= %(enough)s)
       AND COALESCE(lease_expires_at, '-infinity') < clock_timestamp()
       AND COALESCE(not_before, '-infinity') < clock_timestamp()
     ORDER BY last_finished_at LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING thread_id, epoch, next_position, attempts
"""


class PlaceLost(Exception):
    """Somebody else reads there now; whatever this reader still wanted to write is void."""


@dataclass(frozen=True)
class Place:
    """One reader's hold on a thread, from the first run that is to be read."""

    thread_id: uuid.UUID
    epoch: int
    position: int
    attempt: int

    def move(self, to: int) -> None:
        """Everything below is read. Raises PlaceLost; inside the transaction that keeps what was found."""
        self._settle(next_position=to, attempts=0, not_before=None)

    def rest(self, position: int) -> None:
        """Everything below is read, and a run that has not ended is in the way of the rest."""
        self._settle(next_position=position, last_position=max(position, 1) - 1, attempts=0, not_before=None)

    def put_off(self, until: datetime) -> None:
        self._settle(not_before=until)

    def _settle(self, **changes: object) -> None:
        held = Reading.objects.filter(thread=self.thread_id, epoch=self.epoch)
        if not held.update(lease_expires_at=None, **changes):
            raise PlaceLost


def notice() -> None:
    """Take down in which threads runs have ended."""
    with connection.cursor() as cursor:
        cursor.execute(NOTICE)


def claim() -> Place | None:
    """The right to read on in a thread that is due; None when there is none."""
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, {"lease": LEASE_SECONDS, "quiet": QUIET_SECONDS, "enough": ENOUGH})
        row = cursor.fetchone()
    return Place(*row) if row else None


def skip_to_end(thread_id: uuid.UUID) -> None:
    """Leave unread what was said in a thread until now; whoever reads there loses the place."""
    last = Reading.objects.filter(thread=thread_id)
    for reading in last.select_for_update():
        ended = reading.thread.runs.filter(finished_at__isnull=False).order_by("-position").first()
        end = ended.position if ended else reading.last_position
        last.update(epoch=reading.epoch + 1, next_position=end + 1, last_position=end, lease_expires_at=None)
