"""Runs the function of a blocking tool in a process of its own, which dies the moment we let go of it.

The processes are forked by a server that has one thread (forking this process, which has many, could deadlock). The
server starts at the first call that needs it. Each call has a line, a socket pair: we hold one end, its process the
other; closing ours, on a time-out, a stop or by our own death, has the server kill the call's whole process group.
"""

import asyncio
import contextlib
import json
import logging
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

from django.conf import settings
from pydantic import BaseModel

from agents.tools.results import (
    MOST_KEPT_CHARACTERS,
    OutcomeUnknown,
    Rendered,
    ToolError,
    TransientError,
)

if TYPE_CHECKING:
    from agents.tools.base import Tool, ToolContext

logger = logging.getLogger(__name__)

START_SECONDS = 60.0
MOST_ANSWER_BYTES = 6 * MOST_KEPT_CHARACTERS + 65_536  # six bytes are the longest JSON makes of a character we keep


class ProcessError(Exception):
    """A process that brought no answer, in words."""


class NotStarted(ProcessError):
    """No process could be had, so nothing was done."""


class PassingFailure(ProcessError):
    """The function raised what its tool declared as transient."""


class Process:
    """One forked process, waiting to be told its call."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def result_of(self, tool: "Tool", arguments: BaseModel, context: "ToolContext") -> Rendered:
        """The function's value as text. Raises what the function raised, or ProcessError when it just died."""
        self._writer.write(_request(tool, arguments, context))
        try:
            await self._writer.drain()
            line = await self._reader.readline()
        except (ConnectionError, ValueError):
            raise ProcessError("its process broke off its answer") from None
        return _understood(line)

    async def is_ready(self) -> bool:
        with contextlib.suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(START_SECONDS):
                return await self._reader.readline() == b"ready\n"
        return False


@contextlib.asynccontextmanager
async def opened() -> AsyncGenerator[Process]:
    """A process for one call; killed at the end, whatever it was doing. Raises NotStarted."""
    reader, writer = await asyncio.open_unix_connection(sock=_server.line(), limit=MOST_ANSWER_BYTES)
    try:
        process = Process(reader, writer)
        if not await process.is_ready():
            raise NotStarted("no process was free for it")
        yield process
    finally:
        writer.transport.abort()


class _Server:
    """The process that forks, started when it is first needed and again when it has died."""

    def __init__(self) -> None:
        self._starting = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def line(self) -> socket.socket:
        """Our end of a new call's line; a process will be at the other as soon as one is free."""
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                socket.send_fds(self._running(), [b"."], [theirs.fileno()])
            except OSError:
                ours.close()
                raise NotStarted("too many calls wait for a process") from None
        return ours

    def _running(self) -> socket.socket:
        with self._starting:
            if self._control is None or self._process is None or self._process.poll() is not None:
                self._start()
            assert self._control is not None
            return self._control

    def _start(self) -> None:
        if self._control is not None:
            self._control.close()
        self._control, theirs = socket.socketpair()
        self._control.setblocking(False)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-m", "agents.tools.execution.forkserver", str(theirs.fileno())],
                cwd=settings.BASE_DIR,
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )


_server = _Server()


def _request(tool: "Tool", arguments: BaseModel, context: "ToolContext") -> bytes:
    request = {
        "module": tool.function.__module__,
        "tool": tool.function.__name__,
        "arguments": arguments.model_dump_json(),
        "user_id": context.user_id,
        "run_id": str(context.run_id),
        "idempotency_key": str(context.idempotency_key),
        "agent_id": context.agent_id,
        "attempt": context.attempt,
    }
    return json.dumps(request).encode() + b"\n"


def _understood(line: bytes) -> Rendered:
    try:
        answer = json.loads(line)
        kind, words = answer["kind"], answer["words"]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise ProcessError("its process died or answered with something that cannot be read") from None
    match kind:
        case "value":
            return Rendered(words, answer["size"])
        case "transient":
            raise TransientError(words, retry_after=answer["retry_after"])
        case "error":
            raise ToolError(words)
        case "unknown":
            raise OutcomeUnknown(words)
        case "passing":
            raise PassingFailure(words)
    raise ProcessError(words)
