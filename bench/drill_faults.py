"""What is done to the stack while people talk, and how long runs are without a worker because of it."""

import argparse
import random
import threading
import time
import uuid
from collections import Counter
from contextlib import suppress
from datetime import datetime

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from redis.exceptions import RedisError

from agents.models import Run, RunStatus
from bench.drill_people import People
from bench.drill_stack import DrillStack
from tests.drills import bells
from tests.drills.crashes import POINTS
from tests.drills.services.faults import kill_redis, stop_postgres

KINDS = {
    "worker killed": 6, "worker killed at a point": 6, "worker frozen past its lease": 3, "sockets cut": 4,
    "bells rung five times": 3, "bells lost": 3, "bells reversed": 2, "worker asked to leave": 2,
    "Redis killed": 1, "Redis killed and wiped": 1, "PostgreSQL stopped": 1,
}  # fmt: skip


class Faults:
    """One fault after the other, in the order the seed decides."""

    def __init__(self, stack: DrillStack, people: People, options: argparse.Namespace) -> None:
        self.struck: Counter[str] = Counter()
        self._stack, self._people = stack, people
        self._chance, self._every = random.Random(options.seed), options.every
        self._frozen: list[tuple[float, int]] = []
        self._kinds = [kind for kind in KINDS if any(word in kind for word in options.only.split(","))]

    def strike(self, *, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        deeds = {
            "worker killed": self._kill, "worker killed at a point": self._kill_at_a_point,
            "worker frozen past its lease": self._freeze, "sockets cut": self._cut,
            "bells rung five times": self._repeat,
            "bells lost": bells.lose, "bells reversed": bells.reverse,
            "worker asked to leave": self._replace,
            "Redis killed": lambda: kill_redis(self._stack, 5, wipe=False),
            "Redis killed and wiped": lambda: kill_redis(self._stack, 5, wipe=True),
            "PostgreSQL stopped": lambda: stop_postgres(self._stack, 10),
        }  # fmt: skip
        while time.monotonic() < deadline:
            self._wait(self._every * self._chance.uniform(0.5, 1.5))
            (kind,) = self._chance.choices(self._kinds, weights=[KINDS[kind] for kind in self._kinds])
            with suppress(RedisError, DatabaseError):
                deeds[kind]()
                self.struck[kind] += 1

    def repair(self) -> None:
        """Everything that is down comes back, as its supervisor would have it."""
        for worker in self._stack.workers:
            worker.thaw()
        self._frozen.clear()
        self._look_after_workers()

    def _wait(self, seconds: float) -> None:
        """Meanwhile be a supervisor."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self._look_after_workers()
            time.sleep(0.5)

    def _look_after_workers(self) -> None:
        """Replace who has died, wake who has slept past its lease. Web and beat are to outlive it all."""
        for process in (self._stack.web, self._stack.beat):
            assert process.is_running, f"{process.name} has ended.\n{process.said()[-3000:]}"
        now = time.monotonic()
        for woken, pid in [sleeper for sleeper in self._frozen if sleeper[0] < now]:
            self._frozen.remove((woken, pid))
            for worker in [worker for worker in self._stack.workers if worker.pid == pid]:
                worker.thaw()
        for worker in [worker for worker in self._stack.workers if not worker.is_running]:
            self._stack.workers.remove(worker)
            self._start()

    def _start(self, fault: str = "") -> None:
        self._stack.start_worker(wait=False, fault=fault).may_end = True

    def _awake(self) -> list[int]:
        asleep = {pid for _, pid in self._frozen}
        return [place for place, worker in enumerate(self._stack.workers) if worker.pid not in asleep]

    def _kill(self) -> None:
        if awake := self._awake():
            self._stack.workers[self._chance.choice(awake)].kill()

    def _kill_at_a_point(self) -> None:
        """It takes a share of the runs until one of them comes by the point for the n-th time."""
        self._kill()
        point = self._chance.choice([point.partition(":")[0] for point in POINTS if point != "after_decision"])
        self._stack.workers = [worker for worker in self._stack.workers if worker.is_running]
        self._start(f"{point}:{self._chance.randint(1, 4)}")

    def _freeze(self) -> None:
        if awake := self._awake():
            worker = self._stack.workers[self._chance.choice(awake)]
            worker.freeze()
            self._frozen.append((time.monotonic() + settings.RUN_LEASE_SECONDS + 10, worker.pid))
            self._start()

    def _replace(self) -> None:
        if awake := self._awake():
            self._stack.workers[self._chance.choice(awake)].ask_to_stop()

    def _cut(self) -> None:
        self._people.line.cut_all()
        self._people.line.cut_after([self._chance.randrange(1, 3000) for _ in self._people.talks])

    def _repeat(self) -> None:
        for run in Run.objects.unfinished().values_list("pk", flat=True)[:5]:
            bells.ring(str(run), times=5)


class Watch:
    """Looks at the leases. A takeover is counted from the lost worker's last sign of life to the next one's first."""

    def __init__(self) -> None:
        self.takeovers: list[float] = []
        self._seen: dict[uuid.UUID, tuple[uuid.UUID, int, datetime]] = {}
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def begin(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._is_over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._is_over.wait(0.2):
            with suppress(DatabaseError):
                held = Run.objects.filter(status=RunStatus.RUNNING, lease_owner__isnull=False)
                for run in held.values_list("pk", "lease_owner", "recoveries", "lease_expires_at"):
                    self._note(*run)  # type: ignore[arg-type]  # those that are held have an owner and an end
            connection.close()

    def _note(self, run: uuid.UUID, owner: uuid.UUID, recoveries: int, expires: datetime) -> None:
        """Every lease is as long as the others, so what lies between two ends lies between two beginnings."""
        before = self._seen.get(run)
        if before and before[0] != owner and recoveries > before[1]:
            self.takeovers.append((expires - before[2]).total_seconds())
        self._seen[run] = (owner, recoveries, expires)
