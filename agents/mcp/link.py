"""One connection to one server, opened and closed by a task of its own: its cancel scopes must end where they began."""

import asyncio
import math
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
from mcp import MCPError
from mcp.client.client import Client
from mcp.client.session import ClientSession, IncomingMessage
from mcp_types import (
    CONNECTION_CLOSED,
    PARSE_ERROR,
    REQUEST_TIMEOUT,
    CallToolRequest,
    CallToolRequestParams,
    CallToolResult,
    Implementation,
    InputRequiredResult,
    PaginatedRequestParams,
    ToolListChangedNotification,
)
from mcp_types import Tool as ToolDefinition
from pydantic import TypeAdapter, ValidationError

from agents.mcp import http, stdio
from agents.mcp.definitions import Definition, Listing, every_text
from agents.mcp.errors import CODE_FORGOTTEN, CODE_NOT_ASKED, Declined, Forgotten, Lost, NotAsked
from agents.mcp.server import Server
from agents.models import Transport
from agents.text import storable

CONNECT_SECONDS = 45.0  # a command may have to be fetched from its package index first
LIST_SECONDS = 15.0
IDLE_SECONDS = 900.0
LISTING_SECONDS = 300.0
MOST_PAGES = 50
MOST_TOOLS = 500

Answer = CallToolResult | InputRequiredResult
ANSWERS: TypeAdapter[Answer] = TypeAdapter(Answer)
Listed = Callable[[Listing], Awaitable[None]]


