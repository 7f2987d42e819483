"""Keeps what is to be known about a person: each thing once, and the newer in the place of the older.

Said again it counts, once a message. A contradiction is looked for only under the same subject and key, where the older
one ends and stays. Told twice, the same candidates change nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q

from accounts.models import User
from memory import embeddings, history, sameness
from memory.confidential import is_confidential
from memory.embeddings import cached
from memory.embeddings.base import EmbeddingError, Vector
from memory.keys import ONE_VALUED, PERSON, as_key, as_subject, same_value
from memory.models import Memory, MemoryEvent, MemoryKind, MemoryOperation, MemoryOrigin, MemoryStatus
from memory.models.memories import LONGEST_MEMORY
from memory.pausing import Consent, consent_of
from memory.succession import rivals, succeed

BY_HAND = (MemoryOrigin.WRITTEN, MemoryOrigin.IMPORTED)
MOST_COMPARED = 8  # of those that share most of their words


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """Something to be kept, and where it comes from. Without `valid_from` it holds since it was said."""

    text: str
    said_at: datetime
    kind: MemoryKind = MemoryKind.FACT
    subject: str = PERSON
    key: str = ""
    value: str = ""
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    expires_at: datetime | None = None
    importance: int = 3
    confidence: float = 1.0
    origin: MemoryOrigin = MemoryOrigin.SAID
    thread_id: UUID | None = None
    run_id: UUID | None = None
    message_id: UUID | None = None
    quote: str = ""
    extractor: str = ""
    near: tuple[UUID, ...] = ()  # what says nearly the same, nearest first; see `compared`

    @property
    def content_hash(self) -> str:
        return sameness.hash_of(self.text, valid_from=self.valid_from or self.said_at, valid_to=self.valid_to)


class Outcome(StrEnum):
    ADDED = "added"
    REINFORCED = "reinforced"
    KNOWN = "known"  # from this very message
    REFUSED = "refused"


@dataclass(frozen=True)
class Kept:
    """What became of a candidate; without a memory it was not kept, for the reason given in words."""

    outcome: Outcome
    memory: Memory | None = None
    replaced: tuple[Memory, ...] = ()
    reason: str = ""


def remember(
    candidates: Sequence[Candidate], *, user_id: int, agent_id: int | None = None, by: User | None = None
) -> list[Kept]:
    """Keep these, and say what became of each.

    Outside of a transaction each is compared with what is known first; inside of one, ask `compared` before it begins.
    """
    if not connection.in_atomic_block:
        candidates = compared(candidates, user_id=user_id, agent_id=agent_id)
    with transaction.atomic():
        history.hold(user_id)
        consent = consent_of(user_id)
        kept = [_kept(_tidy(candidate), user_id, agent_id, consent, by) for candidate in candidates]
        if any(one.outcome == Outcome.ADDED for one in kept):
            _make_room(user_id)
    return kept


def compared(candidates: Sequence[Candidate], *, user_id: int, agent_id: int | None = None) -> list[Candidate]:
    """The candidates with what says nearly the same. Makes vectors, and holds no connection meanwhile."""
    known = Memory.objects.of(user_id).filter(agent_id=agent_id, status=MemoryStatus.ACTIVE)
    texts = list(known.values_list("pk", "text")) if candidates else []
    pairs = {candidate.text: _similar(candidate.text, texts) for candidate in candidates}
    if not any(pairs.values()):
        return list(candidates)
    if not connection.in_atomic_block:
        connection.close()
    vectors = _vectors([text for text, others in pairs.items() if others] + [t for o in pairs.values() for _, t in o])
    return [replace(candidate, near=_near(candidate.text, pairs[candidate.text], vectors)) for candidate in candidates]


def _similar(text: str, known: list[tuple[UUID, str]]) -> list[tuple[UUID, str]]:
    """Those that share enough words, most first: only for these a vector is worth its making."""
    shares = [(sameness.overlap(text, other), memory_id, other) for memory_id, other in known]
    enough = sorted((one for one in shares if one[0] >= sameness.SHARED), key=lambda one: -one[0])
    return [(memory_id, other) for _, memory_id, other in enough[:MOST_COMPARED]]


def _vectors(texts: list[str]) -> dict[str, Vector]:
    """By text; empty where there is no embedder or it fails, and words alone decide."""
    unique = list(dict.fromkeys(texts))
    try:
        embedder = embeddings.current()
        return dict(zip(unique, cached.passages(embedder, unique), strict=True)) if embedder else {}
    except EmbeddingError:
        return {}


def _near(text: str, others: list[tuple[UUID, str]], vectors: dict[str, Vector]) -> tuple[UUID, ...]:
    return tuple(
        memory_id
        for memory_id, other in others
        if sameness.is_near(text, other, (vectors[text], vectors[other]) if text in vectors else None)
    )


def _tidy(candidate: Candidate) -> Candidate:
    return replace(
        candidate,
        text=" ".join(candidate.text.replace("\0", " ").split()),
        subject=as_subject(candidate.subject),
        key=as_key(candidate.key),
        value=" ".join(candidate.value.split())[:200],
        importance=min(5, max(1, candidate.importance)),
        confidence=min(1.0, max(0.0, candidate.confidence)),
        quote=candidate.quote.replace("\0", " "),
    )


def _kept(candidate: Candidate, user_id: int, agent_id: int | None, consent: Consent, by: User | None) -> Kept:
    if reason := _refusal(candidate, consent):
        return Kept(Outcome.REFUSED, reason=reason)
    memory = _memory(candidate, user_id, agent_id)
    if known := _from_this_message(memory):
        return Kept(Outcome.KNOWN, known, tuple(known.replaced.all()))
    others = rivals(memory) if candidate.valid_to is None else []
    if same := _same(candidate, memory, others):
        return _reinforced(same, candidate, by)
    if later := [other for other in others if other.valid_from > candidate.said_at]:
        return _added_as_past(memory, later[0], by)
    history.added(memory, by=by)
    for other in others:
        succeed(other, memory, at=candidate.said_at, by=by, run_id=candidate.run_id)
    return Kept(Outcome.ADDED, memory, tuple(others))


def _refusal(candidate: Candidate, consent: Consent) -> str:
    if not candidate.text:
        return "There is nothing to remember in it."
    if len(candidate.text) > LONGEST_MEMORY:
        return f"A memory may have {LONGEST_MEMORY} characters; this one has {len(candidate.text):,}."
    if is_confidential(f"{candidate.text}\n{candidate.value}\n{candidate.quote}"):
        return "It looks like a password, a key or the number of a card or an account; such things are not kept."
    if candidate.origin in BY_HAND or consent.covers(candidate.said_at):
        return ""
    return "Memory is paused." if consent.is_paused else "It was said before memory was resumed or emptied."


def _memory(candidate: Candidate, user_id: int, agent_id: int | None) -> Memory:
    return Memory(
        user_id=user_id,
        agent_id=agent_id,
        kind=candidate.kind,
        text=candidate.text,
        subject=candidate.subject,
        key=candidate.key,
        value=candidate.value,
        valid_from=candidate.valid_from or candidate.said_at,
        valid_to=candidate.valid_to,
        expires_at=candidate.expires_at,
        importance=candidate.importance,
        confidence=candidate.confidence,
        origin=candidate.origin,
        thread_id=candidate.thread_id,
        run_id=candidate.run_id,
        message_id=candidate.message_id,
        quote=candidate.quote,
        extractor=candidate.extractor[:80],
        content_hash=candidate.content_hash,
    )


def _from_this_message(memory: Memory) -> Memory | None:
    """What this very message gave already, whatever became of it since."""
    if memory.message_id is None:
        return None
    counted = MemoryEvent.objects.filter(user=memory.user_id, after__message_id=str(memory.message_id))
    is_given = Q(message_id=memory.message_id) | Q(pk__in=counted.values("memory_id"))
    given = Memory.objects.of(memory.user_id).filter(is_given)
    return next((one for one in given if _says_the_same(one, memory)), None)


def _says_the_same(one: Memory, other: Memory) -> bool:
    if one.key in ONE_VALUED and (one.subject, one.key) == (other.subject, other.key):
        return same_value(one.value, other.value) and other.valid_to in (None, one.valid_to)
    return one.content_hash == other.content_hash or sameness.is_near(one.text, other.text, None)


def _same(candidate: Candidate, memory: Memory, others: list[Memory]) -> Memory | None:
    """What says the same about the same time: put away, it comes back."""
    equal = Memory.objects.of(memory.user_id).filter(agent_id=memory.agent_id, content_hash=memory.content_hash)
    if found := equal.exclude(status=MemoryStatus.SUPERSEDED).order_by("status").select_for_update().first():
        return found
    if found := next((other for other in others if same_value(other.value, memory.value)), None):
        return found
    active = Memory.objects.of(memory.user_id).filter(agent_id=memory.agent_id, status=MemoryStatus.ACTIVE)
    near = active.filter(valid_to=candidate.valid_to, kind=memory.kind).in_bulk(candidate.near)
    return next((near[pk] for pk in candidate.near if pk in near and _may_merge(near[pk], memory)), None)


def _may_merge(old: Memory, new: Memory) -> bool:
    """Two values under one key are two things, however alike they sound."""
    return not (old.key and old.key == new.key and old.value and new.value and not same_value(old.value, new.value))


def _reinforced(memory: Memory, candidate: Candidate, by: User | None) -> Kept:
    if candidate.message_id and history.is_said_in(memory, candidate.message_id):
        return Kept(Outcome.KNOWN, memory)
    changes: dict[str, Any] = {
        "times_said": memory.times_said + 1,
        "importance": max(memory.importance, candidate.importance),
    }
    operation = MemoryOperation.REINFORCED
    if memory.status == MemoryStatus.ARCHIVED:
        changes["status"], operation = MemoryStatus.ACTIVE, MemoryOperation.RESTORED
    history.changed(
        memory,
        operation,
        by=by,
        run_id=candidate.run_id,
        message_id=candidate.message_id,
        reason="said again",
        **changes,
    )
    return Kept(Outcome.REINFORCED, memory)


def _added_as_past(memory: Memory, successor: Memory, by: User | None) -> Kept:
    """An older message read late: what it said has been replaced since."""
    memory.status, memory.superseded_by = MemoryStatus.SUPERSEDED, successor
    memory.valid_to = max(memory.valid_from, successor.valid_from)
    history.added(memory, by=by, reason="said before what holds now")
    return Kept(Outcome.ADDED, memory)


def _make_room(user_id: int) -> None:
    """Put the least valuable away where a person has more memories than the limit."""
    active = Memory.objects.of(user_id).filter(status=MemoryStatus.ACTIVE)
    surplus = active.count() - settings.MEMORIES_PER_PERSON
    if surplus <= 0:
        return
    least = active.filter(is_pinned=False).order_by("importance", "times_used", "times_said", "updated_at")
    for memory in least.select_for_update()[:surplus]:
        reason = f"more than {settings.MEMORIES_PER_PERSON:,} memories"
        history.changed(memory, MemoryOperation.ARCHIVED, reason=reason, status=MemoryStatus.ARCHIVED)
