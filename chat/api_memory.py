"""REST: what is remembered about a person, in that person's hands alone."""

from typing import Annotated, Any, Literal
from uuid import UUID

from django.db import transaction
from django.shortcuts import get_object_or_404
from ninja import Query, Router, Status
from ninja.errors import HttpError

from accounts.authentication import ApiRequest, needs
from accounts.models import Scope
from agents.models import Agent
from chat import known, memory_actions, memory_export
from chat.api import OF_A_BODY, REFUSALS
from chat.memory_schemas import (
    ChangedMemory,
    ChangeOut,
    ExportOut,
    Forgotten,
    MemoryOut,
    MemoryPage,
    NewMemory,
    State,
    StateOut,
)
from chat.paging import Cursor, Limit, page
from chat.schemas import Problem
from memory import forget, pausing
from memory.models import Memory, MemoryEvent, MemoryKind, MemoryOperation, MemoryOrigin, MemoryStatus

MAY_SEE = needs(Scope.MEMORY)
Searched = Annotated[str, Query(max_length=200, description="Words that stand in it.")]

router = Router(by_alias=True, tags=["Memory"])


@router.get("/memories", auth=MAY_SEE, response={200: MemoryPage, REFUSALS: Problem})
def list_memories(
    request: ApiRequest,
    q: Searched = "",
    kind: MemoryKind | None = None,
    status: MemoryStatus | None = None,
    threadId: UUID | None = None,
    before: Cursor = None,
    limit: Limit = 20,
) -> MemoryPage:
    """What is known about you: found by words, by kind, by what became of it, or by where it was said."""
    rows = known.searched(Memory.objects.of(request.user.pk), q)
    rows = rows.filter(kind=kind) if kind else rows
    rows = rows.filter(status=status) if status else rows
    rows = rows.filter(thread_id=threadId) if threadId else rows
    found, following = page(rows, before=before, limit=limit)
    return MemoryPage(items=_shown(found), next=following)


@router.post("/memories", auth=MAY_SEE, response={201: MemoryOut, OF_A_BODY: Problem})
def write_memory(request: ApiRequest, asked: NewMemory) -> Status[MemoryOut]:
    """Write something down. The same again is the same memory; it may take the place of an older one."""
    agent = _agent(asked.agent) if asked.agent else None
    kept = memory_actions.write_down(request.user, asked.text, kind=asked.kind, agent_id=agent)
    return Status(201, _one(kept))


@router.delete("/memories", auth=MAY_SEE, response={200: Forgotten, REFUSALS: Problem})
def forget_memories(
    request: ApiRequest, confirm: Literal["forget everything"], threadId: UUID | None = None
) -> Forgotten:
    """Forget all that is known about you, or all that was learned in one thread, for good.

    What was said there is looked up for answers no more. The threads themselves stay.
    """
    if threadId:
        return Forgotten(number=memory_actions.forget_conversation(request.user, threadId))
    return Forgotten(number=memory_actions.forget_everything(request.user))


@router.get("/memories/state", auth=MAY_SEE, response={200: StateOut, REFUSALS: Problem})
def read_memory_state(request: ApiRequest) -> StateOut:
    """Whether your memory is on, and how much there is."""
    return _state(request)


@router.put("/memories/state", auth=MAY_SEE, response={200: StateOut, OF_A_BODY: Problem})
def change_memory_state(request: ApiRequest, asked: State) -> StateOut:
    """Pause your memory or resume it. What is said while it is paused is not learned later either."""
    (pausing.pause if asked.is_paused else pausing.resume)(request.user.pk)
    return _state(request)


@router.get("/memories/export", auth=MAY_SEE, response={200: ExportOut, REFUSALS: Problem})
def export_memories(request: ApiRequest) -> dict[str, Any]:
    """All of it, with its history."""
    return memory_export.everything_of(request.user)


@router.get("/memories/{uuid:memory_id}", auth=MAY_SEE, response={200: MemoryOut, REFUSALS: Problem})
def read_memory(request: ApiRequest, memory_id: UUID) -> MemoryOut:
    """One memory."""
    return _one(_own(request, memory_id))


