"""How much a socket's client has not read yet. Daphne takes whatever it is given and keeps it, so we count."""

import asyncio
from collections import deque

from django.conf import settings

MOST_UNREAD = 256 * 1024  # bytes


class TooSlow(Exception):
    """The client has not read for long, or asks more than it reads."""


class Window:
    """The frames of one socket that its client has not confirmed. It confirms them by their number (`got`)."""

    def __init__(self) -> None:
        self._sizes: deque[int] = deque()
        self._unread = 0
        self._confirmed = 0
        self._moved = asyncio.Event()

    def sent(self, frame: str) -> None:
        """Count a frame. Raises TooSlow for answers, which wait for no room, to one who asks and does not read."""
        if self._unread > 2 * MOST_UNREAD:
            raise TooSlow
        size = len(frame) if frame.isascii() else len(frame.encode())
        self._sizes.append(size)
        self._unread += size

    def got(self, frames: int) -> None:
        """The client has read that many frames of this connection, counted from its first."""
        while self._sizes and self._confirmed < frames:
            self._unread -= self._sizes.popleft()
            self._confirmed += 1
            self._moved.set()

    async def room(self) -> None:
        """Return when another frame may be sent. Raises TooSlow after long without a sign that anything was read."""
        while self._unread >= MOST_UNREAD:
            self._moved.clear()
            try:
                async with asyncio.timeout(settings.SOCKET_PATIENCE_SECONDS):
                    await self._moved.wait()
            except TimeoutError:
                raise TooSlow from None
