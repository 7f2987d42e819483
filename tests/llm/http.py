"""As much of an HTTP/1.1 server as an LLM's client needs."""

import asyncio
import json
import socket
import struct
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, cast


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any] = field(default_factory=dict)

    @property
    def messages(self) -> list[dict[str, Any]]:
        return cast(list[dict[str, Any]], self.body["messages"])

    @property
    def question(self) -> str:
        """What the person said last."""
        return str(next(message["content"] for message in reversed(self.messages) if message["role"] == "user"))


class Connection(asyncio.Protocol):
    """One client, its requests answered one after the other. The answer is cancelled when the client leaves."""

    def __init__(self, answer: Callable[["Connection", Request], Coroutine[Any, Any, None]]) -> None:
        self._answer = answer
        self._received = b""
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        self._serve()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._task:
            self._task.cancel()

    def send(self, data: bytes) -> None:
        self.transport.write(data)

    def reset(self) -> None:
        """Break the connection: the client sees a reset, not an end."""
        raw = self.transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def _serve(self) -> None:
        if self._task and not self._task.done():
            return
        request, self._received = _parsed(self._received)
        if request:
            self._task = asyncio.get_running_loop().create_task(self._answer(self, request))
            self._task.add_done_callback(lambda task: None if task.cancelled() else self._serve())


def _parsed(received: bytes) -> tuple[Request | None, bytes]:
    """The first whole request and what follows it; no request while it is not whole."""
    head, end, rest = received.partition(b"\r\n\r\n")
    if not end:
        return None, received
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    length = int(headers.get("content-length", 0))
    if len(rest) < length:
        return None, received
    body = json.loads(rest[:length]) if length else {}
    return Request(method, path, headers, body), rest[length:]
