"""The file of executions, and the gates at which a tool waits for a test."""

import fcntl
import json
import os
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings


@dataclass(frozen=True)
class Execution:
    """One time a tool did what it does. `attempt` counts the starts of its call."""

    tool: str
    note: str
    run: str
    key: str
    attempt: int
    pid: int


def write(execution: Execution) -> None:
    """Append a line that stands although the process dies in the next moment."""
    line = json.dumps(asdict(execution)).encode() + b"\n"
    file = os.open(settings.LEDGER_FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        os.write(file, line)
        os.fsync(file)
    finally:
        os.close(file)


def executions(run_id: uuid.UUID | str) -> list[Execution]:
    """What was really done for a run, in order."""
    return [execution for execution in _all() if execution.run == str(run_id)]


def _all() -> Iterator[Execution]:
    file = Path(settings.LEDGER_FILE)
    for line in file.read_text().splitlines() if file.exists() else ():
        yield Execution(**json.loads(line))


def gate(name: str) -> Path:
    """A tool that was told of a gate waits until it is open."""
    return Path(settings.LEDGER_FILE).with_name(f"gate-{Path(name).name}")


def open_gate(name: str) -> None:
    gate(name).touch()
