"""Procedures at work: those that fit a question, where they were used, how it went, and an end to those that fail."""

import json
import uuid
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Max, Q
from django.utils import timezone

from memory.fitting import fitting
from memory.models import Procedure, ProcedureStatus, ProcedureUse, UseOutcome
from memory.shares import Share

MOST_AT_ONCE = 3
MOST_TOKENS = 400
ENOUGH = 10  # judged uses before a procedure can fail
FLOOR = 0.3  # six good ones of ten pass, five do not


ANY = """
SELECT EXISTS (SELECT 1 FROM memory_procedure WHERE status = 'active'
                  AND (agent_id IS NULL OR agent_id = %(agent_id)s) AND (user_id IS NULL OR user_id = %(user_id)s))
"""


# By SQL of our own, as above: every page of a conversation asks for it, and most have none.
USES = """
SELECT used.run_id, used.similarity, procedure.id, procedure.trigger, procedure.body, procedure.steps::text
  FROM memory_procedureuse AS used JOIN memory_procedure AS procedure ON procedure.id = used.procedure_id
 WHERE used.run_id = ANY(%(run_ids)s)
 ORDER BY used.run_id, used.rank
"""


@dataclass(frozen=True)
class Fitting:
    """A procedure that fits a question, as plain values; its first line is what people and the LLM read of it."""

    id: uuid.UUID
    trigger: str
    body: str
    steps: tuple[tuple[str, str], ...]  # tool, purpose
    similarity: float

    @property
    def text(self) -> str:
        return in_words(self.trigger, self.body, self.steps)


def in_words(trigger: str, body: str, steps: Sequence[tuple[str, str]] = ()) -> str:
    """`For …: …` and the steps, numbered, on one line."""
    shown = [f"{place}. {tool} ({purpose})" if purpose else f"{place}. {tool}" for place, (tool, purpose) in
             enumerate(steps, start=1)]  # fmt: skip
    return " ".join([f"For {trigger.rstrip('.')}: {body}", *(["Steps:", *shown] if shown else [])])


def is_any(*, user_id: int | None, agent_id: int) -> bool:
    """Whether there is anything to follow; one cheap statement, for every answer."""
    with connection.cursor() as cursor:
        cursor.execute(ANY, {"user_id": user_id, "agent_id": agent_id})
        return bool(cursor.fetchone()[0])


def relevant(
    query: str,
    *,
    user_id: int | None,
    agent_id: int,
    count_tokens: Callable[[str], int],
    limit: int = MOST_AT_ONCE,
    most_tokens: int = MOST_TOKENS,
    vector: list[float] | None = None,
) -> list[Fitting]:
    """Those in use that fit the question, best first, within the tokens; empty when none does.

    Pass the question's `vector` where it is known already. Embeds otherwise, so never in the web process.
    """
    if not is_any(user_id=user_id, agent_id=agent_id):
        return []
    similarities = fitting(query, user_id=user_id, agent_id=agent_id, vector=vector)
    rows = Procedure.objects.in_bulk(list(similarities))
    found: list[Fitting] = []
    for procedure_id in sorted(similarities, key=lambda one: (-similarities[one], one)):
        one = _fitting(rows[procedure_id], similarities[procedure_id])
        size = count_tokens(one.text)
        if size <= most_tokens and len(found) < limit:
            found.append(one)
            most_tokens -= size
    return found


def keep_uses(found: Sequence[Fitting], *, run_id: uuid.UUID, user_id: int | None) -> None:
    """Write down what a run is told, in the transaction of its step; told again, it stays as it was."""
    ProcedureUse.objects.bulk_create(
        [
            ProcedureUse(procedure_id=one.id, run_id=run_id, user_id=user_id, rank=rank, similarity=one.similarity)
            for rank, one in enumerate(found)
        ],
        ignore_conflicts=True,
    )


def uses_of(run_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[Fitting]]:
    """By run, what it was told, in the same order."""
    with connection.cursor() as cursor:
        cursor.execute(USES, {"run_ids": list(run_ids)})
        rows = cursor.fetchall()
    found: dict[uuid.UUID, list[Fitting]] = {}
    for run_id, similarity, procedure_id, trigger, body, steps in rows:
        one = Fitting(procedure_id, trigger, body, _steps(json.loads(steps)), similarity)
        found.setdefault(run_id, []).append(one)
    return found


@transaction.atomic
def judge(run_ids: Collection[uuid.UUID], outcome: UseOutcome) -> None:
    """Say how these runs went; what they were told is counted anew."""
    uses = ProcedureUse.objects.filter(run_id__in=run_ids)
    touched = set(uses.values_list("procedure_id", flat=True))
    if touched:
        uses.update(outcome=outcome)
        recount(touched)


@transaction.atomic
def recount(procedure_ids: Collection[uuid.UUID]) -> None:
    """Bring the counts of these procedures up to date with their uses."""
    counts = {
        "times_used": Count("uses"),
        "successes": Count("uses", filter=Q(uses__outcome=UseOutcome.GOOD)),
        "failures": Count("uses", filter=Q(uses__outcome=UseOutcome.BAD)),
        "last_used_at": Max("uses__created_at"),
    }
    locked = Procedure.objects.select_for_update().filter(pk__in=procedure_ids).order_by("pk")
    held = [procedure.pk for procedure in locked]  # in one order, so that two counts never wait for each other
    counted = {name: f"counted_{name}" for name in counts}
    rows = Procedure.objects.filter(pk__in=held).annotate(**{counted[name]: counts[name] for name in counts})
    for row in rows.values("pk", *counted.values()):
        values: dict[str, Any] = {name: row[counted[name]] for name in counts}
        score = Share(values["successes"], values["successes"] + values["failures"]).at_least
        Procedure.objects.filter(pk=row["pk"]).update(score=score, **values)


def recount_used_since(moment: datetime) -> None:
    """Count again all that was used since then."""
    used = Procedure.objects.filter(uses__created_at__gte=moment).values_list("pk", flat=True)
    recount(set(used))


def retire_failing(without: Callable[[Procedure], Share]) -> list[Procedure]:
    """Retire those in use whose answers go badly; returns them with the reason.

    `without` says how answers go that could have been told the procedure and were not.
    """
    retired = []
    for procedure in Procedure.objects.filter(status=ProcedureStatus.ACTIVE).order_by("pk"):
        if procedure.judged >= ENOUGH and (reason := why_it_fails(procedure, without)):
            still = Procedure.objects.filter(pk=procedure.pk, status=ProcedureStatus.ACTIVE)
            changes = {"status": ProcedureStatus.RETIRED, "reason": reason, "decided_by": None}
            if still.update(**changes, decided_at=timezone.now()):
                procedure.refresh_from_db()
                retired.append(procedure)
    return retired


def why_it_fails(procedure: Procedure, without: Callable[[Procedure], Share]) -> str:
    """Why a procedure that was judged often enough should not be followed any more; empty when it should."""
    using = Share(procedure.successes, procedure.judged)
    if (using.at_least or 0.0) < FLOOR:
        return f"{procedure.failures:,} of {procedure.judged:,} rated answers that followed it did not go well."
    others = without(procedure)
    if others.judged >= ENOUGH and (using.at_most or 0.0) < others.rate:
        return f"With it {using.rate:.0%} of rated answers went well, without it {others.rate:.0%}."
    return ""


def _fitting(procedure: Procedure, similarity: float) -> Fitting:
    return Fitting(procedure.pk, procedure.trigger, procedure.body, _steps(procedure.steps), similarity)


def _steps(kept: Iterable[dict[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple((step.get("tool", ""), step.get("purpose", "")) for step in kept)
