"""Starting what is measured, on the core it is measured on, and reading what it used."""

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

BASE_DIR = Path(__file__).resolve().parent.parent
SERVER_CORE, DRIVER_CORE = {0}, {1}
START_SECONDS = 60


@contextmanager
def running(command: Sequence[str], *, core: set[int], env: dict[str, str], log: Path) -> Iterator[psutil.Process]:
    """A child pinned to a core, ended at the end of the block."""
    with log.open("ab") as output:
        child = subprocess.Popen(
            command,
            cwd=BASE_DIR,
            env=env,
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=lambda: os.sched_setaffinity(0, core & os.sched_getaffinity(0) or os.sched_getaffinity(0)),
        )
    try:
        yield psutil.Process(child.pid)
    finally:
        child.terminate()
        try:
            child.wait(15)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def python(*arguments: str) -> list[str]:
    return [sys.executable, *arguments]


def until(is_so: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            raise SystemExit(f"It did not happen that {what}.")
        time.sleep(0.02)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def cpu_ms(processes: Sequence[psutil.Process]) -> float:
    """User and system time of the processes and their children."""
    family = [one for process in processes for one in [process, *process.children(recursive=True)]]
    return sum(1000 * (one.cpu_times().user + one.cpu_times().system) for one in family)


class Elsewhere:
    """How much of the machine everybody else used, in per cent of one core."""

    def __init__(self) -> None:
        self._begun, self._busy = time.monotonic(), _busy()

    def per_cent(self, own_ms: float) -> float:
        seconds = time.monotonic() - self._begun
        return max(0.0, 100 * (_busy() - self._busy - own_ms / 1000) / seconds)


def _busy() -> float:
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system)
