"""Using an embedded service together with other processes: the first one starts it, the last one stops it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from config.services import locks
from config.services.base import Service, remembered
from config.services.errors import ServiceError
from config.services.files import Files

BASE_DIR = Path(__file__).resolve().parent.parent.parent
Say = Callable[[str], None]


class Share:
    """One process's use of a service. `ask`, then `wait` for its address, at last `leave`."""

    def __init__(self, service: Service, var_dir: Path, *, is_durable: bool, say: Say):
        self.service = service
        self.var_dir = var_dir
        self.is_durable = is_durable
        self.say = say
        self.files = Files(var_dir, service.FOLDER)
        self.turn = locks.Turn(self.files.turn)
        self.users: locks.Held | None = None
        self.keeper: subprocess.Popen[str] | None = None

    def ask(self) -> None:
        """Have the service started unless it runs. Our turn lasts until `wait` is over."""
        self.turn.take(
            if_busy=lambda: self.say(f"Waiting for another process that starts or stops {self.service.NAME}.")
        )
        self.users = locks.share(self.files.users)
        if not self.is_kept():
            self.keeper = self._start_keeper()

    def wait(self) -> str:
        """The address of the running service."""
        try:
            if self.keeper is not None:
                self._listen(self.keeper)
            address = self.address()
            if not address:
                raise ServiceError(f"How to reach {self.service.NAME} is not written in {self.files.connection}.")
            return address
        finally:
            self.turn.release()

    def leave(self) -> None:
        """Let go; if nobody else uses the service, return once it has stopped."""
        self.turn.release()
        self.turn.take()
        if self.users is not None:
            self.users.release()
        if not locks.is_held(self.files.users):
            self._stop_keeper()
        self.turn.release()

    def revive(self) -> None:
        """Start the service again, at its old address, if it is gone with its keeper."""
        if self.is_kept():
            return
        self.say(f"{self.service.NAME} was ended from outside. Starting it again.")
        before = self.address()
        self.turn.take()
        if not self.is_kept():
            self.keeper = self._start_keeper()
        if self.wait() != before:
            raise ServiceError(f"{self.service.NAME} had to move to another port: start Plumbline again.")

    def address(self) -> str:
        """Where the service was the last time, empty if it never ran here."""
        connection = remembered(self.files.connection)
        return self.service.url(connection) if connection else ""

    def is_kept(self) -> bool:
        connection = remembered(self.files.connection)
        return connection is not None and connection.keeper > 0 and locks.is_held(Path(connection.home) / "keeper.lock")

    def _start_keeper(self) -> "subprocess.Popen[str]":
        options = [] if self.is_durable else ["--throwaway"]
        with open(self.files.log, "ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "config.services.keeper", self.service.FOLDER, str(self.var_dir), *options],
                cwd=BASE_DIR, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True,
                start_new_session=True,
            )  # fmt: skip

    def _listen(self, keeper: "subprocess.Popen[str]") -> None:
        assert keeper.stdout is not None
        with keeper.stdout as lines:
            for line in lines:
                word, _, rest = line.strip().partition(" ")
                if word == "say":
                    self.say(rest)
                elif word == "failed":
                    raise ServiceError(rest)
                elif word == "ready":
                    return
        raise ServiceError(f"{self.service.NAME} did not start; the reason is at the end of {self.files.log}.")

    def _stop_keeper(self) -> None:
        connection = remembered(self.files.connection)
        if connection is None or not self.is_kept():
            return
        os.kill(connection.keeper, signal.SIGTERM)
        if self.keeper is not None:
            self.keeper.wait()
        while self.is_kept():  # somebody else's child: we cannot wait for it, only look
            time.sleep(0.02)
