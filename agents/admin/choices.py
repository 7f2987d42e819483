"""What can be ticked in the form over a version: tools, other agents, groups."""

from dataclasses import dataclass

from django.contrib.auth.models import Group

from agents.admin.version_sheet import PolicyRows, Sheet
from agents.models import Agent, Effect
from agents.teams import tool_name
from agents.tools.registry import choosable_tools

EFFECTS = {
    Effect.READ: "only reads",
    Effect.IDEMPOTENT: "may be repeated",
    Effect.UNSAFE: "changes the world",
}
GONE = "This tool cannot be used: it is not installed, or its MCP server's page says why."


@dataclass(frozen=True)
class Choice:
    """A tool or an agent that may be ticked. `asked_as` is the name a policy knows it by."""

    name: str
    asked_as: str
    title: str
    description: str
    is_chosen: bool
    policy: PolicyRows
    effect: str = ""
    is_missing: bool = False


def tools(sheet: Sheet) -> list[Choice]:
    known = choosable_tools()
    found = [
        Choice(
            name=name,
            asked_as=name,
            title=name,
            description=tool.description,
            is_chosen=name in sheet.tools,
            policy=sheet.policies.get(name, PolicyRows()),
            effect=f"{EFFECTS[tool.effect]} · {tool.source}" if tool.source else EFFECTS[tool.effect],
        )
        for name, tool in sorted(known.items())
    ]
    gone = [name for name in sheet.tools if name not in known]
    return found + [Choice(name, name, name, GONE, True, PolicyRows(), is_missing=True) for name in gone]


def children(sheet: Sheet, others: list[Agent]) -> list[Choice]:
    found = [
        Choice(
            name=other.slug,
            asked_as=tool_name(other.slug),
            title=other.name,
            description=other.description,
            is_chosen=other.slug in sheet.children,
            policy=sheet.policies.get(tool_name(other.slug), PolicyRows()),
            effect="" if other.is_enabled and other.live_id else "switched off",
        )
        for other in others
    ]
    known = {other.slug for other in others}
    gone = [slug for slug in sheet.children if slug not in known]
    return found + [
        Choice(slug, tool_name(slug), slug, "There is no such agent.", True, PolicyRows(), is_missing=True)
        for slug in gone
    ]


def groups(sheet: Sheet) -> list[str]:
    """All groups, and those that policies name although they are gone."""
    named = {
        row.who.removeprefix("group:") for rows in sheet.policies.values() for row in rows.levels if ":" in row.who
    }
    return sorted({*Group.objects.values_list("name", flat=True), *named})
