"""Agents as versioned data: a change is a new version, one version is live, and each can be gone back to."""

import copy
from typing import Any

from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from accounts.models import User
from agents.llm import connection
from agents.llm.connection import Source
from agents.models import Agent, AgentVersion
from agents.problems import Neighbour, Problem, Surroundings, problems_of, stopping, targets_of
from agents.refusals import Refused
from agents.tools.registry import choosable_tools

CONFIGURED = (
    "instructions",
    "llm_name",
    "fallback_llm_names",
    "parameters",
    "tools",
    "approvals",
    "children",
    "handoffs",
    "output_schema",
    "memory",
    "max_turns",
    "max_tool_calls",
    "max_tokens",
    "max_cost",
    "max_active_seconds",
)
UNLISTED = {"$ref", "allOf", "anyOf", "oneOf", "patternProperties"}  # where a schema may name arguments elsewhere


class Misconfigured(Refused):
    """A version that cannot be saved or made live; `problems` say where it is wrong."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(" ".join(problem.words for problem in problems))
        self.problems = problems


def configuration_of(version: AgentVersion) -> dict[str, Any]:
    """All that makes it behave as it does, apart from its row."""
    return {name: copy.deepcopy(getattr(version, name)) for name in CONFIGURED}


def draft_of(agent: Agent, source: AgentVersion | None = None) -> AgentVersion:
    """A version to be changed and saved; nothing is saved."""
    return AgentVersion(agent=agent, **(configuration_of(source) if source else {}))


@transaction.atomic
def save_version(draft: AgentVersion, *, by: User | None, note: str = "") -> AgentVersion:
    """Keep a draft as the next version of its agent. Raises Misconfigured."""
    if problems := stopping(problems_of(draft, surroundings(draft))):
        raise Misconfigured(problems)
    Agent.objects.select_for_update().get(pk=draft.agent.pk)
    last = AgentVersion.objects.filter(agent=draft.agent).aggregate(last=Max("number"))["last"] or 0
    return AgentVersion.objects.create(
        agent=draft.agent, number=last + 1, note=note.strip()[:300], created_by=by, **configuration_of(draft)
    )


@transaction.atomic
def make_live(version: AgentVersion) -> None:
    """New runs use it from here on; those that have begun stay with theirs. Raises Misconfigured."""
    if problems := stopping(problems_of(version, surroundings(version))):
        raise Misconfigured(problems)
    version.published_at = timezone.now()
    version.save(update_fields=["published_at"])
    Agent.objects.filter(pk=version.agent_id).update(live=version)
    version.agent.live = version


def surroundings(version: AgentVersion) -> Surroundings:
    """What a version may refer to, as it is now."""
    connected, tools = connection.current(), choosable_tools()
    named = [
        level["who"].partition(":")[2].lower()
        for policy in (version.approvals.values() if isinstance(version.approvals, dict) else ())
        for level in (policy.get("levels", ()) if isinstance(policy, dict) else ())
        if isinstance(level, dict) and str(level.get("who", "")).startswith("user:")
    ]
    return Surroundings(
        tools=frozenset(tools),
        arguments={
            name: taken for name, tool in tools.items() if (taken := _arguments(tool.spec.parameters)) is not None
        },
        agents={agent.slug: _neighbour(agent) for agent in Agent.objects.select_related("live")},
        groups=frozenset(Group.objects.values_list("name", flat=True)),
        emails=frozenset(email for email in named if User.objects.filter(email__iexact=email).exists()),
        llm_name=None if connected.source == Source.DEMO else connected.llm_name,
    )


def _arguments(schema: dict[str, Any]) -> frozenset[str] | None:
    """The names of a tool's arguments; None where its schema does not list them, or lets others in."""
    is_listed = isinstance(schema.get("properties"), dict) and not schema.get("additionalProperties")
    return frozenset(schema["properties"]) if is_listed and not UNLISTED & schema.keys() else None


def _neighbour(agent: Agent) -> Neighbour:
    if agent.live is None:
        return Neighbour(is_there=False)
    return Neighbour(
        is_there=agent.is_enabled,
        children=tuple(agent.live.children),
        targets=targets_of(agent.live),
        has_tools=bool(agent.live.tools),
    )
