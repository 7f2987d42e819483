"""The agents of the drills."""

from typing import Any

from agents.models import Agent, AgentVersion

LEDGER_TOOLS = ["ledger_read", "ledger_idempotent", "ledger_unsafe", "ledger_blocking", "ledger_poison"]


def ledger_agent(slug: str = "ledger", *, approvals: dict[str, Any] | None = None, **version: Any) -> Agent:
    """An agent with the ledger's tools; the first call makes it, with that policy and those fields of a version."""
    agent, is_new = Agent.objects.get_or_create(slug=slug, defaults={"name": slug.title()})
    if is_new:
        fields: dict[str, Any] = {"tools": LEDGER_TOOLS, "approvals": approvals or {}} | version
        agent.live = AgentVersion.objects.create(agent=agent, number=1, instructions="Do as you are told.", **fields)
        agent.save(update_fields=["live"])
    return agent


def approved_by(who: str, *, when: str = "always", needed: int = 1, expires_hours: int = 72) -> dict[str, Any]:
    """A policy of one level."""
    return {
        "when": when,
        "levels": [{"who": who, "needed": needed, "expires_hours": expires_hours, "on_expiry": "deny"}],
    }
