"""Whom the embedded services run as. PostgreSQL refuses to be root, and what listens on a port should not be."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from config.services.errors import ServiceError

NAME = "plumbline"


@dataclass(frozen=True)
class Account:
    name: str
    uid: int
    gid: int


def service_account(say: Callable[[str], None]) -> Account | None:
    """The user for the services: None, that is ourselves, unless we are root."""
    if os.geteuid() != 0:
        return None
    return _named(NAME) or _created(say) or _named("nobody") or _nobody_at_all()


def owner_of(path: Path) -> Account | None:
    """The user a file belongs to; None for root and for ourselves."""
    status = path.stat()
    if status.st_uid in (0, os.geteuid()):
        return None
    try:
        return Account(pwd.getpwuid(status.st_uid).pw_name, status.st_uid, status.st_gid)
    except KeyError:
        raise ServiceError(
            f"{path} belongs to user number {status.st_uid}, which this machine does not know."
        ) from None


def can_reach(account: Account, path: Path) -> bool:
    """Whether the user may enter a folder or run a program, asked of the kernel by becoming that user for a moment."""
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(account.gid)
            os.setuid(account.uid)
            os._exit(0 if os.access(path, os.X_OK) else 1)
        finally:
            os._exit(1)
    return os.waitpid(child, 0)[1] == 0


def _named(name: str) -> Account | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(name, entry.pw_uid, entry.pw_gid) if entry.pw_uid else None


def _created(say: Callable[[str], None]) -> Account | None:
    for tool, *options in (
        (
            "useradd",
            "--system",
            "--user-group",
            "--no-create-home",
            "--home-dir",
            "/nonexistent",
            "--shell",
            "/bin/false",
        ),
        ("adduser", "--system", "--group", "--no-create-home", "--home", "/nonexistent", "--shell", "/bin/false"),
    ):
        path = shutil.which(tool) or shutil.which(tool, path="/usr/sbin:/sbin")
        if path and subprocess.run([path, *options, NAME], capture_output=True, check=False).returncode == 0:
            say(f"Created the system user {NAME}: the embedded services do not run as root.")
            return _named(NAME)
    return None


def _nobody_at_all() -> Account:
    raise ServiceError(
        f"PostgreSQL refuses to run as root, and no other user could be found or made: create one named {NAME}, "
        "start Plumbline as an ordinary user, or set DATABASE_URL and REDIS_URL."
    )
