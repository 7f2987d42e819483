"""How procedures come to be: proposed by evidence, never twice, and in use only when somebody of the staff says so."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from memory import embeddings
from memory.embeddings import cached
from memory.embeddings.base import EmbeddingError
from memory.models import (
    Procedure,
    ProcedureEvidence,
    ProcedureOrigin,
    ProcedureQuerySet,
    ProcedureScope,
    ProcedureStatus,
)
from memory.models.procedures import LONGEST_BODY, LONGEST_TRIGGER
from memory.sameness import cosine, overlap

SAME_MEANING = 0.9
SAME_WORDS = 0.5  # of two triggers whose steps are the same
NEARLY_ALL_WORDS = 0.9  # of two triggers, whatever their steps
MOST_STEPS = 12

# What staff may make of a procedure, by where it stands.
MOVES: dict[ProcedureStatus, frozenset[ProcedureStatus]] = {
    ProcedureStatus.PROPOSED: frozenset({ProcedureStatus.ACTIVE, ProcedureStatus.REJECTED}),
    ProcedureStatus.ACTIVE: frozenset({ProcedureStatus.RETIRED}),
    ProcedureStatus.SUSPENDED: frozenset({ProcedureStatus.ACTIVE, ProcedureStatus.RETIRED}),
    ProcedureStatus.RETIRED: frozenset({ProcedureStatus.ACTIVE}),
    ProcedureStatus.REJECTED: frozenset({ProcedureStatus.ACTIVE}),
}


class ProcedureRefused(Exception):
    """It cannot be done; the message says why, for a person."""


@dataclass(frozen=True)
class Evidence:
    run_id: uuid.UUID
    user_id: int | None
    speaks_for: bool
    is_rated: bool


@dataclass(frozen=True)
class Proposal:
    """What was found to work for one agent, with the answers that show it; nothing personal in its texts."""

    agent_id: int
    trigger: str
    body: str
    origin: ProcedureOrigin
    evidence: tuple[Evidence, ...]
    steps: tuple[tuple[str, str], ...] = ()  # tool, purpose

    @property
    def only_person(self) -> int | None:
        """The one whose answers it is learned from, if there is only one."""
        people = {one.user_id for one in self.evidence if one.speaks_for}
        return people.pop() if len(people) == 1 else None


def alike(proposal: Proposal) -> frozenset[uuid.UUID]:
    """Those known already whose triggers mean the same. Embeds: before the transaction, never in the web process."""
    others = list(_comparable(proposal).values_list("pk", "trigger"))
    try:
        embedder = embeddings.current() if others else None
        triggers = [proposal.trigger, *(trigger for _, trigger in others)]
        vectors = cached.passages(embedder, triggers) if embedder else []
    except EmbeddingError:  # words decide
        vectors = []
    nearness = [cosine(vectors[0], vector) for vector in vectors[1:]]
    return frozenset(one for (one, _), near in zip(others, nearness, strict=False) if near >= SAME_MEANING)


@transaction.atomic
def propose(proposal: Proposal, alike: Collection[uuid.UUID] = frozenset()) -> tuple[Procedure, bool]:
    """The procedure this becomes, and whether it is new. One that is known gets the evidence, however it stands.

    What was rejected or retired is not proposed again. The same evidence twice counts once.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"procedures of {proposal.agent_id}"])
    known = _known(proposal, alike)
    procedure = known or _new(proposal)
    ProcedureEvidence.objects.bulk_create(
        [
            ProcedureEvidence(
                procedure=procedure,
                run_id=one.run_id,
                user_id=one.user_id,
                is_good=one.speaks_for,
                is_rated=one.is_rated,
            )
            for one in proposal.evidence
        ],
        update_conflicts=True,
        unique_fields=["procedure", "run_id"],
        update_fields=["is_good", "is_rated"],
    )
    weigh(procedure)
    return procedure, known is None


@transaction.atomic
def decide(procedure: Procedure, status: ProcedureStatus, *, by: User, reason: str = "") -> Procedure:
    """Take it into use, reject it, retire it or take it up again. Raises ProcedureRefused."""
    held = _held(procedure)
    if held.status == status:
        return held
    if status not in MOVES[ProcedureStatus(held.status)]:
        raise ProcedureRefused(f"It is {held.get_status_display().lower()} by now; look again.")
    reason = " ".join(reason.split())[:300]
    if status in (ProcedureStatus.REJECTED, ProcedureStatus.RETIRED) and not reason:
        raise ProcedureRefused("Say why, for those who look at it later.")
    held.status, held.reason, held.decided_by, held.decided_at = status, reason, by, timezone.now()
    held.save(update_fields=["status", "reason", "decided_by", "decided_at", "updated_at"])
    return held


