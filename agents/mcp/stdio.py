"""The way to a server that is a command: its standard input and output, one message a line, each of bounded length.

Not the SDK's own: that one keeps whatever a server prints until a line ends, logs each line that is no message, and
leaves the server alive when a worker is killed.
"""

import asyncio
import logging
import os
import shutil
import sys
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from signal import SIGKILL

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.shared.message import SessionMessage
from mcp_types import jsonrpc_message_adapter

from agents.mcp.errors import NotAsked
from agents.mcp.server import Server

logger = logging.getLogger(__name__)

LEASH = Path(__file__).with_name("leash.py")
PASSED_ON = ("HOME", "LANG", "LC_ALL", "LOGNAME", "PATH", "SHELL", "TERM", "TZ", "USER")  # none of our own secrets
MOST_LINE_BYTES = 8 * 1024 * 1024
MOST_GARBAGE = 50
MOST_LOGGED_A_MINUTE = 60
LONGEST_LOGGED = 500
GRACE_SECONDS = 2.0

Streams = tuple[MemoryObjectReceiveStream[SessionMessage | Exception], MemoryObjectSendStream[SessionMessage]]


@asynccontextmanager
async def streams(server: Server, said: deque[str], ended: Callable[[], None]) -> AsyncGenerator[Streams]:
    """Start the command and talk to it. `said` gets what it last complained of; `ended` is called when it has ended."""
    process = await _started(server)
    assert process.stdin and process.stdout and process.stderr
    heard, to_session = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    from_session, to_say = anyio.create_memory_object_stream[SessionMessage](0)
    try:
        async with anyio.create_task_group() as pumps:
            pumps.start_soon(_listen, process.stdout, heard, said, ended)
            pumps.start_soon(_speak, process.stdin, to_say, ended)
            pumps.start_soon(_note, server, process.stderr, said)
            try:
                yield to_session, from_session
            finally:
                await _stop(process)
                pumps.cancel_scope.cancel()
    finally:
        _kill(process)
        for stream in (heard, to_session, from_session, to_say):
            stream.close()


async def _started(server: Server) -> asyncio.subprocess.Process:
    environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    beside_us = str(Path(sys.executable).parent)  # a server installed into our own environment is found
    environment["PATH"] = f"{beside_us}{os.pathsep}{environment.get('PATH', os.defpath)}"
    environment |= dict(server.secrets)
    if not shutil.which(server.command[0], path=environment["PATH"]):
        raise NotAsked(f"there is no command {server.command[0]!r} on this machine")
    try:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", str(LEASH), str(os.getpid()), *server.command),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment,
            cwd="/",
            start_new_session=True,
            limit=MOST_LINE_BYTES,
        )
    except (OSError, ValueError) as error:
        raise NotAsked(f"its command could not be started ({error})") from None


async def _listen(
    output: asyncio.StreamReader,
    heard: MemoryObjectSendStream[SessionMessage | Exception],
    said: deque[str],
    ended: Callable[[], None],
) -> None:
    """Pass on each line that is a message, until the server ends or says too much that is none."""
    garbage = 0
    with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
        async with heard:
            while line := await _line(output, said):
                try:
                    message = jsonrpc_message_adapter.validate_json(line, by_name=False)
                except ValueError:
                    garbage += bool(line.strip())
                    if garbage == MOST_GARBAGE:
                        said.append(f"{garbage} lines of its output were no messages")
                        break
                    continue
                await heard.send(SessionMessage(message))
    ended()


async def _line(output: asyncio.StreamReader, said: deque[str]) -> bytes:
    """The next line; nothing at the end, or when a line does not end."""
    try:
        return await output.readline()
    except ValueError:
        said.append(f"a line of its output was longer than {MOST_LINE_BYTES // 1024**2} MB")
        return b""


async def _speak(
    stdin: asyncio.StreamWriter, to_say: MemoryObjectReceiveStream[SessionMessage], ended: Callable[[], None]
) -> None:
    try:
        async for said in to_say:
            stdin.write(said.message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n")
            await stdin.drain()
    except (ConnectionError, RuntimeError):
        ended()


async def _note(server: Server, errors: asyncio.StreamReader, said: deque[str]) -> None:
    """Its standard error goes to our log: without our secrets, in lines of bounded length, so many a minute."""
    minute, logged = 0, 0
    while True:
        try:
            line = await errors.readline()
        except ValueError:
            continue  # an endless line: what there was of it is gone
        if not line:
            return
        words = server.masked(line.decode(errors="replace").strip())[:LONGEST_LOGGED]
        if words:
            said.append(words)
        if (now := int(time.monotonic() // 60)) != minute:
            minute, logged = now, 0
        logged += 1
        if logged <= MOST_LOGGED_A_MINUTE:
            logger.info("MCP server %s: %s", server.name, words)
        elif logged == MOST_LOGGED_A_MINUTE + 1:
            logger.info("MCP server %s says more than is logged in a minute.", server.name)


async def _stop(process: asyncio.subprocess.Process) -> None:
    """Closing its input asks it to end, as the protocol has it; then it is killed."""
    with anyio.move_on_after(GRACE_SECONDS, shield=True):
        assert process.stdin
        process.stdin.close()
        await process.wait()
    _kill(process)


def _kill(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, SIGKILL)
