"""The data a chat page begins with: the same events the socket brings, read from the rows."""

from typing import Any

import orjson
from django.db.models import F, Q, QuerySet
from django.urls import reverse

from accounts.models import User
from agents import snapshots
from agents.llm import connection
from agents.llm.connection import Source
from agents.models import Agent, AgentVersion, Approval, VersionStanding
from chat.actions import version_to_try
from chat.models import Conversation, Feedback


def page_data(
    *,
    user: User,
    conversation: Conversation | None,
    agent_slug: str | None = None,
    version: int | None = None,
    is_temporary: bool = False,
) -> dict[str, Any]:
    """See `docs/protocol.md`, "The page". With a `version` the page tries that one of the agent.

    `is_temporary` is what a new conversation begins as.
    """
    connected = connection.current()
    tried = _tried(user, conversation, agent_slug, version)
    agents = _agents(conversation.thread.agent if conversation else tried.agent if tried else None)
    return {
        "threadId": str(conversation.id) if conversation else None,
        "events": _events(conversation) if conversation else [],
        "feedback": _feedback(user, conversation) if conversation else {},
        "agents": [
            {
                "slug": agent.slug,
                "name": agent.name,
                "description": agent.description,
                "suggestions": agent.suggestions,
            }
            for agent in agents
        ],
        "agent": _chosen(agents, conversation, agent_slug),
        "isTemporary": conversation.thread.is_temporary if conversation else is_temporary,
        "tried": _trial(tried) if tried else None,
        "isDemo": connected.source == Source.DEMO,
        "canConnect": user.is_superuser,
        "connection": {
            "source": connected.source.value,
            "baseUrl": connected.base_url,
            "llmName": connected.llm_name,
        },
        "canSeeTraces": user.has_perm("observability.view_trace"),
        "canSettle": user.is_staff and user.has_perm("agents.add_settlement"),
        "viewer": viewer_of(
            user, _asked_in(conversation), is_owner=conversation is None or conversation.owner_id == user.pk
        ),
    }


def viewer_of(user: User, asked: QuerySet[Approval], *, is_owner: bool) -> dict[str, Any]:
    """What tells whether one of these approvals is theirs to decide, and which they have decided already."""
    said = asked.filter(decisions__by=user, decisions__arguments_digest=F("arguments_digest"))
    return {
        "email": user.email,
        "isOwner": is_owner,
        "isStaff": user.is_staff,
        "isSuperuser": user.is_superuser,
        "groups": [group.name for group in user.groups.all()],
        "decided": [f"{pk}:{digest}" for pk, digest in said.values_list("pk", "arguments_digest")],
    }


def _asked_in(conversation: Conversation | None) -> QuerySet[Approval]:
    if conversation is None:
        return Approval.objects.none()
    return Approval.objects.filter(Q(run__thread=conversation.id) | Q(run__root__thread=conversation.id))


def _agents(present: Agent | None) -> list[Agent]:
    """Those that can be chosen, and the one that answers here anyway."""
    agents = list(Agent.objects.offered())
    return [*agents, present] if present and present not in agents else agents


def _tried(
    user: User, conversation: Conversation | None, agent_slug: str | None, number: int | None
) -> AgentVersion | None:
    if conversation:
        return conversation.thread.tried_version
    return version_to_try(user, agent_slug, number) if number else None


def _trial(version: AgentVersion) -> dict[str, Any]:
    return {
        "version": version.number,
        "name": version.agent.name,
        "isLive": version.standing == VersionStanding.LIVE,
        "url": reverse("admin:agents_agent_change", args=[version.agent_id]),
    }


def _events(conversation: Conversation) -> list[dict[str, Any]]:
    return [orjson.loads(frame) for snapshot in snapshots.of_thread(conversation.id) for frame in snapshot.batch.frames]


def _feedback(user: User, conversation: Conversation) -> dict[str, Any]:
    given = Feedback.objects.filter(author=user, run__thread=conversation.id)
    return {str(one.run_id): {"isPositive": one.is_positive, "comment": one.comment} for one in given}


def _chosen(agents: list[Agent], conversation: Conversation | None, asked: str | None) -> str | None:
    if conversation:
        return conversation.thread.agent.slug
    slugs = [agent.slug for agent in agents]
    return asked if asked in slugs else next(iter(slugs), None)
