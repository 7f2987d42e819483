"""Daphne keeps whatever it is given until the client has read it. Here a streamed answer waits for its reader.

Twisted says when a connection takes no more and when it does again, to whom is registered as the producer of the
answer; Daphne registers nobody.
"""

import asyncio
from typing import Any

from daphne.http_protocol import WebRequest
from daphne.server import Server

_hand_over = Server.handle_reply


class Valve:
    """Open while the connection takes more."""

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self._open.set()

    async def passed(self) -> None:
        await self._open.wait()

    def pauseProducing(self) -> None:
        self._open.clear()

    def resumeProducing(self) -> None:
        self._open.set()

    def stopProducing(self) -> None:
        """The connection is gone: whoever waits shall hear of it."""
        self._open.set()


def install() -> None:
    """Let every answer that comes in parts wait, after each of them, until its client has made room."""
    Server.handle_reply = _handle_reply


async def _handle_reply(server: Server, protocol: Any, message: dict[str, Any]) -> None:
    is_body = isinstance(protocol, WebRequest) and message["type"] == "http.response.body"
    if not is_body or protocol.finished or protocol.channel is None:
        await _hand_over(server, protocol, message)
    elif message.get("more_body"):
        if protocol.producer is None:
            protocol.registerProducer(Valve(), True)
        valve = protocol.producer
        await _hand_over(server, protocol, message)
        await valve.passed()
    else:
        if protocol.producer is not None:
            protocol.unregisterProducer()
        await _hand_over(server, protocol, message)
