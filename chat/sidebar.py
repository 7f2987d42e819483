"""The list of conversations beside the chat: pinned, today, earlier, or what a search finds."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from accounts.models import User
from agents.models import Message, Run
from chat.models import Conversation, ConversationQuerySet

PAGE = 50
EXCERPT = 90


@dataclass(frozen=True)
class Entry:
    conversation: Conversation
    excerpt: str = ""


@dataclass(frozen=True)
class Group:
    title: str
    entries: list[Entry]


@dataclass(frozen=True)
class Sidebar:
    """What the list shows. `older_than` is where its next page begins, if there is one."""

    groups: list[Group]
    query: str = ""
    older_than: datetime | None = None

    @property
    def is_empty(self) -> bool:
        return not self.groups


def sidebar_of(user: User | AnonymousUser, *, query: str = "", before: datetime | None = None) -> Sidebar:
    query = query.strip()[:200]
    rows = Conversation.objects.visible_to(user).select_related("thread").order_by("-updated_at")
    if query:
        rows = _mentioning(rows, query)
    pinned = [] if query or before else list(rows.filter(is_pinned=True))
    page = list(_page(rows if query else rows.filter(is_pinned=False), before))
    older_than = page[PAGE - 1].updated_at if len(page) > PAGE else None
    groups = _found(page[:PAGE], query) if query else _by_day(pinned, page[:PAGE])
    return Sidebar([group for group in groups if group.entries], query, older_than)


def _page(rows: ConversationQuerySet, before: datetime | None) -> ConversationQuerySet:
    if before:
        rows = rows.filter(updated_at__lt=before)
    return rows[: PAGE + 1]


def _mentioning(rows: ConversationQuerySet, query: str) -> ConversationQuerySet:
    messages = _messages_with(query).filter(run__thread_id=OuterRef("thread_id"))
    return rows.filter(Q(title__icontains=query) | Exists(messages))


def _messages_with(query: str):  # type: ignore[no-untyped-def]
    return Message.objects.filter(text__icontains=query, run__in=Run.objects.shown())


def _by_day(pinned: list[Conversation], page: list[Conversation]) -> list[Group]:
    today = timezone.localdate()
    is_today = [timezone.localdate(row.updated_at) == today for row in page]
    return [
        Group("Pinned", [Entry(row) for row in pinned]),
        Group("Today", [Entry(row) for row, today in zip(page, is_today, strict=True) if today]),
        Group("Earlier", [Entry(row) for row, today in zip(page, is_today, strict=True) if not today]),
    ]


def _found(page: list[Conversation], query: str) -> list[Group]:
    messages = (
        _messages_with(query)
        .filter(run__thread__in=[row.thread_id for row in page])
        .order_by("run__thread_id", "id")
        .distinct("run__thread_id")
        .values_list("run__thread_id", "text")
    )
    texts = dict(messages)
    return [Group("Found", [Entry(row, _excerpt_of(row, texts.get(row.thread_id, ""), query)) for row in page])]


def _excerpt_of(conversation: Conversation, text: str, query: str) -> str:
    """Where it was said, unless the title shows it already."""
    return "" if query.lower() in conversation.title.lower() else _excerpt(text, query)


def _excerpt(text: str, query: str) -> str:
    """The words around the first place where the query stands."""
    place = text.lower().find(query.lower())
    if place < 0:
        return ""
    start = max(0, place - EXCERPT // 3)
    cut = " ".join(text[start : start + EXCERPT].split())
    return f"{'…' if start else ''}{cut}{'…' if start + EXCERPT < len(text) else ''}"
