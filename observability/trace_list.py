"""The list of traces: what the address asks for, and one page of it.

Pages go by keyset: the address names the last row seen, so page 200 costs what page 1 costs, and rows that arrive
meanwhile move nothing. Nothing here counts a whole table.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models import Q
from django.utils import timezone

from observability.models import Trace, TraceQuerySet
from observability.names import STATUS_FACES

PAGE_LENGTH = 40
COUNTED_UP_TO = 1000
PERIODS = {
    "1h": ("Last hour", timedelta(hours=1)),
    "24h": ("Last 24 hours", timedelta(days=1)),
    "7d": ("Last 7 days", timedelta(days=7)),
    "30d": ("Last 30 days", timedelta(days=30)),
}
RATINGS = {"up": "Thumb up", "down": "Thumb down", "any": "Rated"}
IN_THE_LIST = (
    "status", "question", "agent", "agent_version", "user_id", "started_at", "duration_ms", "first_token_ms",
    "input_tokens", "output_tokens", "cost", "error_count", "score",
)  # fmt: skip


@dataclass(frozen=True)
class Cursor:
    """A place in the list, newest first: before or after this row."""

    started_at: datetime
    id: UUID

    def __str__(self) -> str:
        return f"{self.started_at.astimezone(UTC).isoformat()}~{self.id}"

    @classmethod
    def read(cls, given: str) -> "Cursor | None":
        try:
            moment, key = given.split("~")
            started_at = datetime.fromisoformat(moment)
            return cls(started_at if started_at.tzinfo else started_at.replace(tzinfo=UTC), UUID(key))
        except ValueError:
            return None


@dataclass(frozen=True)
class TraceFilter:
    """What a person asked to see. Everything stands in the address, so a view can be sent to a colleague."""

    q: str = ""
    status: str = ""
    agent: str = ""
    person: str = ""
    thread: str = ""
    rated: str = ""
    errors: str = ""
    period: str = ""

    @classmethod
    def read(cls, given: Mapping[str, str]) -> "TraceFilter":
        """What makes no sense is left out rather than refused."""
        wanted = {name: given.get(name, "").replace("\x00", "").strip()[:200] for name in cls.__dataclass_fields__}
        return cls(
            q=wanted["q"],
            status=wanted["status"] if wanted["status"] in STATUS_FACES else "",
            agent=wanted["agent"],
            person=wanted["person"],
            thread=wanted["thread"] if _uuid(wanted["thread"]) else "",
            rated=wanted["rated"] if wanted["rated"] in RATINGS else "",
            errors="1" if wanted["errors"] else "",
            period=wanted["period"] if wanted["period"] in PERIODS else "",
        )

    @property
    def is_empty(self) -> bool:
        return self == TraceFilter()

    def query(self, **changes: str) -> str:
        """The address of this view, with these changes and additions."""
        asked = {name: value for name, value in {**vars(self), **changes}.items() if value}
        return "?" + urlencode(asked)

    def traces(self) -> TraceQuerySet:
        traces = Trace.objects.all()
        if self.q:
            traces = traces.asking(self.q)
        if self.status:
            traces = traces.filter(status=self.status)
        if self.agent:
            traces = traces.filter(agent=self.agent)
        if self.person:
            traces = traces.filter(user_id=_person_id(self.person))
        if self.thread:
            traces = traces.filter(thread_id=self.thread)
        if self.rated:
            traces = traces.filter(RATED[self.rated])
        if self.errors:
            traces = traces.with_error()
        if self.period:
            traces = traces.filter(started_at__gte=timezone.now() - PERIODS[self.period][1])
        return traces


RATED = {"up": Q(score__gt=0), "down": Q(score__lte=0), "any": Q(score__isnull=False)}


@dataclass(frozen=True)
class TracePage:
    traces: list[Trace]
    older: Cursor | None
    newer: Cursor | None


def read_page(traces: TraceQuerySet, *, before: Cursor | None = None, after: Cursor | None = None) -> TracePage:
    """One page of these traces, newest first, and where the next ones begin."""
    traces = traces.only(*IN_THE_LIST)
    if after:
        later = traces.filter(started_at__gte=after.started_at).exclude(started_at=after.started_at, id__lte=after.id)
        found = list(later.order_by("started_at", "id")[: PAGE_LENGTH + 1])
        page = found[:PAGE_LENGTH][::-1]
        return TracePage(page, older=_cursor(page[-1:]), newer=_cursor(page[:1]) if len(found) > PAGE_LENGTH else None)
    if before:
        traces = traces.filter(started_at__lte=before.started_at).exclude(
            started_at=before.started_at, id__gte=before.id
        )
    found = list(traces.order_by("-started_at", "-id")[: PAGE_LENGTH + 1])
    page = found[:PAGE_LENGTH]
    return TracePage(
        page,
        older=_cursor(page[-1:]) if len(found) > PAGE_LENGTH else None,
        newer=_cursor(page[:1]) if before else None,
    )


def how_many(traces: TraceQuerySet, *, are_all: bool) -> str:
    """The number of traces in words: exact while it is small, else an estimate that costs nothing."""
    estimate = _rows_of_the_table() if are_all else 0
    if estimate > COUNTED_UP_TO:
        return f"About {estimate:,} traces"
    number = traces[: COUNTED_UP_TO + 1].count()
    if number > COUNTED_UP_TO:
        return f"More than {COUNTED_UP_TO:,} traces"
    return f"{number:,} trace" if number == 1 else f"{number:,} traces"


def _rows_of_the_table() -> int:
    """As many as PostgreSQL last estimated, -1 before it first did."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass", [Trace._meta.db_table])
        return cursor.fetchone()[0]


def people(user_ids: set[int]) -> dict[int, str]:
    """The e-mail addresses of these people, in one question; those who left are not in it."""
    if not user_ids:
        return {}
    return dict(get_user_model()._default_manager.filter(id__in=user_ids).values_list("id", "email"))


def agents_seen() -> list[str]:
    """Every agent that has a trace. Skips along the index from one agent to the next instead of reading all rows."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH RECURSIVE seen(agent) AS (
                (SELECT agent FROM observability_trace ORDER BY agent LIMIT 1)
                UNION ALL
                SELECT (SELECT t.agent FROM observability_trace t WHERE t.agent > seen.agent ORDER BY t.agent LIMIT 1)
                FROM seen WHERE seen.agent IS NOT NULL
            )
            SELECT agent FROM seen WHERE agent IS NOT NULL LIMIT 200
            """
        )
        return [agent for (agent,) in cursor.fetchall()]


def _person_id(person: str) -> int:
    """Of an e-mail address or a number; nobody has the number 0."""
    if person.isdecimal():
        return min(int(person), 2**62)
    found = get_user_model()._default_manager.filter(email__iexact=person).values_list("id", flat=True).first()
    return found or 0


def _cursor(traces: list[Trace]) -> Cursor | None:
    return Cursor(traces[0].started_at, traces[0].id) if traces else None


def _uuid(given: str) -> UUID | None:
    try:
        return UUID(given)
    except ValueError:
        return None
