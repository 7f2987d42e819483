"""Holds a connection to the house until it is killed: `python -m tests.agents.mcp.holder BOOK`."""

import asyncio
import sys
from pathlib import Path

import django


async def main() -> None:
    from agents.mcp.link import Link
    from agents.mcp.server import Server
    from tests.agents.mcp.servers import house_in

    link = Link(Server.of(house_in(Path(sys.argv[1]))))
    await link.ready()
    print("connected", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    django.setup()
    asyncio.run(main())
