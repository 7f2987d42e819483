"""Our commands as people run them: other processes, with a VAR_DIR and an environment of their own."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent.parent
PATIENCE = 60
# Empty rather than absent: so that a developer's .env is not heard.
UNSET = ("DATABASE_URL", "REDIS_URL", "OPENAI_API_KEY", "OPENAI_BASE_URL", "SECRET_KEY", "ADMIN_PASSWORD", "SENTRY_DSN")


def environment(var_dir: Path, **settings: str) -> dict[str, str]:
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return inherited | dict.fromkeys(UNSET, "") | {"VAR_DIR": str(var_dir), "HOST": "127.0.0.1"} | settings


def manage(var_dir: Path, *arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    """One command, run to its end. What it prints and what it tells are both in `stdout`."""
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(
        command, cwd=BASE_DIR, env=environment(var_dir, **settings), check=False, text=True, timeout=PATIENCE,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


class Serve:
    """`manage.py serve` on a port of its own. Its log is read as it comes."""

    def __init__(self, var_dir: Path, port: int, **settings: str):
        self.url = f"http://127.0.0.1:{port}"
        self.log = var_dir.with_name(f"{var_dir.name}-{port}.log")
        with self.log.open("wb") as log:
            command = [sys.executable, "manage.py", "serve"]
            self.process = subprocess.Popen(
                command, cwd=BASE_DIR, env=environment(var_dir, PORT=str(port), **settings),
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        self.read_from = 0

    def said(self) -> str:
        return self.log.read_text()

    def wait_until_it_says(self, words: str) -> None:
        """The next time: what it said before the last such call does not count."""
        self.until(lambda: words in self.said()[self.read_from :], f"it says {words!r}")
        self.read_from += self.said()[self.read_from :].index(words) + len(words)

    def wait_until_ready(self) -> None:
        self.until(lambda: status(f"{self.url}/readyz") == 200, "/readyz answers")

    def until(self, is_so: Callable[[], bool], what: str) -> None:
        until(is_so, what, lambda: f"It said:\n{self.said()}", or_dead=lambda: self.process.poll() is not None)

    def child(self, words: str) -> int:
        """The process whose command line contains `words`."""
        found = [pid for pid in descendants(self.process.pid) if words in command_line(pid)]
        assert len(found) == 1, f"{len(found)} processes match {words!r}"
        return found[0]

    def stop(self, how: signal.Signals = signal.SIGINT) -> int:
        """Its exit code."""
        self.process.send_signal(how)
        return self.process.wait(PATIENCE)


def until(
    is_so: Callable[[], bool],
    what: str,
    explain: Callable[[], str] = lambda: "",
    *,
    or_dead: Callable[[], bool] = lambda: False,
) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        if or_dead() or time.monotonic() > deadline:
            raise AssertionError(f"It did not happen that {what}. {explain()}")
        time.sleep(0.05)


def status(url: str) -> int:
    """The status an address answers with, 0 when nobody does."""
    with suppress(OSError):
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return int(answer.status)
        except urllib.request.HTTPError as error:
            return int(error.code)
    return 0


def descendants(pid: int) -> list[int]:
    """The children of a process, and theirs."""
    lines = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout.splitlines()
    parents = {int(child): int(parent) for child, parent in (line.split() for line in lines)}
    found = [child for child, parent in parents.items() if parent == pid]
    return found + [below for child in found for below in descendants(child)]


def command_line(pid: int) -> str:
    line = ["ps", "-ww", "-p", str(pid), "-o", "args="]
    return subprocess.run(line, capture_output=True, text=True, check=False).stdout.strip()


def is_running(pid: int) -> bool:
    state = subprocess.run(["ps", "-p", str(pid), "-o", "stat="], capture_output=True, text=True, check=False).stdout
    return bool(state.strip()) and not state.startswith("Z")
