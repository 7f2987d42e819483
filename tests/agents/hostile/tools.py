"""Blocking tools, each hurtful in its own way."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from accounts.models import User
from agents.tools.base import Effect, OutcomeUnknown, ToolContext, ToolError, TransientError, tool

FOREVER = 3600


@tool(effect=Effect.READ)
def blocking_echo(context: ToolContext, text: str) -> dict[str, Any]:
    """Say where it runs and for whom."""
    return {
        "text": text,
        "process": os.getpid(),
        "command": Path("/proc/self/cmdline").read_text().split("\0"),
        "user": context.user_id,
        "key": str(context.idempotency_key),
        "attempt": context.attempt,
    }


def read(text: str) -> dict[str, Any]:
    """What `blocking_echo` said."""
    return dict(json.loads(text))


@tool(effect=Effect.READ, timeout=0.5)
def hangs(pids: str) -> str:
    """Never come back, nor does the process it starts."""
    return _hang(pids)


@tool(timeout=0.5)
def hangs_unsafely(pids: str) -> str:
    """Never come back, perhaps after doing something."""
    return _hang(pids)


@tool(effect=Effect.READ, timeout=FOREVER)
def hangs_once(pids: str) -> str:
    """Never come back within any test's time; but the second time it does."""
    return "awake" if Path(pids).exists() else _hang(pids)


@tool(effect=Effect.READ)
def dies(how: str) -> str:
    """End the process instead of answering."""
    match how:
        case "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case "exit":
            os._exit(3)
        case "sys.exit":
            sys.exit("enough")
    return "still here"


@tool()
def dies_unsafely() -> str:
    """End the process, perhaps after doing something."""
    os.kill(os.getpid(), signal.SIGKILL)
    return "still here"


@tool(effect=Effect.READ)
def returns(what: str) -> Any:
    """Bring back something unwieldy."""
    match what:
        case "a gigabyte":
            return "x" * 1024**3
        case "a long text":
            return "é" * 3_000_000
        case "surrogates":
            return "a\ud800b\x00c"
        case "an object":
            return {(1, 2): object()}
        case "noise":
            sys.stdout.write("{noise}\n" * 1000)
            return "quiet"
    return None


@tool(effect=Effect.READ)
def knows_user(context: ToolContext) -> str:
    """Ask the database who is asking."""
    return str(User.objects.get(pk=context.user_id))


@tool(effect=Effect.READ)
def raises(what: str) -> str:
    """Fail in one of the ways there are."""
    match what:
        case "ToolError":
            raise ToolError("there is no such room")
        case "TransientError":
            raise TransientError("busy", retry_after=1000)
        case "OutcomeUnknown":
            raise OutcomeUnknown("The line went dead.")
    raise KeyError("room")


def _hang(pids: str) -> str:
    started = subprocess.Popen([sys.executable, "-c", f"import time; time.sleep({FOREVER})"])
    Path(pids).write_text(f"{os.getpid()} {started.pid}\n")
    time.sleep(FOREVER)
    return "awake"
