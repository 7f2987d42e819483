"""Servers for the tests, and their tools as the loop calls them."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

from agents.mcp.definitions import Definition, alias_of
from agents.mcp.tools import RemoteTool, tool_of
from agents.models import Effect, MCPServer, MCPTool, Transport
from agents.secrets import sealed
from tests.loopback import free_port

HOUSE = str(Path(__file__).with_name("house.py"))


def by_command(*command: str, name: str = "house", **secrets: str) -> MCPServer:
    """A server that is a command; nothing is saved."""
    program, *arguments = command
    return MCPServer(
        pk=1, name=name, transport=Transport.STDIO, command=program, arguments=arguments, secrets=_sealed(secrets)
    )


def house_in(book: Path, **secrets: str) -> MCPServer:
    """The house of the tests as a command, writing into that folder."""
    return by_command(sys.executable, HOUSE, str(book), **secrets)


def by_url(url: str, name: str = "house", **secrets: str) -> MCPServer:
    return MCPServer(pk=2, name=name, transport=Transport.HTTP, url=url, secrets=_sealed(secrets))


@contextmanager
def house_at_a_url(book: Path, *more: str, port: int | None = None) -> Iterator[str]:
    """The house of the tests as an HTTP server; the address."""
    port = port or free_port()
    command = [sys.executable, HOUSE, str(book), str(port), *more]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr
        said = next((line for line in process.stderr if "running on" in line), None)
        assert said, "the house did not open"
        Thread(target=process.stderr.read, daemon=True).start()
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        process.kill()
        process.wait()


def tool(server: MCPServer, definition: Definition, **fields: Any) -> RemoteTool:
    """A tool of that server, accepted as it is defined here."""
    row = MCPTool(
        server=server,
        name=definition.name,
        alias=alias_of(server.name, definition.name),
        description=definition.description,
        input_schema=definition.input_schema,
        digest=definition.digest,
        accepted_digest=definition.digest,
        **{"effect": Effect.UNSAFE, "timeout": 20} | fields,
    )
    return tool_of(row)


def _sealed(secrets: dict[str, str]) -> dict[str, str]:
    return {name: sealed(value).decode() for name, value in secrets.items()}
