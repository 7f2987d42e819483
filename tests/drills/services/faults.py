"""Takes PostgreSQL or Valkey away from a private stack for a while, as crashes, operators and full disks do.

The keeper that would start them again is held for as long; then it does so by itself, as in production.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from django.db import connection
from redis import Redis
from redis.exceptions import RedisError

from config.services import postgres, redis
from config.services.base import Service, remembered
from config.services.files import Files
from tests.drills.services.private import Place, PrivateStack

BACK_SECONDS = 60


def kill_redis(stack: PrivateStack, seconds: float, *, wipe: bool) -> None:
    """SIGKILL Valkey, empty its folder if it is to be wiped, and let it come back."""
    with without_redis(stack, wipe=wipe):
        time.sleep(seconds)


def stop_postgres(stack: PrivateStack, seconds: float) -> None:
    """End PostgreSQL as `pg_ctl stop -m immediate` does, and let it come back through its crash recovery."""
    with without_postgres(stack):
        time.sleep(seconds)


@contextmanager
def without_redis(stack: PrivateStack, *, wipe: bool) -> Iterator[None]:
    with _ended(stack.place, redis, signal.SIGKILL) as home:
        if wipe:
            shutil.rmtree(home / "data")
            (home / "data").mkdir(mode=0o700)
            shutil.chown(home / "data", home.stat().st_uid, home.stat().st_gid)
        yield
    _until(lambda: _does_redis_answer(stack.place), "Valkey answers again")


@contextmanager
def without_postgres(stack: PrivateStack) -> Iterator[None]:
    with _ended(stack.place, postgres, signal.SIGQUIT):
        connection.close()
        yield
    _until(lambda: _does_postgres_answer(stack.place), "PostgreSQL answers again")
    connection.close()


@contextmanager
def frozen_redis(stack: PrivateStack) -> Iterator[None]:
    """Valkey takes connections and says nothing, as on a machine that swaps itself to death."""
    pid = _Kept.of(stack.place, redis).pid
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@dataclass(frozen=True)
class _Kept:
    """A running service: its own process, its keeper's, and its folder."""

    pid: int
    keeper: int
    home: Path

    @classmethod
    def of(cls, place: Place, service: Service) -> "_Kept":
        found = remembered(Files(place.var_dir, service.FOLDER).connection)
        assert found is not None, f"{service.NAME} was never started in {place.var_dir}"
        listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(found.keeper)], capture_output=True, text=True)
        (pid,) = listed.stdout.split()
        return cls(int(pid), found.keeper, Path(found.home))


@contextmanager
def _ended(place: Place, service: Service, how: signal.Signals) -> Iterator[Path]:
    kept = _Kept.of(place, service)
    os.kill(kept.keeper, signal.SIGSTOP)
    try:
        os.kill(kept.pid, how)
        _until(lambda: _has_ended(kept.pid), f"{service.NAME} has ended")
        yield kept.home
    finally:
        os.kill(kept.keeper, signal.SIGCONT)


def _has_ended(pid: int) -> bool:
    """Dead, though its keeper, who is held, has not taken note of it."""
    state = subprocess.run(["ps", "-p", str(pid), "-o", "stat="], capture_output=True, text=True).stdout.strip()
    return not state or state.startswith("Z")


def _does_redis_answer(place: Place) -> bool:
    try:
        with Redis.from_url(place.redis_url, socket_timeout=1, socket_connect_timeout=1) as client:
            return bool(client.ping())
    except RedisError:
        return False


def _does_postgres_answer(place: Place) -> bool:
    try:
        psycopg.connect(place.database_url, connect_timeout=1).close()
    except psycopg.OperationalError:
        return False
    return True


def _until(is_so: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + BACK_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            raise AssertionError(f"In {BACK_SECONDS} s it did not happen that {what}.")
        time.sleep(0.05)
