"""One call of a blocking tool, inside the process forked for it."""

import contextlib
import json
import resource
import socket
import sys
import uuid
from importlib import import_module
from pathlib import Path
from typing import Any

from agents.tools.base import OutcomeUnknown, Tool, ToolContext, ToolError, TransientError
from agents.tools.results import rendered

MOST_MEMORY = 1024**3  # bytes a function may allocate


def answer(line: socket.socket) -> None:
    """Read the call from the line, run its function, and write down what came of it."""
    line.sendall(b"ready\n")
    with line.makefile("rb") as reader:
        request = json.loads(reader.readline())
    _limit_memory()
    outcome = _outcome(request)
    sys.stdout.flush()
    line.sendall(json.dumps(outcome, ensure_ascii=False).encode(errors="replace") + b"\n")


def _outcome(request: dict[str, Any]) -> dict[str, Any]:
    tool: Tool = getattr(import_module(request["module"]), request["tool"])
    context = ToolContext(
        user_id=request["user_id"],
        run_id=uuid.UUID(request["run_id"]),
        idempotency_key=uuid.UUID(request["idempotency_key"]),
        attempt=request["attempt"],
        agent_id=request["agent_id"],
    )
    try:
        value = rendered(tool.function(**tool.given(tool.validated(request["arguments"]), context)))
        return {"kind": "value", "words": value.text, "size": value.size}
    except OutcomeUnknown as error:
        return {"kind": "unknown", "words": str(error)}
    except MemoryError:
        return {"kind": "bug", "words": f"it needed more than {MOST_MEMORY // 1024**2:,} MB of memory"}
    except BaseException as error:  # also a tool that calls sys.exit
        return _failure(tool, error)


def _failure(tool: Tool, error: BaseException) -> dict[str, Any]:
    words = str(error)
    if isinstance(error, TransientError):
        return {"kind": "transient", "words": words, "retry_after": error.retry_after}
    if isinstance(error, ToolError):
        return {"kind": "error", "words": words}
    return {"kind": "passing" if tool.is_transient(error) else "bug", "words": f"{type(error).__name__}: {words}"}


def _limit_memory() -> None:
    """A runaway function fails in words, or is the first the kernel ends; never its worker."""
    with contextlib.suppress(ValueError, OSError):
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        most = MOST_MEMORY if hard == resource.RLIM_INFINITY else min(MOST_MEMORY, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")