@transaction.atomic
def revise(
    procedure: Procedure,
    *,
    by: User,
    trigger: str,
    body: str,
    steps: Sequence[tuple[str, str]],
    scope: ProcedureScope | None = None,
) -> Procedure:
    """Put other words in its place and take them into use: a new version, whose score begins anew.

    The version before it is retired, or the proposal is closed. Raises ProcedureRefused.
    """
    held = _held(procedure)
    texts = checked(trigger, body, steps)
    whom = _whom(held, ProcedureScope(scope or held.scope))
    if held.status == ProcedureStatus.ACTIVE and _said(held) == texts | whom:
        raise ProcedureRefused("Nothing was changed.")
    following = Procedure.objects.create(
        **texts, **whom, origin=held.origin, status=ProcedureStatus.ACTIVE, version=held.version + 1, parent=held,
        decided_by=by, decided_at=timezone.now(),
    )  # fmt: skip
    for one in held.evidence.all():
        one.pk, one.procedure = None, following
        one.save(force_insert=True)
    weigh(following)
    held.status, held.reason = ProcedureStatus.RETIRED, f"Replaced by version {following.version}."
    held.decided_by, held.decided_at = by, timezone.now()
    held.save(update_fields=["status", "reason", "decided_by", "decided_at", "updated_at"])
    return following


@transaction.atomic
def write(*, by: User, agent_id: int | None, trigger: str, body: str, steps: Sequence[tuple[str, str]]) -> Procedure:
    """A procedure written by hand, in use at once; without an agent for every one. Raises ProcedureRefused."""
    scope = ProcedureScope.EVERYBODY if agent_id is None else ProcedureScope.AGENT
    return Procedure.objects.create(
        **checked(trigger, body, steps), scope=scope, agent_id=agent_id, origin=ProcedureOrigin.WRITTEN,
        status=ProcedureStatus.ACTIVE, decided_by=by, decided_at=timezone.now(),
    )  # fmt: skip


def checked(trigger: str, body: str, steps: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The texts as they are kept. Raises ProcedureRefused."""
    words = {"trigger": " ".join(trigger.split()), "body": " ".join(body.split())}
    if not words["trigger"] or not words["body"]:
        raise ProcedureRefused("Say for which kind of request it is, and what to do.")
    for name, longest in (("trigger", LONGEST_TRIGGER), ("body", LONGEST_BODY)):
        if len(words[name]) > longest:
            raise ProcedureRefused(f"At most {longest} characters fit; these are {len(words[name]):,}.")
    if len(steps) > MOST_STEPS:
        raise ProcedureRefused(f"A procedure may have {MOST_STEPS} steps.")
    kept = [{"tool": tool[:120], "purpose": " ".join(purpose.split())[:200]} for tool, purpose in steps if tool]
    return words | {"steps": kept, "signature": signature_of([step["tool"] for step in kept])}


def signature_of(tools: Sequence[str]) -> str:
    """The tools in order, one that is called several times in a row counted once."""
    return " > ".join(tool for at, tool in enumerate(tools) if at == 0 or tools[at - 1] != tool)[:500]


def weigh(procedure: Procedure) -> None:
    """Count what speaks for a procedure and what against it."""
    said = list(procedure.evidence.values_list("is_good", flat=True))
    procedure.support, procedure.doubts = sum(said), len(said) - sum(said)
    procedure.save(update_fields=["support", "doubts", "updated_at"])


def _new(proposal: Proposal) -> Procedure:
    person = proposal.only_person
    return Procedure.objects.create(
        **checked(proposal.trigger, proposal.body, proposal.steps),
        scope=ProcedureScope.AGENT if person is None else ProcedureScope.USER,
        agent_id=proposal.agent_id,
        user_id=person,
        origin=proposal.origin,
    )


def _known(proposal: Proposal, alike: Collection[uuid.UUID]) -> Procedure | None:
    """The one that says the same already, in its newest version."""
    steps = signature_of([tool for tool, _ in proposal.steps])
    for one in _comparable(proposal).order_by("pk"):
        shared = overlap(one.trigger, proposal.trigger)
        is_same_way = one.signature == steps and shared >= SAME_WORDS
        if one.pk in alike or is_same_way or shared >= NEARLY_ALL_WORDS:
            return one
    return None


def _comparable(proposal: Proposal) -> ProcedureQuerySet:
    whose = Q(user=None) if proposal.only_person is None else Q(user=None) | Q(user_id=proposal.only_person)
    return Procedure.objects.newest().filter(whose, Q(agent_id=None) | Q(agent_id=proposal.agent_id))


def _held(procedure: Procedure) -> Procedure:
    held = Procedure.objects.select_for_update(of=("self",)).get(pk=procedure.pk)
    if following := Procedure.objects.filter(parent=held).first():
        raise ProcedureRefused(f"Version {following.version} has taken its place; look at that one.")
    return held


def _whom(held: Procedure, scope: ProcedureScope) -> dict[str, Any]:
    """For whom a version is. What was learned for one agent or one person may be given to more, never to another."""
    agent_id = None if scope == ProcedureScope.EVERYBODY else held.agent_id
    user_id = held.user_id if scope == ProcedureScope.USER else None
    if scope != ProcedureScope.EVERYBODY and agent_id is None or scope == ProcedureScope.USER and user_id is None:
        raise ProcedureRefused("Nobody can say for which agent or person that would be.")
    return {"scope": scope, "agent_id": agent_id, "user_id": user_id}


def _said(procedure: Procedure) -> dict[str, Any]:
    names = ("trigger", "body", "steps", "signature", "scope", "agent_id", "user_id")
    return {name: getattr(procedure, name) for name in names}
