"""How an agent's answers went lately, as plain values. What may not be learned from is not read."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from agents.models import Agent, CallStatus, Rating, Role, Run, RunStatus, StopReason
from agents.reflecting.ratings import WENT_BADLY
from memory.models import ProcedureUse
from memory.shares import Share

LOOKS_BACK = timedelta(days=30)
MOST_RUNS = 1_000
BASELINE_DAYS = timedelta(days=90)


@dataclass(frozen=True)
class Step:
    tool: str
    arguments: tuple[str, ...]  # their names; what they held is nobody's business here
    is_ok: bool


@dataclass(frozen=True)
class Seen:
    """An answer, and how it went: good, bad, or nobody can say."""

    run_id: UUID
    user_id: int
    question: str
    steps: tuple[Step, ...]
    is_good: bool | None
    is_rated: bool
    comments: tuple[str, ...] = ()


def answers(agent: Agent) -> list[Seen]:
    """The latest, oldest first."""
    since = timezone.now() - LOOKS_BACK
    runs = _learnable(agent).filter(created_at__gte=since, status__in=(RunStatus.COMPLETED, *WENT_BADLY))
    return _seen(runs.order_by("-id")[:MOST_RUNS])


def rated_since_last(agent: Agent, *, most: int) -> tuple[list[Seen], datetime]:
    """Answers with thumbs nobody has reflected on yet, oldest first, and the moment up to which they were read."""
    now = timezone.now()
    fresh = Rating.objects.filter(reflected_at=None, rated_at__lte=now, run__in=_learnable(agent).values("pk"))
    ids = list(dict.fromkeys(fresh.order_by("rated_at").values_list("run_id", flat=True)))[:most]
    return _seen(Run.objects.filter(pk__in=ids).order_by("-id")), now


def mark_reflected(seen: list[Seen], read_at: datetime) -> None:
    """A thumb that was changed meanwhile is read again next time."""
    of_them = Rating.objects.filter(run_id__in=[one.run_id for one in seen], rated_at__lte=read_at)
    of_them.update(reflected_at=timezone.now())


def share_without(agent_id: int | None, procedure_id: UUID) -> Share:
    """How answers of an agent (or of all) went that were not told a procedure: thumbs, and failures without one."""
    since = timezone.now() - BASELINE_DAYS
    runs = Run.objects.filter(root=None, created_at__gte=since)
    if agent_id is not None:
        runs = runs.filter(agent_version__agent=agent_id)
    others = runs.exclude(pk__in=ProcedureUse.objects.filter(procedure=procedure_id).values("run_id"))
    good = others.filter(ratings__is_positive=True).count()
    bad = others.filter(ratings__is_positive=False).count() + others.filter(ratings=None, status__in=WENT_BADLY).count()
    return Share(good, good + bad)


def _learnable(agent: Agent) -> QuerySet[Run]:
    """Answers to people, in conversations that may be learned from, to an agent that learns."""
    runs = Run.objects.filter(
        agent_version__agent=agent, root=None, user__isnull=False, firing=None, thread__is_temporary=False,
        replacement=None,
    )  # fmt: skip
    learns = Q(agent_version__memory__learns__isnull=True) | Q(agent_version__memory__learns=True)
    is_paused = runs.filter(user__memory_preference__is_paused=True)
    is_forgotten = runs.filter(user__memory_preference__kept_from__gt=F("created_at"))
    return runs.filter(learns).exclude(pk__in=is_paused.values("pk")).exclude(pk__in=is_forgotten.values("pk"))


def _seen(newest_first: QuerySet[Run]) -> list[Seen]:
    runs = newest_first.prefetch_related("messages", "tool_calls", "ratings")
    return [_as_seen(run) for run in runs][::-1]


def _as_seen(run: Run) -> Seen:
    steps = tuple(
        Step(call.name, _names(call.arguments), call.status == CallStatus.SUCCEEDED)
        for call in sorted(run.tool_calls.all(), key=lambda call: call.pk)
    )
    ratings = sorted(run.ratings.all(), key=lambda one: (one.rated_at, one.pk))
    assert run.user_id is not None
    return Seen(
        run_id=run.pk,
        user_id=run.user_id,
        question="\n".join(one.text for one in run.messages.all() if one.role == Role.USER),
        steps=steps,
        is_good=ratings[-1].is_positive if ratings else _went_by_itself(run, steps),
        is_rated=bool(ratings),
        comments=tuple(one.comment for one in ratings if one.comment),
    )


def _went_by_itself(run: Run, steps: tuple[Step, ...]) -> bool | None:
    if run.status in WENT_BADLY:
        return False
    is_smooth = run.stop_reason == StopReason.FINAL and all(step.is_ok for step in steps)
    return True if is_smooth else None


def _names(arguments: str) -> tuple[str, ...]:
    try:
        given = json.loads(arguments or "{}")
    except ValueError:
        return ()
    return tuple(str(name)[:60] for name in given) if isinstance(given, dict) else ()
