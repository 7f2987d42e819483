"""What the API takes and gives of memories."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from chat.schemas import Asked, Page, Slug, Wire
from memory.models import MemoryKind, MemoryOperation, MemoryOrigin, MemoryStatus
from memory.models.memories import LONGEST_MEMORY

Words = Annotated[str, Field(min_length=1, max_length=LONGEST_MEMORY, examples=["Lives in Lisbon."])]


class MemoryOut(Wire):
    id: UUID
    kind: MemoryKind
    text: str
    status: MemoryStatus
    is_pinned: bool = Field(description="Goes into every answer, and is never put away.")
    subject: str = Field(description="Whom it is about: `user`, or a name.")
    key: str = Field(description="What is said about them, for example `employer`; empty: nothing in particular.")
    value: str
    valid_from: datetime = Field(description="Since when it is true.")
    valid_to: datetime | None = Field(description="Until when it was true; null: still.")
    expires_at: datetime | None
    superseded_by: UUID | None = Field(description="The memory that has taken its place.")
    importance: int = Field(description="From 1 to 5.")
    confidence: float = Field(description="From 0 to 1.")
    origin: MemoryOrigin
    quote: str = Field(description="The very words it was taken from.")
    agent: str | None = Field(description="The only agent that may recall it; null: each.")
    thread_id: UUID | None = Field(description="Where it was said.")
    run_id: UUID | None
    message_id: UUID | None
    times_said: int
    times_used: int
    last_used_at: datetime | None
    created_at: datetime
    updated_at: datetime


class MemoryPage(Page[MemoryOut]):
    """Newest first. `next` is the `before` of the page after this one; null: there is none."""


class NewMemory(Asked):
    text: Words
    kind: MemoryKind = MemoryKind.FACT
    agent: Slug | None = Field(None, description="The only agent that may recall it; without it each.")


class ChangedMemory(Asked):
    text: Words | None = None
    is_pinned: bool | None = None


class ChangeOut(Wire):
    """A line of a memory's history."""

    operation: MemoryOperation
    by_you: bool = Field(description="False: Plumbline did it, or an administrator.")
    reason: str
    before: dict[str, Any] = Field(description="What these fields were.")
    after: dict[str, Any]
    created_at: datetime


class StateOut(Wire):
    """Whether memory is on, and how much there is."""

    is_paused: bool = Field(description="Nothing new is remembered, and nothing known is used.")
    memories: int = Field(description="How many may be recalled now.")
    searchable_messages: int = Field(description="Messages of earlier conversations that can be looked up.")


class State(Asked):
    is_paused: bool


class Forgotten(Wire):
    number: int = Field(description="How many memories were deleted.")


class ExportOut(Wire):
    """All that is known, with its history."""

    exported_at: datetime
    person: str
    is_paused: bool
    searchable_messages: int
    memories: list[dict[str, Any]]
    procedures: list[dict[str, Any]] = Field(description="What was found to work for you, from your answers alone.")
