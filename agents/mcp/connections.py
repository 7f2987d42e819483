"""The links that a process keeps: one a server, opened at its first call, eight calls at once over each."""

import asyncio
import logging
import time
from dataclasses import dataclass
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

from agents.database import in_database
from agents.mcp import catalogue
from agents.mcp.definitions import Listing
from agents.mcp.errors import Declined, Forgotten, Lost, NotAsked
from agents.mcp.link import Answer, Link
from agents.mcp.server import Server

logger = logging.getLogger(__name__)

MOST_AT_ONCE = 8
READY_SECONDS = 20.0


@dataclass(frozen=True)
class Question:
    """A call of a tool that was accepted with this definition."""

    name: str
    digest: str
    arguments: dict[str, Any]
    meta: dict[str, Any]


class Connections:
    """Belongs to one event loop."""

    def __init__(self) -> None:
        self._links: dict[int, Link] = {}
        self._slots: dict[int, asyncio.Semaphore] = {}

    async def ask(self, server: Server, question: Question, *, seconds: float, told: dict[str, Any]) -> Answer:
        """What the server answers. Raises NotAsked (also when it is not ready in `seconds`), Lost or Declined."""
        slots = self._slots.setdefault(server.id, asyncio.Semaphore(MOST_AT_ONCE))
        began = time.monotonic()
        try:
            async with asyncio.timeout(min(seconds, READY_SECONDS)):
                await slots.acquire()
        except TimeoutError:
            raise NotAsked(f"{MOST_AT_ONCE} other calls keep it busy") from None
        try:
            return await self._asked(server, question, seconds - (time.monotonic() - began), told)
        except (NotAsked, Lost) as error:
            await self._note(server, str(error))
            raise
        finally:
            slots.release()

    async def close(self) -> None:
        """End all links."""
        links, self._links = list(self._links.values()), {}
        await asyncio.gather(*(link.close() for link in links))

    async def _asked(self, server: Server, question: Question, seconds: float, told: dict[str, Any]) -> Answer:
        link = await self._ready(server, seconds, told)
        try:
            return await self._over(link, question, told)
        except Forgotten:  # nothing was done, so asking again is safe for every tool
            link = await self._ready(server, seconds, told)
            return await self._over(link, question, told)

    async def _ready(self, server: Server, seconds: float, told: dict[str, Any]) -> Link:
        link, began = self._link(server), time.monotonic()
        was_ready = link.is_ready
        try:
            async with asyncio.timeout(max(0.0, min(seconds, READY_SECONDS))):
                await link.ready()
        except TimeoutError:
            raise NotAsked("it does not get ready in time") from None
        if not was_ready:
            told["plumbline.mcp.connect_ms"] = _ms_since(began)
        return link

    async def _over(self, link: Link, question: Question, told: dict[str, Any]) -> Answer:
        digest = link.listing.digest_of(question.name)
        if digest is None:
            raise Declined("it does not offer this tool any more")
        if digest != question.digest:
            raise Declined("this tool was changed since an operator accepted it, and is not used until one looks at it")
        began = time.monotonic()
        try:
            return await link.call(question.name, question.arguments, question.meta)
        finally:
            told["plumbline.mcp.server_ms"] = _ms_since(began)

    def _link(self, server: Server) -> Link:
        """The one that is open, unless the way to the server has been changed."""
        link = self._links.get(server.id)
        if link and link.is_open and link.server == server:
            return link
        if link:
            link.retire()
        self._links[server.id] = link = Link(server, partial(_keep, server))
        return link

    async def _note(self, server: Server, words: str) -> None:
        logger.warning("MCP server %s: %s.", server.name, words)
        try:
            await in_database(catalogue.note_trouble, server.id, words)
        except Exception:  # the call's own result says it too
            logger.exception("That could not be noted.")


async def _keep(server: Server, listing: Listing) -> None:
    """What has changed since the last time is flagged for the operators, by whoever sees it first."""
    try:
        await in_database(catalogue.record, server.id, listing)
    except Exception:  # the definitions are compared at each call, whatever the rows say
        logger.exception("What MCP server %s offers could not be written down.", server.name)


def _ms_since(moment: float) -> int:
    return round((time.monotonic() - moment) * 1000)


_of_loops: WeakKeyDictionary[asyncio.AbstractEventLoop, Connections] = WeakKeyDictionary()


def connections() -> Connections:
    """Those of the running loop; a worker has one for all its runs."""
    return _of_loops.setdefault(asyncio.get_running_loop(), Connections())
