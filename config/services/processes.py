"""Child processes: started so that they never outlive us, started again when they die, and stopped with patience."""

import contextlib
import ctypes
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from config.services.account import Account

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
LONGEST_PAUSE = 30.0
HEALTHY_AFTER = 60.0  # a child that ran this long has earned a fresh start of its pauses


@dataclass
class Child:
    """A process we keep alive. Its first death costs it a second, each further one twice as much."""

    name: str
    command: list[str]
    options: dict[str, Any] = field(default_factory=dict)
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    orphan_signal: signal.Signals = signal.SIGKILL
    process: subprocess.Popen[bytes] | None = None
    deaths: int = 0
    started_at: float = 0.0
    due_at: float = 0.0

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        self.process = spawn(self.command, account=self.account, orphan_signal=self.orphan_signal, **self.options)
        self.started_at = time.monotonic()

    def keep_alive(self, say: Callable[[str], None]) -> bool:
        """Start it again when it has died and its pause is over; True when it was."""
        if self.process is not None and self.process.poll() is not None:
            self._note_death(self.process.returncode, say)
        if self.process is None and time.monotonic() >= self.due_at:
            self.start()
            return True
        return False

    def _note_death(self, code: int, say: Callable[[str], None]) -> None:
        if time.monotonic() - self.started_at > HEALTHY_AFTER:
            self.deaths = 0
        pause = min(2.0**self.deaths, LONGEST_PAUSE)
        self.deaths += 1
        self.process = None
        self.due_at = time.monotonic() + pause
        say(f"The {self.name} {ended(code)}. Starting it again in {pause:.0f} s.")

    def ask_to_stop(self) -> None:
        if self.process is not None and self.is_running:
            self.process.send_signal(self.stop_signal)

    def wait(self, seconds: float) -> bool:
        """True once it has ended; False when it still runs after `seconds`."""
        if self.process is None:
            return True
        try:
            self.process.wait(max(seconds, 0.0))
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self) -> None:
        if self.process is not None and self.is_running:
            self.process.kill()
            self.process.wait()


class StopRequest:
    """Turns Ctrl-C, SIGTERM and a closed terminal into something a loop can wait for. Use it in the main thread."""

    SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def __init__(self) -> None:
        self.count = 0
        self.reader, self.writer = socket.socketpair()
        self.reader.setblocking(False)
        self.writer.setblocking(False)
        signal.set_wakeup_fd(self.writer.fileno(), warn_on_full_buffer=False)
        for number in self.SIGNALS:
            signal.signal(number, self._received)

    def __bool__(self) -> bool:
        return self.count > 0

    def wait(self, seconds: float) -> bool:
        """Sleep, but wake at once when we are asked to stop; True when we were."""
        select.select([self.reader], [], [], seconds)
        self.clear()
        return bool(self)

    def clear(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self.reader.recv(4096)

    def _received(self, number: int, frame: object) -> None:
        self.count += 1


def spawn(
    command: list[str],
    *,
    account: Account | None = None,
    orphan_signal: signal.Signals = signal.SIGKILL,
    **options: Any,
) -> subprocess.Popen[bytes]:
    """A process in a session of its own, so that Ctrl-C reaches it through us; should we be killed, so is it.

    Call it from the main thread: the kernel counts the death of the *thread* that started it.
    """
    parent = os.getpid()

    def tie_to_parent() -> None:
        if LIBC is not None:
            LIBC.prctl(PR_SET_PDEATHSIG, int(orphan_signal))
            if os.getppid() != parent:  # it died before we could ask
                os._exit(1)

    identity: dict[str, Any] = {}
    if account is not None:
        identity = {"user": account.uid, "group": account.gid, "extra_groups": []}
    # The signal must be asked for after the change of user, which clears it: `preexec_fn` runs after it.
    return subprocess.Popen(command, start_new_session=True, preexec_fn=tie_to_parent, **identity, **options)


def ended(code: int) -> str:
    """What an exit code means, in words."""
    if code >= 0:
        return f"ended with code {code}"
    return f"was ended by {signal.Signals(-code).name}"
