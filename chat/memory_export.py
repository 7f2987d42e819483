"""All that is known about a person, to take away: as JSON, and as a text to read."""

from collections import defaultdict
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from accounts.models import User
from agents.models import Agent
from chat import known
from chat.models import Conversation
from memory import pausing
from memory.models import (
    Memory,
    MemoryEvent,
    MemoryKind,
    MemoryOperation,
    MemoryStatus,
    Procedure,
    ProcedureStatus,
)
from memory.own_procedures import own_procedures

HEADINGS = {
    MemoryKind.FACT: "About you",
    MemoryKind.PREFERENCE: "How you like things",
    MemoryKind.EVENT: "What happened",
}


def everything_of(user: User) -> dict[str, Any]:
    """Every memory of this person with its history, and whether memory is on."""
    memories = list(Memory.objects.of(user.pk).order_by("created_at", "id"))
    titles = {row.id: str(row) for row in Conversation.objects.visible_to(user)}
    agents = dict(Agent.objects.values_list("pk", "slug"))
    history = _history(user)
    return {
        "exportedAt": timezone.now().isoformat(),
        "person": user.email,
        "isPaused": pausing.consent_of(user.pk).is_paused,
        "searchableMessages": known.searchable_of(user),
        "memories": [_told(one, titles, agents, history[one.pk]) for one in memories],
        "procedures": [_procedure(one, agents) for one in own_procedures(user.pk)],
    }


def as_text(told: dict[str, Any]) -> str:
    """The same to read: what holds by kind, then what does not hold any more."""
    lines = [f"What Plumbline knows about {told['person']}, {_day(told['exportedAt'])}", ""]
    if told["isPaused"]:
        lines += ["Memory is paused.", ""]
    current = [one for one in told["memories"] if one["status"] == MemoryStatus.ACTIVE]
    past = [one for one in told["memories"] if one["status"] != MemoryStatus.ACTIVE]
    for kind, heading in HEADINGS.items():
        lines += _listed(heading, [one for one in current if one["kind"] == kind])
    lines += _listed("Replaced or put away", past)
    if told["procedures"]:
        lines += [
            "What was found to work for you",
            *(f"- {one['for']}: {one['what']}" for one in told["procedures"]),
            "",
        ]
    if told["procedures"]:
        found = [f"- {one['for']}: {one['what']}" for one in told["procedures"]]
        lines += ["What was found to work for you", *found, ""]
    if not told["memories"]:
        lines += ["Nothing.", ""]
    if told["searchableMessages"]:
        lines += [f"{told['searchableMessages']:,} messages of your conversations can be looked up for an answer."]
    return "\n".join(lines).rstrip() + "\n"


def _listed(heading: str, memories: list[dict[str, Any]]) -> list[str]:
    if not memories:
        return []
    return [heading, *(line for one in memories for line in _lines(one)), ""]


def _lines(one: dict[str, Any]) -> list[str]:
    place = f", “{one['conversation']['title']}”" if one["conversation"] else ""
    lines = [f"- {one['text']} ({_day(one['since'])}{place})"]
    return [*lines, f"  Your words: {one['quote']}"] if one["quote"] else lines


def _day(moment: str) -> str:
    return f"{datetime.fromisoformat(moment):%-d %B %Y}"


def _told(
    one: Memory, titles: dict[UUID, str], agents: dict[int, str], history: list[dict[str, Any]]
) -> dict[str, Any]:
    title = titles.get(one.thread_id) if one.thread_id else None
    return {
        "id": str(one.pk),
        "kind": one.kind,
        "text": one.text,
        "about": {"subject": one.subject, "key": one.key, "value": one.value},
        "status": one.status,
        "isPinned": one.is_pinned,
        "since": one.valid_from.isoformat(),
        "until": _moment(one.valid_to),
        "expiresAt": _moment(one.expires_at),
        "importance": one.importance,
        "confidence": one.confidence,
        "origin": one.origin,
        "quote": one.quote,
        "conversation": {"id": str(one.thread_id), "title": title} if title is not None else None,
        "onlyForAgent": agents.get(one.agent_id) if one.agent_id else None,
        "foundBy": one.extractor,
        "timesSaid": one.times_said,
        "timesUsed": one.times_used,
        "lastUsedAt": _moment(one.last_used_at),
        "keptSince": one.created_at.isoformat(),
        "history": history,
    }


def _procedure(one: Procedure, agents: dict[int, str]) -> dict[str, Any]:
    """What was found to work for this person alone."""
    return {
        "id": str(one.pk),
        "for": one.trigger,
        "what": one.body,
        "steps": one.steps,
        "isInUse": one.status == ProcedureStatus.ACTIVE,
        "onlyForAgent": agents.get(one.agent_id) if one.agent_id else None,
        "learnedFrom": one.support,
        "timesUsed": one.times_used,
        "keptSince": one.created_at.isoformat(),
    }


def _history(user: User) -> defaultdict[UUID, list[dict[str, Any]]]:
    """By memory, oldest first."""
    found: defaultdict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for event in MemoryEvent.objects.filter(user=user.pk).order_by("created_at", "id"):
        found[event.memory_id].append(
            {
                "what": MemoryOperation(event.operation).value,
                "at": event.created_at.isoformat(),
                "byYou": event.actor_id == user.pk,
                "reason": event.reason,
                "before": event.before,
                "after": event.after,
            }
        )
    return found


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
