"""What takes the place of what: a key that has one value has one memory that holds, and a history before it."""

from datetime import datetime
from uuid import UUID

from accounts.models import User
from memory import history
from memory.keys import ONE_VALUED
from memory.models import Memory, MemoryOperation, MemoryStatus


def rivals(memory: Memory) -> list[Memory]:
    """The person's memories that cannot hold beside this one: of the same subject and the same one-valued key."""
    if memory.key not in ONE_VALUED:
        return []
    same = Memory.objects.of(memory.user_id).filter(agent_id=memory.agent_id, subject=memory.subject, key=memory.key)
    holding = same.filter(status=MemoryStatus.ACTIVE, valid_to=None).exclude(pk=memory.pk)
    return list(holding.select_for_update().order_by("valid_from"))


def succeed(
    old: Memory, new: Memory, *, at: datetime, by: User | None = None, reason: str = "", run_id: UUID | None = None
) -> None:
    """Let a memory end where the next one begins, or else at that moment. It stays, with its time."""
    history.changed(
        old,
        MemoryOperation.SUPERSEDED,
        by=by,
        reason=reason,
        run_id=run_id,
        status=MemoryStatus.SUPERSEDED,
        superseded_by_id=new.pk,
        valid_to=new.valid_from if new.valid_from > old.valid_from else max(at, old.valid_from),
    )
