"""How a memory changes: never without a line in its history, and one change of a person's memories at a time."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from accounts.models import User
from memory import stores
from memory.models import Memory, MemoryEvent, MemoryOperation, MemoryStatus
from memory.stores import Collection

LOCK = 0x6D656D6F  # any number of our own, for advisory locks

TOLD = (
    "agent_id", "kind", "text", "subject", "key", "value", "valid_from", "valid_to", "superseded_by_id", "status",
    "importance", "confidence", "times_said", "is_pinned", "expires_at", "content_hash",
)  # fmt: skip


def hold(user_id: int) -> None:
    """Let nobody else change this person's memories until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK, user_id])


def added(memory: Memory, *, by: User | None = None, reason: str = "") -> None:
    """Keep a new memory, and say so in its history."""
    memory.save(force_insert=True)
    after = {name: _plain(getattr(memory, name)) for name in TOLD}
    _note(memory, MemoryOperation.ADDED, {}, after, by, reason, memory.run_id, memory.message_id)


def changed(
    memory: Memory,
    operation: MemoryOperation,
    *,
    by: User | None = None,
    reason: str = "",
    run_id: UUID | None = None,
    message_id: UUID | None = None,
    **changes: Any,
) -> None:
    """Change a memory, and keep what these fields were and are in its history."""
    before = {name: _plain(getattr(memory, name)) for name in changes}
    for name, value in changes.items():
        setattr(memory, name, value)
    if "text" in changes or memory.status != MemoryStatus.ACTIVE:
        memory.embedded_with = ""
        stores.forget_later(Collection.MEMORIES, [memory.pk])
    memory.save(update_fields=[*changes, "embedded_with", "updated_at"])
    after = {name: _plain(getattr(memory, name)) for name in changes}
    _note(memory, operation, before, after, by, reason, run_id, message_id)


def values_of(state: dict[str, Any]) -> dict[str, Any]:
    """What an event keeps of a memory's fields, as the fields hold it."""
    fields = {field.attname: field for field in Memory._meta.fields}
    return {name: fields[name].to_python(state[name]) for name in TOLD if name in state}


def is_said_in(memory: Memory, message_id: UUID) -> bool:
    """Whether this message counts for this memory already."""
    if memory.message_id == message_id:
        return True
    return MemoryEvent.objects.filter(
        user=memory.user_id, memory_id=memory.pk, after__message_id=str(message_id)
    ).exists()


def _note(
    memory: Memory,
    operation: MemoryOperation,
    before: dict[str, Any],
    after: dict[str, Any],
    by: User | None,
    reason: str,
    run_id: UUID | None,
    message_id: UUID | None,
) -> None:
    said = {"message_id": str(message_id)} if message_id else {}
    MemoryEvent.objects.create(
        memory_id=memory.pk,
        user_id=memory.user_id,
        actor=by,
        operation=operation,
        before=before,
        after=after | said,
        reason=reason[:300],
        run_id=run_id,
    )


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value
