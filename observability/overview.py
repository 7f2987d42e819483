"""The console's first page: how the last 24 hours went, every number a door to the traces behind it."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Aggregate, Count, FloatField, Q, QuerySet, Sum
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from observability.models import Trace
from observability.names import BACKGROUND, Status
from observability.templatetags.console import count, duration, money
from observability.trace_list import TraceFilter, people

LATEST = 6
TODAY = TraceFilter(period="24h")


@dataclass(frozen=True)
class Tile:
    title: str
    value: str
    note: str
    link: str
    tone: str = ""


class Percentile(Aggregate):
    """`Percentile(0.95, "duration_ms")`: the exact one, which a day's traces are few enough for."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(%(share)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()

    def __init__(self, share: float, expression: str, **extra: Any):
        super().__init__(expression, share=share, **extra)


def overview(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Adds to the page's context what this person may see of it."""
    context = {**context, "title": "Overview"}
    if not request.user.has_perm("observability.view_trace"):
        return context
    today = Trace.objects.filter(started_at__gte=timezone.now() - timedelta(days=1))
    answers = Trace.objects.exclude(agent__in=BACKGROUND)
    latest, errors = _latest(answers), _latest(Trace.objects.with_error())
    return {
        **context,
        "tiles": _tiles(today),
        "latest": latest,
        "errors": errors,
        "people": people({trace.user_id for trace in latest + errors if trace.user_id}),
    }


def _latest(traces: QuerySet[Trace]) -> list[Trace]:
    shown = ("question", "status", "error", "error_count", "agent", "user_id", "started_at", "duration_ms")
    return list(traces.only(*shown).order_by("-started_at", "-id")[:LATEST])


def _tiles(traces: QuerySet[Trace]) -> list[Tile]:
    sums = traces.exclude(agent__in=BACKGROUND).aggregate(
        runs=Count("id"),
        ended=Count("id", filter=Q(status__in=[Status.OK, Status.ERROR])),
        failed=Count("id", filter=Q(status=Status.ERROR)),
        p50=Percentile(0.5, "duration_ms"),
        p95=Percentile(0.95, "duration_ms"),
        first=Percentile(0.5, "first_token_ms"),
        up=Count("id", filter=Q(score__gt=0)),
        down=Count("id", filter=Q(score__lte=0)),
    )
    taken = traces.aggregate(
        spent=Sum("cost"),
        unpriced=Count("id", filter=Q(cost=None, llm_calls__gt=0)),
        tokens=Sum("input_tokens") + Sum("output_tokens"),
    )
    return [
        Tile("Runs", count(sums["runs"]), f"{count(taken['tokens'] or 0)} tokens", _door()),
        _failures(sums["failed"], sums["ended"]),
        Tile("Time to answer", duration(sums["p50"]), f"95 of 100 within {duration(sums['p95'])}", _door()),
        Tile("First word", duration(sums["first"]), "half of them sooner", _door()),
        _cost(taken["spent"], taken["unpriced"]),
        _thumbs(sums["up"], sums["down"]),
    ]


def _failures(failed: int, ended: int) -> Tile:
    rate = f"{100 * failed / ended:.1f} %" if ended else "–"
    note = f"{failed:,} of {ended:,} answers" if ended else "nothing ended yet"
    return Tile("Failed", rate, note, _door(status=Status.ERROR.value), tone="bad" if failed else "")


def _cost(cost: Decimal | None, unpriced: int) -> Tile:
    note = f"{unpriced:,} run{'s' * (unpriced != 1)} of unknown price" if unpriced else "every price known"
    return Tile("Cost", "–" if cost is None else money(cost), note, _door())


def _thumbs(up: int, down: int) -> Tile:
    rated = up + down
    note = f"{up:,} up, {down:,} down" if rated else "nobody rated yet"
    return Tile("Liked", f"{100 * up / rated:.0f} %" if rated else "–", note, _door(rated="any"))


def _door(**wanted: str) -> str:
    return reverse("admin:observability_trace_changelist") + TODAY.query(**wanted)
