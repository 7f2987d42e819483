"""The way to a server that is a URL. Whatever goes wrong on it is an answer to the one request it befell.

The SDK's transport ends with all its requests when one cannot connect, and keeps the status of an answer to itself.
Below it stands ours, which turns both into JSON-RPC errors that say what happened and whether anything was asked.
"""

import json
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from http import HTTPStatus
from typing import Any

import httpx2
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CONNECTION_CLOSED, INVALID_REQUEST

from agents.mcp.errors import CODE_FORGOTTEN, CODE_NOT_ASKED
from agents.mcp.server import Server

MOST_BYTES = 8 * 1024 * 1024
CONNECT_SECONDS = 5.0
CLOCKS = httpx2.Timeout(30, connect=CONNECT_SECONDS, read=None)  # an answer may take as long as its tool's timeout


@asynccontextmanager
async def streams(server: Server) -> AsyncGenerator[Any]:
    """Talk to the URL, with its headers on each request."""
    headers = {"Accept-Encoding": "identity", "User-Agent": "Plumbline", **dict(server.secrets)}
    async with (
        httpx2.AsyncClient(transport=_Telling(), headers=headers, timeout=CLOCKS) as client,
        _over(client, server.url) as both,
    ):
        yield both


def _over(client: httpx2.AsyncClient, url: str) -> AbstractAsyncContextManager[Any]:
    return streamable_http_client(url, http_client=client, max_sse_event_size=MOST_BYTES)


class _Telling(httpx2.AsyncBaseTransport):
    """HTTP as it is, but a POST always has an answer."""

    def __init__(self) -> None:
        self._wire = httpx2.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.method != "POST":
            return await self._wire.handle_async_request(request)
        try:
            response = await self._wire.handle_async_request(request)
            return await _told(request, response)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
            return _error(CODE_NOT_ASKED, f"it cannot be reached at {_place(request)} ({_words(error)})")
        except httpx2.TransportError as error:
            return _error(CONNECTION_CLOSED, f"the connection to {_place(request)} broke ({_words(error)})")

    async def aclose(self) -> None:
        await self._wire.aclose()


async def _told(request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
    is_json = response.headers.get("content-type", "").lower().startswith("application/json")
    if response.status_code < 400 and not is_json:
        return response  # a stream, whose events are bounded one by one
    body = await _read(response)
    if body is None:
        return _error(CONNECTION_CLOSED, f"its answer has more than {MOST_BYTES // 1024**2} MB")
    if response.status_code < 400 or (is_json and _is_error(body)):
        return httpx2.Response(response.status_code, headers=response.headers, content=body)
    return _refused(request, response)


def _refused(request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
    status = response.status_code
    words = f"it answered {status} {_phrase(status)}"
    if status == 404 and "mcp-session-id" in request.headers:
        return _error(CODE_FORGOTTEN, "it does not know our session any more")
    if status == 429:
        return _error(CODE_NOT_ASKED, words, retry_after=_seconds(response.headers.get("retry-after", "")))
    # Behind a gateway's 5xx the server may have done what it was asked.
    return _error(CONNECTION_CLOSED if status >= 500 else INVALID_REQUEST, words)


async def _read(response: httpx2.Response) -> bytes | None:
    """The body; None when it is longer than we read."""
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    pieces, size = [], 0
    try:
        async for piece in response.stream:
            size += len(piece)
            if size > MOST_BYTES:
                return None
            pieces.append(piece)
    finally:
        await response.aclose()
    return b"".join(pieces)


def _error(code: int, words: str, **data: float | None) -> httpx2.Response:
    said = {"jsonrpc": "2.0", "id": None, "error": {"code": code, "message": words, "data": data}}
    return httpx2.Response(503, headers={"content-type": "application/json"}, content=json.dumps(said).encode())


def _is_error(body: bytes) -> bool:
    try:
        return bool(json.loads(body)["error"]["message"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return False


def _place(request: httpx2.Request) -> str:
    return f"{request.url.host}:{request.url.port or (443 if request.url.scheme == 'https' else 80)}"


def _words(error: httpx2.TransportError) -> str:
    return str(error) or type(error).__name__


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "(no status we know)"


def _seconds(text: str) -> float | None:
    try:
        return max(0.0, float(text))
    except ValueError:
        return None
