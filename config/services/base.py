"""What a keeper asks of a kind of service: the modules `postgres` and `redis` are two of them."""

import json
import os
import secrets
import socket
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from signal import Signals
from typing import Any, Protocol

from config.services.home import Home


@dataclass
class Connection:
    """How an embedded service is reached; remembered between starts, so that its address stays the same."""

    port: int
    password: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    version: str = ""  # of the package that last ran it
    keeper: int = 0  # the process that keeps it running, 0 when none does
    home: str = ""


class Service(Protocol):
    NAME: str
    FOLDER: str
    STOP_SIGNAL: Signals

    def prepare(self, home: Home, connection: Connection, *, is_durable: bool, say: Callable[[str], None]) -> None:
        """Make what must exist before the first start, and clear what a crash left behind."""

    def command(self, home: Home, connection: Connection, *, is_durable: bool) -> list[str]: ...

    def is_ready(self, home: Home, connection: Connection) -> bool: ...

    def url(self, connection: Connection) -> str: ...


def remembered(file: Path) -> Connection | None:
    try:
        return Connection(**json.loads(file.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def remember(file: Path, connection: Connection) -> None:
    draft = file.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as writer:
        json.dump(asdict(connection), writer)
    draft.replace(file)


def free_port(wanted: int = 0) -> int:
    """`wanted` if nobody listens there, else one nobody uses."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise AssertionError("port 0 is always free")


def bare_environment() -> dict[str, Any]:
    """For programs of another user: nothing of ours, no locale surprises."""
    return {"PATH": "/usr/bin:/bin", "LANG": "C", "TZ": "UTC"}
