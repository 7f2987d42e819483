"""A line that can be bad: it stands before a server and refuses, delays, freezes or cuts what goes through it."""

import asyncio
import socket
import struct
import threading
from collections.abc import Iterable
from contextlib import suppress

SECONDS = 10


class Proxy:
    """Listens on a port of its own. What it does to a connection is decided when the connection is made."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._limits: list[int] = []
        self._lines: set[asyncio.StreamWriter] = set()
        self._flows = asyncio.Event()
        self.refuses = False
        self.delay = 0.0
        self.cuts = 0

    def start(self) -> "Proxy":
        self._thread.start()
        listening = asyncio.start_server(self._connected, "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(listening, self._loop).result(SECONDS)
        self.port: int = self._server.sockets[0].getsockname()[1]
        self.thaw()
        return self

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(SECONDS)
        self._loop.close()

    def cut_after(self, sizes: Iterable[int]) -> None:
        """The next connections are reset after so many bytes from the server, one number each; later ones are left."""
        self._limits = list(sizes)

    def cut_all(self) -> None:
        """Reset every connection there is."""
        self._loop.call_soon_threadsafe(self._cut_all)

    def freeze(self) -> None:
        """From now on nothing goes through, and nobody is told."""
        self._loop.call_soon_threadsafe(self._flows.clear)

    def thaw(self) -> None:
        self._loop.call_soon_threadsafe(self._flows.set)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refuses:
            _reset(writer)
            return
        limit = self._limits.pop(0) if self._limits else None
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:  # nobody is there
            _reset(writer)
            return
        self._lines.add(writer)
        downstream = asyncio.create_task(self._carry(far_reader, writer, limit))
        upstream = asyncio.create_task(self._carry(reader, far_writer, None))
        await asyncio.wait([downstream, upstream], return_when=asyncio.FIRST_COMPLETED)
        if downstream.done() and downstream.result():
            self.cuts += 1
        for task in (downstream, upstream):
            task.cancel()
        self._lines.discard(writer)
        for end in (writer, far_writer):
            _reset(end)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, limit: int | None) -> bool:
        """Carry bytes one way; true when the limit was reached."""
        with suppress(OSError):
            while data := await reader.read(65_536):
                await self._flows.wait()
                if self.delay:
                    await asyncio.sleep(self.delay)
                passing = data if limit is None else data[:limit]
                writer.write(passing)
                await writer.drain()
                if limit is not None:
                    limit -= len(passing)
                    if limit <= 0:
                        return True
        return False

    def _cut_all(self) -> None:
        for line in self._lines:
            self.cuts += 1
            _reset(line)

    async def _close(self) -> None:
        self._server.close()
        self._cut_all()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Break a connection: its client sees a reset, not an end. One that has ended already is left alone."""
    if writer.transport.is_closing():
        return
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
