"""What is written down of the servers' tools, and what operators say about them."""

import asyncio
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from agents.mcp.definitions import Definition, Listing, alias_of, schema_problem, suggested_effect
from agents.mcp.errors import NotAsked
from agents.mcp.link import Link
from agents.mcp.server import Server
from agents.models import Effect, MCPServer, MCPTool
from agents.models.mcp import LONGEST_TIMEOUT
from agents.refusals import Conflict, Refused


@dataclass(frozen=True)
class Choice:
    """What an operator says of one tool. `seen` is the digest of the definition that was looked at."""

    tool_id: int
    seen: str
    is_usable: bool
    is_accepted: bool
    effect: Effect
    timeout: float


def fetch(row: MCPServer) -> Listing:
    """Connect, ask for the tools and write them down. Raises Refused in words for the person."""
    try:
        listing = asyncio.run(_listing(Server.of(row)))
    except NotAsked as error:
        note_trouble(row.pk, str(error))
        raise Refused(f"Its tools could not be fetched: {error}.") from None
    record(row.pk, listing)
    MCPServer.objects.filter(pk=row.pk).update(fetched_at=timezone.now())
    return listing


@transaction.atomic
def record(server_id: int, listing: Listing) -> None:
    """Write down what a server offers now. A tool that is new, changed or gone is not used until somebody says so."""
    server = MCPServer.objects.select_for_update().filter(pk=server_id).first()
    if server is None:
        return
    if (server.software, server.trouble) != (listing.software, ""):
        MCPServer.objects.filter(pk=server_id).update(software=listing.software, trouble="", trouble_at=None)
    offered = {one.name: one for one in listing.definitions if not one.problem}
    known = {tool.name: tool for tool in server.tools.all()}
    for name in known.keys() - offered.keys():
        if not known[name].is_missing:
            server.tools.filter(name=name).update(is_missing=True)
    for name, definition in offered.items():
        if name not in known:
            _add(server, definition)
        elif known[name].is_missing or known[name].digest != definition.digest:
            server.tools.filter(name=name).update(is_missing=False, **_columns(definition))


@transaction.atomic
def choose(choice: Choice, *, by: User) -> str:
    """Keep what an operator says of a tool; what was changed by that, in words. Raises Refused, Conflict."""
    tool = MCPTool.objects.select_for_update().get(pk=choice.tool_id)
    if not 1 <= choice.timeout <= LONGEST_TIMEOUT:
        raise Refused(f"{tool.name}: the timeout is from 1 to {LONGEST_TIMEOUT} seconds.")
    is_accepting = choice.is_accepted or (choice.is_usable and not tool.accepted_digest)
    if is_accepting and choice.seen != tool.digest:
        raise Conflict(f"{tool.name} was changed while you looked at it. Look again.")
    if is_accepting and (problem := schema_problem(tool.input_schema)):
        raise Refused(f"{tool.name} cannot be used. {problem}")
    before = {name: getattr(tool, name) for name in ("is_usable", "effect", "timeout", "accepted_digest")}
    tool.is_usable, tool.effect, tool.timeout = choice.is_usable, choice.effect, choice.timeout
    if is_accepting:
        tool.accepted_digest, tool.accepted_by = tool.digest, by
        tool.accepted = definition_of(tool)
    changed = [name for name, value in before.items() if getattr(tool, name) != value]
    if changed:
        tool.save()
    return f"{tool.alias}: {', '.join(_WORDS[name](tool) for name in changed)}" if changed else ""


def forget(tool: MCPTool) -> str:
    """Strike a tool that is gone off the list; what was done, in words. It comes back as a new one, if it does."""
    gone, _ = MCPTool.objects.filter(pk=tool.pk, is_missing=True).delete()
    return f"{tool.alias}: forgotten" if gone else ""


def note_trouble(server_id: int, words: str) -> None:
    MCPServer.objects.filter(pk=server_id).update(trouble=words, trouble_at=timezone.now())


def definition_of(tool: MCPTool) -> dict[str, Any]:
    """As it stands in the row, for comparing one with another."""
    return {
        "description": tool.description,
        "input_schema": tool.input_schema,
        "annotations": tool.annotations,
    }


_WORDS = {
    "is_usable": lambda tool: "chosen" if tool.is_usable else "not used any more",
    "effect": lambda tool: f"effect {tool.effect}",
    "timeout": lambda tool: f"timeout {tool.timeout:g} s",
    "accepted_digest": lambda tool: "definition accepted",
}


async def _listing(server: Server) -> Listing:
    link = Link(server)
    try:
        await link.ready()
        return link.listing
    finally:
        await link.close()


def _add(server: MCPServer, definition: Definition) -> None:
    server.tools.create(
        name=definition.name,
        alias=alias_of(server.name, definition.name),
        effect=suggested_effect(definition.annotations),
        **_columns(definition),
    )


def _columns(definition: Definition) -> dict[str, Any]:
    return {
        "description": definition.description,
        "input_schema": definition.input_schema,
        "annotations": definition.annotations,
        "digest": definition.digest,
    }
