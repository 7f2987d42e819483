"""What a person does with what is known about them that touches more than one memory; the rest is `memory.forget`."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from agents.learning import job as learning
from agents.models import Thread
from memory import forget
from memory.forget import MemoryRefused
from memory.models import Memory, MemoryKind, MemoryOrigin
from memory.remember import Candidate, remember


@transaction.atomic  # inside of a transaction nothing is embedded here: that is the worker's
def write_down(user: User, text: str, *, kind: MemoryKind, agent_id: int | None = None) -> Memory:
    """Keep what a person wrote about themselves, also while memory is paused. Raises MemoryRefused."""
    words = forget.checked_text(text)
    candidate = Candidate(text=words, kind=kind, said_at=timezone.now(), origin=MemoryOrigin.WRITTEN)
    (kept,) = remember([candidate], user_id=user.pk, agent_id=agent_id, by=user)
    if kept.memory is None:
        raise MemoryRefused(kept.reason)
    return kept.memory


def forget_conversation(user: User, thread_id: UUID) -> int:
    """Forget all that one conversation gave, and learn and find no more of it; how many memories that was.

    It may be deleted since. One of somebody else's is left as it is: nothing of this person's came from there.
    """
    if Thread.objects.visible_to(user).filter(pk=thread_id).exists():
        return learning.forget_conversation(user, thread_id, by=user)
    return forget.delete_all(user.pk, by=user, thread_id=thread_id)


def forget_everything(user: User) -> int:
    """Forget all that is known about a person, and learn nothing of what was said until now."""
    return forget.delete_all(user.pk, by=user)
