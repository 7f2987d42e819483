"""Requests of agents to other services: where they may go, and what comes back."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest

from agents.addresses import is_public
from agents.models import CallStatus
from agents.tools.base import ToolContext, ToolError, ToolResult
from agents.tools.http_request import LARGEST_ANSWER, Answer, asked
from agents.tools.registry import all_tools


async def call(url: str, **more: Any) -> ToolResult:
    context = ToolContext(user_id=None, run_id=uuid4(), idempotency_key=uuid4())
    return await all_tools()["http_request"].call(json.dumps({"method": "GET", "url": url} | more), context)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.8", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "::1", "::", "fe80::1%eth0", "fd00::1", "::ffff:10.0.0.8", "2002:7f00:1::",
        "64:ff9b::7f00:1", "ff02::1", "nonsense",
    ],
)  # fmt: skip
def test_addresses_of_this_house_are_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "1.1.1.1", "2606:4700:4700::1111", "::ffff:1.1.1.1"])
def test_addresses_of_the_world_are(address):
    assert is_public(address)


async def test_without_a_list_of_hosts_it_refuses_in_words(settings):
    settings.HTTP_REQUEST_HOSTS = []

    result = await call("https://api.example.org/")

    assert result.status == CallStatus.INVALID
    assert "HTTP_REQUEST_HOSTS" in result.text


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/", "https://api.example.org.evil.com/", "ftp://api.example.org/", "file:///etc/passwd",
        "https://api.example.org@evil.com/", "https://me:secret@api.example.org/", "//api.example.org/", "http://[::1",
    ],
)  # fmt: skip
async def test_only_the_hosts_on_the_list_are_asked(settings, url):
    settings.HTTP_REQUEST_HOSTS = ["api.example.org", "*.example.net"]

    assert (await call(url)).status == CallStatus.INVALID


@pytest.mark.parametrize("headers", [{"Host": "x"}, {"X-A": "1\r\nX-B: 2"}, {"": "x"}, {"Content-Length": "1"}])
async def test_headers_that_would_change_the_request_itself_are_refused(settings, headers):
    settings.HTTP_REQUEST_HOSTS = ["api.example.org"]

    assert (await call("https://api.example.org/", headers=headers)).status == CallStatus.INVALID


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
async def test_an_allowed_name_that_leads_into_this_house_is_refused(settings, host):
    settings.HTTP_REQUEST_HOSTS = ["localhost", "127.0.0.1"]
    async with a_server(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret") as (port, heard):
        result = await call(f"http://{host}:{port}/")

    assert result.status == CallStatus.FAILED
    assert "not an address of the open net" in result.text
    assert heard == []


async def test_the_answer_comes_back_with_its_status_and_type():
    reply = b"HTTP/1.1 404 Not Found\r\nContent-Type: text/plain; charset=latin-1\r\nContent-Length: 4\r\n\r\ncaf\xe9"
    async with a_server(reply) as (port, heard):
        answer = await reached("POST", f"http://localhost:{port}/a?b=1", "order", {"X-Key": "1"})

    assert (answer.status, answer.body, answer.headers["Content-Type"]) == (404, "café", "text/plain; charset=latin-1")
    assert heard[0].startswith(b"POST /a?b=1 HTTP/1.1\r\nHost: localhost:")
    assert b"X-Key: 1" in heard[0]


async def test_a_redirect_is_told_and_not_followed():
    async with a_server(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n") as (
        port,
        heard,
    ):
        answer = await reached("GET", f"http://localhost:{port}/", "", {})

    assert (answer.status, answer.headers["Location"]) == (302, "http://127.0.0.1/")
    assert len(heard) == 1


async def test_a_large_answer_is_cut():
    async with a_server(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (LARGEST_ANSWER + 5000)) as (port, _):
        answer = await reached("GET", f"http://localhost:{port}/", "", {})

    assert len(answer.body) == LARGEST_ANSWER
    assert "Only the first" in answer.note


async def test_nobody_there_means_that_nothing_was_done():
    async with a_server(b"") as (port, _):
        pass

    with pytest.raises(ToolError, match="cannot be reached"):
        await reached("POST", f"http://127.0.0.1:{port}/", "order", {})


async def test_a_connection_that_breaks_leaves_the_outcome_of_a_post_open_and_not_of_a_get():
    async with a_server(b"") as (port, _):
        with pytest.raises(ToolError):
            await reached("GET", f"http://localhost:{port}/", "", {})
        with pytest.raises(Exception) as broke:
            await reached("POST", f"http://localhost:{port}/", "order", {})

    assert not isinstance(broke.value, ToolError)


async def reached(method: Any, url: str, body: str, headers: dict[str, str]) -> Answer:
    """As the tool asks, from a house whose own addresses are allowed."""
    return await asked(method, url, body, headers, is_allowed=lambda address: True)


@asynccontextmanager
async def a_server(reply: bytes) -> AsyncIterator[tuple[int, list[bytes]]]:
    """Says the same to everybody and hangs up. Yields its port and what it heard."""
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(reply)
        writer.close()

    server = await asyncio.start_server(serve, "localhost", 0)
    yield server.sockets[0].getsockname()[1], heard
    server.close()
