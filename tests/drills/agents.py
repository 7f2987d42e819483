"""The agents of the drills."""

from typing import Any

from agents.models import Agent, AgentVersion

LEDGER_TOOLS = ["ledger_read", "ledger_idempotent", "ledger_unsafe", "ledger_blocking", "ledger_poison"]
MANAGER, ROUTER = "ledger-manager", "ledger-desk"
PLAIN: dict[str, Any] = {
    "instructions": "Do as you are told.",
    "llm_name": "",
    "fallback_llm_names": [],
    "parameters": {},
    "children": [],
    "handoffs": {},
    "output_schema": None,
    "max_tokens": None,
    "max_cost": None,
}


def ledger_agent(slug: str = "ledger", *, approvals: dict[str, Any] | None = None, **version: Any) -> Agent:
    """An agent with the ledger's tools, that policy and those fields of a version.

    Said of one that is there already it makes it so, whatever another test had made of it; said with nothing but the
    name it takes it as it is.
    """
    agent, is_new = Agent.objects.get_or_create(slug=slug, defaults={"name": slug.title()})
    wanted: dict[str, Any] = PLAIN | {"tools": LEDGER_TOOLS, "approvals": approvals or {}} | version
    is_as_wanted = agent.live and all(getattr(agent.live, name) == value for name, value in wanted.items())
    if is_new or ((version or approvals is not None) and not is_as_wanted):
        number = agent.versions.count() + 1
        agent.live = AgentVersion.objects.create(agent=agent, number=number, **wanted)
        agent.save(update_fields=["live"])
    return agent


def managing_agent() -> Agent:
    """A manager with two children that have the ledger's tools; one of them asks before it pays."""
    ledger_agent("hand")
    ledger_agent("careful-hand", approvals={"ledger_unsafe": approved_by("requester")})
    return ledger_agent(MANAGER, children=["hand", "careful-hand"])


def routing_agent() -> Agent:
    """A desk that hands everything over to an agent with the ledger's tools."""
    ledger_agent("desk-hand")
    return ledger_agent(ROUTER, tools=[], handoffs={"targets": {"desk-hand": "whatever is to be done"}})


def approved_by(who: str, *, when: str = "always", needed: int = 1, expires_hours: int = 72) -> dict[str, Any]:
    """A policy of one level."""
    return {
        "when": when,
        "levels": [{"who": who, "needed": needed, "expires_hours": expires_hours, "on_expiry": "deny"}],
    }
