"""A house: a server of the tests' own, as a command and at a URL."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:  # this file is read before Django's settings are
    from agents.mcp.tools import RemoteTool
    from agents.models import MCPServer

    Offered = Callable[..., RemoteTool]


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """What the house writes down."""
    (tmp_path / "book").touch()
    return tmp_path


@pytest.fixture(scope="session")
def house_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    from tests.agents.mcp.servers import house_at_a_url

    with house_at_a_url(tmp_path_factory.mktemp("house")) as url:
        yield url


@pytest.fixture
async def offered(db: None, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator["Offered"]:
    """`await offered(server, "add")`: a tool as that server defines it now. Its connections are closed in the end.

    What failed in another test is not held against this one's servers.
    """
    from agents.mcp.connections import connections
    from agents.mcp.link import Link
    from agents.mcp.server import Server
    from agents.tools.execution import tries
    from agents.tools.execution.circuits import Circuits
    from tests.agents.mcp.servers import tool

    monkeypatch.setattr(tries, "circuits", Circuits())

    async def asked(server: "MCPServer", name: str, **fields: Any) -> "RemoteTool":
        link = Link(Server.of(server))
        await link.ready()
        await link.close()
        return tool(server, next(one for one in link.listing.definitions if one.name == name), **fields)

    yield asked
    await connections().close()
