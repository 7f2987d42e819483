"""What a run was reminded of, as rows: written once, read again by whoever takes the run over and by its pages."""

import uuid
from collections.abc import Iterable, Sequence

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from memory.models import Memory, MemoryUse, Window
from memory.recall import Recalled, corrected, recalled


@transaction.atomic
def keep_uses(found: Sequence[Recalled], *, run_id: uuid.UUID, user_id: int) -> list[Recalled]:
    """Count what a run is reminded of, and note it; those that were deleted meanwhile are left out of what is returned.

    Call it once a run.
    """
    mine = Memory.objects.of(user_id).filter(pk__in=[one.memory_id for one in found if one.memory_id])
    memories = set(mine.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))
    said = Window.objects.filter(user_id=user_id, pk__in=[one.window_id for one in found if one.window_id])
    windows = set(said.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))
    kept = [one for one in found if (one.memory_id in memories if one.memory_id else one.window_id in windows)]
    Memory.objects.of(user_id).filter(pk__in=memories).update(
        times_used=F("times_used") + 1, last_used_at=timezone.now()
    )
    MemoryUse.objects.bulk_create(
        MemoryUse(
            run_id=run_id,
            user_id=user_id,
            memory_id=one.memory_id,
            window_id=one.window_id if one.window_id in windows else None,
            rank=rank,
            score=one.score,
        )
        for rank, one in enumerate(kept)
    )
    return kept


def uses_of(run_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[Recalled]]:
    """By run, what it was reminded of, as it reads now: what was forgotten since is gone here too."""
    uses = MemoryUse.objects.filter(run_id__in=list(run_ids)).select_related("memory", "window")
    uses = uses.defer("memory__words", "memory__tsv", "window__words").order_by("run_id", "rank")
    rows = list(uses)
    wrong = corrected(use.memory_id for use in rows if use.memory_id) if rows else set()
    found: dict[uuid.UUID, list[Recalled]] = {}
    for use in rows:
        window = None if use.memory_id in wrong else use.window
        if use.memory or window:
            found.setdefault(use.run_id, []).append(recalled(memory=use.memory, window=window, score=use.score))
    return found
