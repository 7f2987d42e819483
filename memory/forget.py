"""What people do with what is known about them: put away, bring back, correct, pin, undo, delete for good.

Each takes a memory found by `Memory.objects.of(user_id)` and says who did it. All but deleting can be undone.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from memory import history, sameness
from memory.mentions import forget_mentions
from memory.models import Memory, MemoryEvent, MemoryOperation, MemoryPreference, MemoryStatus, Window
from memory.models.memories import LONGEST_MEMORY
from memory.own_procedures import forget_person
from memory.succession import rivals, succeed

UNUSED = timedelta(days=180)
UNIMPORTANT = 2
MOST_AT_ONCE = 10_000


class MemoryRefused(Exception):
    """It cannot be done; the message says why, for a person."""


@transaction.atomic
def archive(memory: Memory, *, by: User | None, reason: str = "", run_id: UUID | None = None) -> Memory:
    """Put a memory away: it is recalled no more, and can be brought back."""
    found = _held(memory)
    if found.status == MemoryStatus.ACTIVE:
        history.changed(
            found, MemoryOperation.ARCHIVED, by=by, reason=reason, run_id=run_id, status=MemoryStatus.ARCHIVED
        )
    return found


@transaction.atomic
def restore(memory: Memory, *, by: User | None, reason: str = "") -> Memory:
    """Bring back what was put away or replaced; what has its place now gives way."""
    found = _held(memory)
    if found.status == MemoryStatus.ACTIVE:
        return found
    _check_unique(found, found.content_hash)
    changes: dict[str, Any] = {"status": MemoryStatus.ACTIVE, "superseded_by_id": None}
    if found.status == MemoryStatus.SUPERSEDED:
        changes["valid_to"] = None
    if found.expires_at and found.expires_at <= timezone.now():
        changes["expires_at"] = None
    others = rivals(found) if changes.get("valid_to", found.valid_to) is None else []
    history.changed(found, MemoryOperation.RESTORED, by=by, reason=reason, **changes)
    for other in others:
        succeed(other, found, at=timezone.now(), by=by, reason=reason)
    return found


@transaction.atomic
def edit(memory: Memory, *, text: str, by: User | None, reason: str = "") -> Memory:
    """Put other words in its place. What they mean is not worked out again, but what they are about stays."""
    found = _held(memory)
    words = checked_text(text)
    if words == found.text:
        return found
    digest = sameness.hash_of(words, valid_from=found.valid_from, valid_to=found.valid_to)
    if found.status == MemoryStatus.ACTIVE:
        _check_unique(found, digest)
    history.changed(found, MemoryOperation.EDITED, by=by, reason=reason, text=words, value="", content_hash=digest)
    return found


@transaction.atomic
def pin(memory: Memory, *, is_pinned: bool, by: User | None) -> Memory:
    """Have it recalled in every answer, or no longer."""
    found = _held(memory)
    if found.is_pinned != is_pinned:
        reason = "pinned" if is_pinned else "no longer pinned"
        history.changed(found, MemoryOperation.EDITED, by=by, reason=reason, is_pinned=is_pinned)
    return found


@transaction.atomic
def undo(memory: Memory, *, by: User | None) -> Memory:
    """Take back the last change of a memory; undoing twice brings the change back.

    One that was just added is put away, and what it had replaced holds again.
    """
    found = _held(memory)
    events = MemoryEvent.objects.filter(user=found.user_id, memory_id=found.pk)
    last = events.exclude(operation=MemoryOperation.REINFORCED).last()
    if last is None or last.operation == MemoryOperation.ADDED:
        return _take_back(found, by)
    was = history.values_of(last.before)
    if was.get("status", found.status) == MemoryStatus.ACTIVE:
        _check_unique(found, was.get("content_hash", found.content_hash))
    successor = found.superseded_by
    reason = f"undone: {MemoryOperation(last.operation).label}"
    history.changed(found, MemoryOperation.RESTORED, by=by, reason=reason, **was)
    if last.operation == MemoryOperation.SUPERSEDED and successor and successor.status == MemoryStatus.ACTIVE:
        history.changed(successor, MemoryOperation.ARCHIVED, by=by, reason=reason, status=MemoryStatus.ARCHIVED)
    return found


@transaction.atomic
def delete(memory: Memory, *, by: User | None) -> None:
    """Delete a memory for good: its text, its quote, its uses, and the texts in its history. That it was is kept."""
    history.hold(memory.user_id)
    _delete(
        memory.user_id, list(Memory.objects.of(memory.user_id).filter(pk=memory.pk).values_list("pk", flat=True)), by
    )


@transaction.atomic
def delete_all(user_id: int, *, by: User | None, thread_id: UUID | None = None) -> int:
    """Delete all that is known about a person, or all that one conversation gave; returns how many memories that was.

    What can be found of earlier conversations goes with it. Without a conversation, so do the procedures that were
    learned from this person alone, and nothing said until now is learned
    any more; of a conversation, see `agents.learning.forget_conversation`.
    """
    history.hold(user_id)
    memories, windows = Memory.objects.of(user_id), Window.objects.filter(user=user_id)
    if thread_id is not None:
        memories, windows = memories.filter(thread_id=thread_id), windows.filter(thread_id=thread_id)
    else:
        MemoryPreference.objects.update_or_create(user_id=user_id, defaults={"kept_from": timezone.now()})
        forget_person(user_id)
    found = list(memories.values_list("pk", flat=True))
    _delete(user_id, found, by)
    windows.delete()
    return len(found)


def archive_stale(*, now: datetime | None = None) -> int:
    """Put away what nobody uses any more, and what has expired; returns how many. What is pinned stays."""
    now = now or timezone.now()
    is_unused = Q(last_used_at__lt=now - UNUSED) | Q(last_used_at=None, updated_at__lt=now - UNUSED)
    unused = Q(is_unused, importance__lte=UNIMPORTANT, is_pinned=False)
    stale = Memory.objects.filter(unused | Q(expires_at__lte=now), status=MemoryStatus.ACTIVE).order_by("user", "pk")
    count = 0
    for memory in stale[:MOST_AT_ONCE]:
        has_expired = memory.expires_at is not None and memory.expires_at <= now
        archive(memory, by=None, reason="expired" if has_expired else f"unused for {UNUSED.days} days")
        count += 1
    return count


def checked_text(text: str) -> str:
    """The words as they are kept. Raises MemoryRefused."""
    words = " ".join(text.replace("\0", " ").split())
    if not words:
        raise MemoryRefused("Write what is to be remembered.")
    if len(words) > LONGEST_MEMORY:
        raise MemoryRefused(f"A memory may have {LONGEST_MEMORY} characters; this one has {len(words):,}.")
    return words


def _held(memory: Memory) -> Memory:
    history.hold(memory.user_id)
    found = Memory.objects.of(memory.user_id).select_for_update().filter(pk=memory.pk).first()
    if found is None:
        raise MemoryRefused("This memory was deleted.")
    return found


def _check_unique(memory: Memory, content_hash: str) -> None:
    same = Memory.objects.of(memory.user_id).filter(agent_id=memory.agent_id, content_hash=content_hash)
    if same.filter(status=MemoryStatus.ACTIVE).exclude(pk=memory.pk).exists():
        raise MemoryRefused("The same is remembered already.")


def _take_back(memory: Memory, by: User | None) -> Memory:
    replaced = list(Memory.objects.of(memory.user_id).filter(superseded_by=memory.pk, status=MemoryStatus.SUPERSEDED))
    reason = "undone: added"
    history.changed(memory, MemoryOperation.ARCHIVED, by=by, reason=reason, status=MemoryStatus.ARCHIVED)
    for old in replaced:
        history.changed(
            old, MemoryOperation.RESTORED, by=by, reason=reason, status=MemoryStatus.ACTIVE, valid_to=None,
            superseded_by_id=None,
        )  # fmt: skip
    return memory


def _delete(user_id: int, ids: list[UUID], by: User | None) -> None:
    texts = Memory.objects.of(user_id).filter(pk__in=ids).values_list("text", "quote", "value")
    forget_mentions(user_id, [text for row in texts for text in row])
    events = MemoryEvent.objects.filter(user=user_id, memory_id__in=ids)
    events.update(before={}, after={}, reason="")
    MemoryEvent.objects.bulk_create(
        MemoryEvent(memory_id=memory_id, user_id=user_id, actor=by, operation=MemoryOperation.DELETED)
        for memory_id in ids
    )
    Memory.objects.of(user_id).filter(pk__in=ids).delete()
