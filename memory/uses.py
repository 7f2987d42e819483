"""What a run was reminded of, as rows: written once, read again by whoever takes the run over and by its pages."""

import uuid
from collections.abc import Iterable, Sequence

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from memory.models import Memory, MemoryUse, Window
from memory.recall import CONVERSATION, Recalled

USES = """
SELECT used.run_id, used.score, memory.id, memory.kind, memory.text, memory.created_at,
       said.message_id, said.thread_id, said.text, said.said_at
  FROM memory_memoryuse AS used
  LEFT JOIN memory_memory AS memory ON memory.id = used.memory_id
  LEFT JOIN memory_window AS said ON said.message_id = used.window_id
 WHERE used.run_id = ANY(%(run_ids)s)
 ORDER BY used.run_id, used.rank
"""


@transaction.atomic
def keep_uses(found: Sequence[Recalled], *, run_id: uuid.UUID, user_id: int) -> list[Recalled]:
    """Count what a run is reminded of, and note it; those that were deleted meanwhile are left out of what is returned.

    Call it once a run.
    """
    mine = Memory.objects.of(user_id).filter(pk__in=[one.memory_id for one in found if one.memory_id])
    memories = set(mine.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))
    said = Window.objects.filter(user_id=user_id, pk__in=[one.window_id for one in found if one.window_id])
    windows = set(said.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))
    kept = [one for one in found if one.memory_id in memories or one.window_id in windows]
    Memory.objects.of(user_id).filter(pk__in=memories).update(
        times_used=F("times_used") + 1, last_used_at=timezone.now()
    )
    MemoryUse.objects.bulk_create(
        MemoryUse(
            run_id=run_id, user_id=user_id, memory_id=one.memory_id, window_id=one.window_id, rank=rank, score=one.score
        )
        for rank, one in enumerate(kept)
    )
    return kept


def uses_of(run_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[Recalled]]:
    """By run, what it was reminded of, as it reads now: what was forgotten since is gone here too."""
    wanted = list(run_ids)
    if not wanted:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(USES, {"run_ids": wanted})
        rows = cursor.fetchall()
    found: dict[uuid.UUID, list[Recalled]] = {}
    for run_id, score, memory_id, kind, text, known_at, message_id, thread_id, said, said_at in rows:
        if memory_id:
            one = Recalled(kind, text, known_at, score, memory_id=memory_id)
        else:
            one = Recalled(CONVERSATION, said, said_at, score, window_id=message_id, thread_id=thread_id)
        found.setdefault(run_id, []).append(one)
    return found