@router.patch("/memories/{uuid:memory_id}", auth=MAY_SEE, response={200: MemoryOut, OF_A_BODY: Problem})
def change_memory(request: ApiRequest, memory_id: UUID, asked: ChangedMemory) -> MemoryOut:
    """Correct its text, pin it, or both. What it was stands in its history."""
    memory = _own(request, memory_id)
    with transaction.atomic():
        if asked.text is not None:
            memory = forget.edit(memory, text=asked.text, by=request.user)
        if asked.is_pinned is not None:
            memory = forget.pin(memory, is_pinned=asked.is_pinned, by=request.user)
    return _one(memory)


@router.delete("/memories/{uuid:memory_id}", auth=MAY_SEE, response={204: None, REFUSALS: Problem})
def delete_memory(request: ApiRequest, memory_id: UUID) -> Status[None]:
    """Delete it for good, with the texts of its history. What was said in the thread stays there."""
    forget.delete(_own(request, memory_id), by=request.user)
    return Status(204, None)


@router.post("/memories/{uuid:memory_id}/archive", auth=MAY_SEE, response={200: MemoryOut, REFUSALS: Problem})
def archive_memory(request: ApiRequest, memory_id: UUID) -> MemoryOut:
    """Put it away: it is recalled no more, and can be restored."""
    return _one(forget.archive(_own(request, memory_id), by=request.user))


@router.post("/memories/{uuid:memory_id}/restore", auth=MAY_SEE, response={200: MemoryOut, REFUSALS: Problem})
def restore_memory(request: ApiRequest, memory_id: UUID) -> MemoryOut:
    """Bring back what was put away or replaced. What has its place now gives way."""
    return _one(forget.restore(_own(request, memory_id), by=request.user))


@router.post("/memories/{uuid:memory_id}/undo", auth=MAY_SEE, response={200: MemoryOut, REFUSALS: Problem})
def undo_memory_change(request: ApiRequest, memory_id: UUID) -> MemoryOut:
    """Take back its last change. Undone twice, the change is there again."""
    return _one(forget.undo(_own(request, memory_id), by=request.user))


@router.get("/memories/{uuid:memory_id}/history", auth=MAY_SEE, response={200: list[ChangeOut], REFUSALS: Problem})
def read_memory_history(request: ApiRequest, memory_id: UUID) -> list[ChangeOut]:
    """What became of it, oldest first."""
    memory = _own(request, memory_id)
    return [_change(event, request) for event in MemoryEvent.objects.filter(user=request.user.pk, memory_id=memory.pk)]


def _own(request: ApiRequest, memory_id: UUID) -> Memory:
    return get_object_or_404(Memory.objects.of(request.user.pk), pk=memory_id)


def _agent(slug: str) -> int:
    agent = Agent.objects.offered().filter(slug=slug).first()
    if agent is None:
        raise HttpError(422, "There is no such agent.")
    return agent.pk


def _state(request: ApiRequest) -> StateOut:
    return StateOut(
        is_paused=pausing.consent_of(request.user.pk).is_paused,
        memories=Memory.objects.of(request.user.pk).current().count(),
        searchable_messages=known.searchable_of(request.user),
    )


def _one(memory: Memory) -> MemoryOut:
    return _shown([memory])[0]


def _shown(memories: list[Memory]) -> list[MemoryOut]:
    agents = dict(Agent.objects.filter(pk__in={one.agent_id for one in memories}).values_list("pk", "slug"))
    return [
        MemoryOut(
            id=one.pk,
            kind=MemoryKind(one.kind),
            text=one.text,
            status=MemoryStatus(one.status),
            is_pinned=one.is_pinned,
            subject=one.subject,
            key=one.key,
            value=one.value,
            valid_from=one.valid_from,
            valid_to=one.valid_to,
            expires_at=one.expires_at,
            superseded_by=one.superseded_by_id,
            importance=one.importance,
            confidence=one.confidence,
            origin=MemoryOrigin(one.origin),
            quote=one.quote,
            agent=agents.get(one.agent_id, "") if one.agent_id else None,
            thread_id=one.thread_id,
            run_id=one.run_id,
            message_id=one.message_id,
            times_said=one.times_said,
            times_used=one.times_used,
            last_used_at=one.last_used_at,
            created_at=one.created_at,
            updated_at=one.updated_at,
        )
        for one in memories
    ]


def _change(event: MemoryEvent, request: ApiRequest) -> ChangeOut:
    return ChangeOut(
        operation=MemoryOperation(event.operation),
        by_you=event.actor_id == request.user.pk,
        reason=event.reason,
        before=event.before,
        after=event.after,
        created_at=event.created_at,
    )
