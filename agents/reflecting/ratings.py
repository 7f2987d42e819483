"""What a person thought of an answer: kept for reflection, and counted for the procedures that answer was told."""

from collections.abc import Collection
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from agents.models import Rating, Run, RunStatus
from memory import procedures
from memory.models import ProcedureUse, UseOutcome

WENT_BADLY = (RunStatus.FAILED, RunStatus.DEAD)


@transaction.atomic
def rated(run: Run, *, by: User, is_positive: bool | None, comment: str = "") -> None:
    """Keep a thumb, or take it back with None. The tasks other agents did for the answer are judged with it."""
    if is_positive is None:
        Rating.objects.filter(run=run, author=by).delete()
    else:
        changes = {"is_positive": is_positive, "comment": comment, "rated_at": timezone.now(), "reflected_at": None}
        Rating.objects.update_or_create(run=run, author=by, defaults=changes)
    told = _told(run)
    if told:
        procedures.judge(told, _outcome(run))


def judge_failed(run_ids: Collection[UUID]) -> None:
    """Count runs that failed against what they were told, unless their person has said otherwise."""
    failed = Run.objects.filter(pk__in=run_ids, status__in=WENT_BADLY, ratings=None)
    procedures.judge(list(failed.values_list("pk", flat=True)), UseOutcome.BAD)


def _told(run: Run) -> list[UUID]:
    """Of the run and the tasks below it, those that were told a procedure."""
    tree = [run.pk, *Run.objects.filter(root=run.pk).values_list("pk", flat=True)]
    return list(ProcedureUse.objects.filter(run_id__in=tree).values_list("run_id", flat=True).distinct())


def _outcome(run: Run) -> UseOutcome:
    last = run.ratings.order_by("rated_at", "pk").last()
    if last is None:
        return UseOutcome.BAD if run.status in WENT_BADLY else UseOutcome.UNKNOWN
    return UseOutcome.GOOD if last.is_positive else UseOutcome.BAD
