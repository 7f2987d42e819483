"""Reads a file in a process of its own, which a hostile one may fill, hold or crash without harm to anybody else."""

import json
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

from memory.reading.sections import DocumentRefused, Reading, Section

log = logging.getLogger(__name__)

CODE = Path(__file__).resolve().parent.parent.parent
MOST_SECONDS = 120
TOO_LONG = "Reading this file takes too long. Split it, or save it as a simpler one."
TOO_MUCH = "The file cannot be read: its reader broke down over it. Save it anew, or as another kind of file."


def read(content: bytes, kind: str, *, seconds: float = MOST_SECONDS) -> Reading:
    """The text of a file of that kind. Raises `DocumentRefused`."""
    command = [sys.executable, "-m", "memory.reading.child", kind]
    environment = {"PATH": os.defpath, "PYTHONUTF8": "1"}  # none of our settings, none of our secrets
    try:
        done = subprocess.run(
            command, input=content, capture_output=True, cwd=CODE, env=environment, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        raise DocumentRefused(TOO_LONG) from None
    return _reading(done)


def _reading(done: subprocess.CompletedProcess[bytes]) -> Reading:
    if done.stderr:
        log.info("The reader of a file said: %s", done.stderr[-2_000:].decode(errors="replace"))
    if done.returncode < 0:  # killed by a signal: by the limit of its time, or by the kernel
        is_over_time = -done.returncode in (signal.SIGXCPU, signal.SIGKILL)
        raise DocumentRefused(TOO_LONG if is_over_time else TOO_MUCH)
    try:
        said = json.loads(done.stdout)
    except ValueError:
        raise DocumentRefused(TOO_MUCH) from None
    if "refused" in said:
        raise DocumentRefused(said["refused"])
    sections = [Section(tuple(one["headings"]), one["text"], one["page"]) for one in said["sections"]]
    return Reading(said["text"], sections)
