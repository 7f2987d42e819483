"""What is known about a person, as their page shows it: in sections, each memory with where it was said."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db.models import Q

from accounts.models import User
from agents.models import Agent
from chat.models import Conversation
from chat.paging import page
from memory.models import Memory, MemoryEvent, MemoryKind, MemoryOperation, MemoryOrigin, MemoryQuerySet, Window

PAGE = 100


class Part(StrEnum):
    """The sections of the page, in their order."""

    PINNED = "pinned"
    FACTS = "facts"
    PREFERENCES = "preferences"
    EVENTS = "events"
    PAST = "past"


TITLES = {
    Part.PINNED: ("Pinned", "Always in mind, never put away."),
    Part.FACTS: ("About you", ""),
    Part.PREFERENCES: ("How you like things", "These go into every answer."),
    Part.EVENTS: ("What happened", ""),
    Part.PAST: ("Replaced or put away", "Not used in answers any more. You can bring them back."),
}
KINDS = {Part.FACTS: MemoryKind.FACT, Part.PREFERENCES: MemoryKind.PREFERENCE, Part.EVENTS: MemoryKind.EVENT}
ORIGINS = {
    MemoryOrigin.SAID: "You said it",
    MemoryOrigin.ASKED: "You asked for it to be remembered",
    MemoryOrigin.WRITTEN: "You wrote it down",
    MemoryOrigin.IMPORTED: "It was imported",
}


@dataclass(frozen=True)
class Known:
    """A memory and what a person wants to know about it."""

    memory: Memory
    part: Part
    origin: str
    conversation: Conversation | None
    agent: str | None  # the only one that may recall it

    @property
    def is_past(self) -> bool:
        return self.part == Part.PAST


@dataclass(frozen=True)
class Section:
    part: Part
    title: str
    words: str
    number: int
    entries: list[Known]
    following: str | None = None

    @property
    def is_folded(self) -> bool:
        return self.part == Part.PAST


@dataclass(frozen=True)
class Change:
    """A line of a memory's history."""

    words: str
    before: str
    after: str
    by: str
    reason: str
    at: datetime


def sections_of(user: User, *, query: str = "") -> list[Section]:
    """All sections that hold something; what is over stands folded, and comes when it is asked for."""
    found = []
    for part in Part:
        rows = rows_of(user, part, query)
        if number := rows.count():
            entries, following = ([], None) if part == Part.PAST and not query else page_of(user, part, query=query)
            found.append(Section(part, *TITLES[part], number, entries, following))
    return found


def page_of(user: User, part: Part, *, query: str = "", before: str | None = None) -> tuple[list[Known], str | None]:
    """A page of a section, newest first, and where the next one begins."""
    rows, following = page(rows_of(user, part, query), before=before, limit=PAGE)
    return shown(user, rows), following


def rows_of(user: User, part: Part, query: str = "") -> MemoryQuerySet:
    mine = searched(Memory.objects.of(user.pk), query)
    if part == Part.PAST:
        return mine.exclude(pk__in=mine.current().values("pk"))
    if part == Part.PINNED:
        return mine.current().filter(is_pinned=True)
    return mine.current().filter(is_pinned=False, kind=KINDS[part])


def searched(rows: MemoryQuerySet, query: str) -> MemoryQuerySet:
    """Those in which every word of the query stands, in the text or in what was said."""
    for word in query.split()[:10]:
        rows = rows.filter(Q(text__icontains=word) | Q(quote__icontains=word))
    return rows


def shown(user: User, memories: Sequence[Memory]) -> list[Known]:
    conversations = _conversations(user, memories)
    agents = dict(Agent.objects.filter(pk__in={one.agent_id for one in memories}).values_list("pk", "name"))
    current = set(Memory.objects.of(user.pk).current().filter(pk__in=[one.pk for one in memories]).values_list("pk"))
    return [
        Known(
            memory=one,
            part=_part(one) if (one.pk,) in current else Part.PAST,
            origin=ORIGINS[MemoryOrigin(one.origin)],
            conversation=conversations.get(one.thread_id),
            agent=agents.get(one.agent_id, "an agent that is gone") if one.agent_id else None,
        )
        for one in memories
    ]


def history_of(memory: Memory) -> list[Change]:
    """What became of it, the latest first."""
    events = MemoryEvent.objects.filter(user=memory.user_id, memory_id=memory.pk).select_related("actor")
    return [_change(event, memory) for event in events.order_by("-created_at", "-id")]


def number_from(user: User, thread_id: UUID) -> int:
    """How many memories were learned from one conversation."""
    return Memory.objects.of(user.pk).filter(thread_id=thread_id).count()


def searchable_of(user: User) -> int:
    """How many messages of earlier conversations can be found when an answer is written."""
    return Window.objects.filter(user=user.pk).count()


def _part(memory: Memory) -> Part:
    if memory.is_pinned:
        return Part.PINNED
    return next(part for part, kind in KINDS.items() if kind == memory.kind)


def _conversations(user: User, memories: Iterable[Memory]) -> dict[UUID | None, Conversation]:
    threads = {one.thread_id for one in memories if one.thread_id}
    return {row.id: row for row in Conversation.objects.visible_to(user).filter(pk__in=threads)}


def _change(event: MemoryEvent, memory: Memory) -> Change:
    before, after = _told(event.before), _told(event.after)
    return Change(
        words=MemoryOperation(event.operation).label.capitalize(),
        before=before if before != after else "",
        after=after if before != after else "",
        by=_who(event, memory),
        reason=event.reason,
        at=event.created_at,
    )


def _told(state: dict[str, Any]) -> str:
    text = state.get("text", "")
    return text if isinstance(text, str) else ""


def _who(event: MemoryEvent, memory: Memory) -> str:
    if event.actor is None:
        return "Plumbline"
    return "you" if event.actor_id == memory.user_id else "an administrator"
