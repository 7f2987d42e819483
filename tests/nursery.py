"""Grows processes: what a worker imports is imported once, and each process is a fork of that, at work in a moment.

`python -m tests.nursery` reads one order a line and answers with the pid. The processes die with their nursery, and the
nursery with whoever holds its input.
"""

import ctypes
import importlib
import json
import os
import select
import signal
import subprocess
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any

BASE_DIR = Path(__file__).resolve().parent.parent
PR_SET_PDEATHSIG = 1


class Nursery:
    """The door to it. Processes are asked for one at a time."""

    def __init__(self, *, env: dict[str, str], folder: Path) -> None:
        command = [sys.executable, "-m", "tests.nursery"]
        with (folder / "nursery.log").open("ab") as log:
            self._process = subprocess.Popen(
                command, env=env, cwd=BASE_DIR, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
            )

    def grow(self, main: str, arguments: list[str], *, log: Path, fault: str = "") -> "Child":
        """A process that calls `main` ("module:function") with these arguments, and dies at the point `fault`."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(
            json.dumps({"main": main, "arguments": arguments, "log": str(log), "fault": fault}) + "\n"
        )
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, f"the nursery has died; see {log.parent}/nursery.log"
        return Child(int(answer))

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()


class Child:
    """A process that is not ours to wait for, with the part of Popen's manners that the stack uses."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._handle = os.pidfd_open(pid)

    def poll(self) -> int | None:
        """Zero once it is gone, however it went."""
        readable, _, _ = select.select([self._handle], [], [], 0)
        return 0 if readable else None

    def wait(self, timeout: float | None = None) -> int:
        readable, _, _ = select.select([self._handle], [], [], timeout)
        if not readable:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
        return 0

    def send_signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._handle, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


def main() -> None:
    """Import what a worker needs, open nothing, and fork at each order."""
    from config.celery import app

    app.loader.import_default_modules()
    importlib.import_module("agents.worker")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # whoever is gone is gone: nobody waits for them here
    for line in sys.stdin:
        order: dict[str, Any] = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _be_born(order)
        print(pid, flush=True)


def _be_born(order: dict[str, Any]) -> None:
    _leave_the_parent(Path(order["log"]))
    module, _, function = order["main"].partition(":")
    if order["fault"]:
        _arm(order["fault"])
    try:
        getattr(importlib.import_module(module), function)(order["arguments"])
    except SystemExit as leaving:
        os._exit(leaving.code if isinstance(leaving.code, int) else 1)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def work(arguments: list[str]) -> None:
    """Be a worker, as the command line `celery worker` is."""
    from config.celery import app

    app.worker_main(["worker", *arguments])


def _arm(fault: str) -> None:
    """Have this process die at a point. What reads that at import has been imported."""
    from django.conf import settings

    settings.FAULT_POINT = fault
    importlib.reload(importlib.import_module("agents.faults"))


def _leave_the_parent(log: Path) -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(source, target)


if __name__ == "__main__":
    main()
