"""How memory does, over all people: numbers, and never a text or a name."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection
from django.db.models import Count, Q
from django.utils import timezone

from memory.models import (
    Memory,
    MemoryKind,
    MemoryOrigin,
    MemoryPreference,
    MemoryStatus,
    VectorClaim,
    VectorDeletion,
    Window,
)

OLD = timedelta(days=30)

TWICE = """
SELECT COALESCE(sum(times - 1), 0) FROM (
    SELECT count(*) AS times FROM memory_memory WHERE status = 'active'
    GROUP BY user_id, agent_id, subject, key, btrim(lower(regexp_replace(text, '\\W+', ' ', 'g'))), valid_to
    HAVING count(*) > 1
) AS said
"""


@dataclass(frozen=True)
class Source:
    """What one way of finding memories brought, and what became of it."""

    name: str
    total: int
    active: int
    used: int

    @property
    def used_share(self) -> float:
        return self.used / self.total if self.total else 0.0


@dataclass(frozen=True)
class Health:
    people: int
    paused: int
    active: int
    superseded: int
    archived: int
    windows: int
    twice: int
    never_used: int  # known for a month and not needed once
    not_embedded: int
    embedding_failures: int
    deletions_waiting: int
    kinds: list[tuple[str, int]]
    sources: list[Source]


def health() -> Health:
    statuses = Counter(dict(Memory.objects.order_by().values_list("status").annotate(number=Count("pk"))))
    active = Memory.objects.filter(status=MemoryStatus.ACTIVE).order_by()
    kinds = Counter(dict(active.values_list("kind").annotate(number=Count("pk"))))
    return Health(
        people=active.values("user").distinct().count(),
        paused=MemoryPreference.objects.filter(is_paused=True).count(),
        active=statuses[MemoryStatus.ACTIVE],
        superseded=statuses[MemoryStatus.SUPERSEDED],
        archived=statuses[MemoryStatus.ARCHIVED],
        windows=Window.objects.count(),
        twice=_twice(),
        never_used=active.filter(times_used=0, created_at__lt=timezone.now() - OLD).count(),
        not_embedded=active.filter(embedded_with="").count(),
        embedding_failures=VectorClaim.objects.filter(failures__gt=0).count(),
        deletions_waiting=VectorDeletion.objects.count(),
        kinds=[(kind.label, kinds[kind.value]) for kind in MemoryKind],
        sources=_sources(),
    )


def _twice() -> int:
    """Memories of one person that say what another one of theirs says, word for word."""
    with connection.cursor() as cursor:
        cursor.execute(TWICE)
        return int(cursor.fetchone()[0])


def _sources() -> list[Source]:
    rows = (
        Memory.objects.order_by("origin", "extractor")
        .values_list("origin", "extractor")
        .annotate(
            total=Count("pk"),
            active=Count("pk", filter=Q(status=MemoryStatus.ACTIVE)),
            used=Count("pk", filter=Q(times_used__gt=0)),
        )
    )
    return [
        Source(extractor or MemoryOrigin(origin).label, total, active, used)
        for origin, extractor, total, active, used in rows
    ]