class Link:
    """Open until it is closed, unused for long, or the server ends it; then another one is made."""

    def __init__(self, server: Server, listed: Listed | None = None) -> None:
        self.server = server
        self.listing = Listing("", ())
        self.in_use = 0
        self._listed = listed
        self._is_stale = self._is_retired = False
        self._listed_at = self._used_at = time.monotonic()
        self._said: deque[str] = deque(maxlen=3)
        self._session: ClientSession | None = None
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ready.add_done_callback(_seen)
        self._ending = asyncio.Event()
        self._listing_now = asyncio.Lock()
        self._owner = asyncio.create_task(self._own(), name=f"MCP server {server.name}")

    @property
    def is_open(self) -> bool:
        return not (self._owner.done() or self._ending.is_set() or self._is_retired)

    @property
    def is_ready(self) -> bool:
        return self._ready.done()

    async def ready(self) -> None:
        """Return when it may be used, with a listing that is not old. Raises NotAsked."""
        await asyncio.shield(self._ready)  # whoever stops waiting does not stop the others
        async with self._listing_now:
            if not self._is_stale and time.monotonic() - self._listed_at < LISTING_SECONDS:
                return
            try:
                await self._list()
            except NotAsked:
                self.retire()  # the next call has another connection
                raise

    async def call(self, name: str, arguments: dict[str, Any], meta: dict[str, Any]) -> Answer:
        """What the server answers. Raises NotAsked, Lost or Declined."""
        parameters = CallToolRequestParams.model_validate({"name": name, "arguments": arguments, "_meta": meta})
        self.in_use += 1
        try:
            # Not `call_tool`: it raises when a result does not fit the declared form, although the work was done.
            return await self._of_session.send_request(CallToolRequest(params=parameters), ANSWERS)
        except MCPError as error:
            raise self._told(error) from None
        except ValidationError:
            raise Lost("it answered with something that cannot be understood") from None
        except asyncio.CancelledError:
            self._is_stale = True  # it may hang altogether: the next call asks first
            raise
        finally:
            self.in_use -= 1
            self._used_at = time.monotonic()
            if self._is_retired:
                self.retire()

    async def close(self) -> None:
        """End it, and wait until it has ended."""
        self._ending.set()
        await asyncio.wait({self._owner})

    def retire(self) -> None:
        """End it as soon as nobody uses it any more."""
        self._is_retired = True
        if not self.in_use:
            self._ending.set()

    @property
    def _of_session(self) -> ClientSession:
        if self._session is None:
            raise NotAsked("its connection has ended")
        return self._session

    async def _own(self) -> None:
        try:
            with anyio.fail_after(CONNECT_SECONDS) as clock:
                async with self._client() as client:
                    self._session = client.session
                    await self._list()
                    clock.deadline = math.inf
                    self._ready.set_result(None)
                    await self._unused()
        except Exception as error:
            self._fail(error)
        finally:
            self._session = None
            self._ending.set()
            self._fail(NotAsked("its connection was closed"))

    def _fail(self, error: Exception) -> None:
        if not self._ready.done():
            self._ready.set_exception(NotAsked(self._words(error)))

    def _client(self) -> Client:
        if self.server.transport == Transport.STDIO:
            transport = stdio.streams(self.server, self._said, self._ending.set)
        else:
            transport = http.streams(self.server)
        return Client(
            transport, client_info=Implementation(name="Plumbline", version="1"), cache=None, message_handler=self._hear
        )

    async def _unused(self) -> None:
        """Return when it is to end, or when nobody has used it for long."""
        while not self._ending.is_set():
            with anyio.move_on_after(IDLE_SECONDS):
                await self._ending.wait()
            if not self.in_use and time.monotonic() - self._used_at >= IDLE_SECONDS:
                return

    async def _hear(self, message: IncomingMessage) -> None:
        if isinstance(message, ToolListChangedNotification):
            self._is_stale = True

    async def _list(self) -> None:
        """Ask what it offers. Raises NotAsked: without that no tool of it is used."""
        self._is_stale = False
        try:
            with anyio.fail_after(LIST_SECONDS):
                definitions = await self._definitions()
        except (MCPError, ValidationError, TimeoutError) as error:
            self._is_stale = True
            raise NotAsked(self._words(error)) from None
        self.listing = Listing(self._software(), definitions)
        self._listed_at = time.monotonic()
        if self._listed:
            await self._listed(self.listing)

    async def _definitions(self) -> tuple[Definition, ...]:
        found: dict[str, Definition] = {}
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            page = await self._of_session.list_tools(params=PaginatedRequestParams(cursor=cursor))
            found |= {tool.name: _definition(tool, self.server) for tool in page.tools}
            cursor = page.next_cursor
            if cursor is None:
                break
        if len(found) > MOST_TOOLS:
            raise NotAsked(f"it offers more than {MOST_TOOLS} tools")
        return tuple(found.values())

    def _software(self) -> str:
        info = self._of_session.server_info
        name = f"{info.title or info.name} {info.version}" if info else "It does not say what it is"
        return storable(f"{name} (MCP {self._of_session.protocol_version})")[:200]

    def _told(self, error: MCPError) -> Exception:
        words = self._words(error)
        match error.code:
            case code if code == CODE_FORGOTTEN:
                self._ending.set()
                return Forgotten(words)
            case code if code == CODE_NOT_ASKED:
                data = error.data if isinstance(error.data, dict) else {}
                return NotAsked(words, retry_after=data.get("retry_after"))
            case code if code in (CONNECTION_CLOSED, PARSE_ERROR, REQUEST_TIMEOUT):
                return Lost(words)
        return Declined(words)

    def _words(self, error: BaseException) -> str:
        """What went wrong, without our secrets; of a command that has ended, with the last it complained of."""
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        if isinstance(error, TimeoutError):
            words = "it does not answer"
        elif isinstance(error, ValidationError):
            words = "it answers with something that cannot be understood"
        elif isinstance(error, MCPError) and error.message == "Connection closed":
            words = ": ".join(["it has ended", " / ".join(self._said)] if self._said else ["it has ended"])
        else:
            words = str(error) or type(error).__name__
        return storable(self.server.masked(words)).strip().rstrip(".")[:1000]


def _definition(tool: ToolDefinition, server: Server) -> Definition:
    annotations = tool.annotations.model_dump(mode="json", by_alias=True, exclude_none=True) if tool.annotations else {}

    def clean(text: str) -> str:
        return storable(server.masked(text))

    return Definition(
        name=storable(tool.name)[:200],
        description=clean(tool.description or ""),
        input_schema=every_text(tool.input_schema, clean),
        annotations=every_text(annotations, clean),
    )


def _seen(future: "asyncio.Future[None]") -> None:
    """A failure nobody waits for is no surprise."""
    if not future.cancelled():
        future.exception()
