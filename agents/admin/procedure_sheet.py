"""What the console's page of a procedure shows and takes: its texts, the answers behind it, how its uses went."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from uuid import UUID

from django.utils import timezone

from agents.models import Message, Rating, Role, Run
from memory.models import Procedure, ProcedureScope, UseOutcome
from memory.shares import Share

MOST_EVIDENCE = 30
MOST_DAYS = 30


@dataclass(frozen=True)
class ProcedureSheet:
    """The form as a person sees and sends it; each step is a line, `tool: what for`."""

    trigger: str = ""
    body: str = ""
    lines: str = ""
    scope: ProcedureScope | None = None
    reason: str = ""

    @classmethod
    def of(cls, procedure: Procedure) -> "ProcedureSheet":
        steps = [(step.get("tool", ""), step.get("purpose", "")) for step in procedure.steps]
        lines = "\n".join(f"{tool}: {purpose}" if purpose else tool for tool, purpose in steps)
        return cls(procedure.trigger, procedure.body, lines, ProcedureScope(procedure.scope))

    @classmethod
    def read(cls, given: Mapping[str, str]) -> "ProcedureSheet":
        scope = given.get("scope", "")
        return cls(
            given.get("trigger", "").replace("\0", ""),
            given.get("body", "").replace("\0", ""),
            given.get("steps", "").replace("\0", ""),
            ProcedureScope(scope) if scope in ProcedureScope.values else None,
            given.get("reason", "").replace("\0", ""),
        )

    @property
    def steps(self) -> list[tuple[str, str]]:
        parted = [line.partition(":") for line in self.lines.splitlines() if line.strip()]
        return [(tool.strip(), purpose.strip()) for tool, _, purpose in parted]


@dataclass(frozen=True)
class Proof:
    """An answer that a procedure was learned from. No question: its run is gone."""

    run_id: UUID
    question: str
    speaks_for: bool
    thumb: float | None
    comment: str


@dataclass(frozen=True)
class Day:
    """The uses of one day, and the score after it."""

    day: date
    uses: int
    good: int
    bad: int
    score: float | None


def evidence_of(procedure: Procedure) -> list[Proof]:
    """The latest answers behind it, with what people thought of them."""
    rows = list(procedure.evidence.order_by("-pk")[:MOST_EVIDENCE])
    ids = [row.run_id for row in rows]
    there = set(Run.objects.filter(pk__in=ids).values_list("pk", flat=True))
    asked = Message.objects.filter(run__in=there, role=Role.USER, position=0)
    questions = dict(asked.values_list("run_id", "text"))
    thumbs = {one.run_id: one for one in Rating.objects.filter(run__in=there).order_by("rated_at")}
    return [
        Proof(
            row.run_id,
            questions.get(row.run_id, ""),
            row.is_good,
            float(thumbs[row.run_id].is_positive) if row.run_id in thumbs else None,
            thumbs[row.run_id].comment if row.run_id in thumbs else "",
        )
        for row in rows
    ]


def how_it_went(procedure: Procedure) -> list[Day]:
    """Day by day, the newest first."""
    uses = procedure.uses.order_by("created_at").values_list("created_at", "outcome")
    days: list[Day] = []
    good = bad = 0
    for day, of_day in groupby(uses, key=lambda use: timezone.localtime(use[0]).date()):
        outcomes = [outcome for _, outcome in of_day]
        up, down = outcomes.count(UseOutcome.GOOD), outcomes.count(UseOutcome.BAD)
        good, bad = good + up, bad + down
        days.append(Day(day, len(outcomes), up, down, Share(good, good + bad).at_least))
    return days[::-1][:MOST_DAYS]
