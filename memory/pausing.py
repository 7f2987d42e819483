"""Whether a person's memory is on. While it is paused nothing is kept, and what was said then is never learned."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from memory import history
from memory.models import MemoryPreference


@dataclass(frozen=True)
class Consent:
    """Whether a person lets Plumbline remember, and since when."""

    is_paused: bool = False
    kept_from: datetime | None = None

    def covers(self, said_at: datetime) -> bool:
        """Whether what was said then may be kept."""
        return not self.is_paused and (self.kept_from is None or said_at > self.kept_from)


def consent_of(user_id: int) -> Consent:
    found = MemoryPreference.objects.filter(user=user_id).values_list("is_paused", "kept_from").first()
    return Consent(*found) if found else Consent()


def pause(user_id: int) -> None:
    """Keep nothing new and recall nothing, until it is resumed."""
    _set(user_id, is_paused=True)


def resume(user_id: int) -> None:
    """Remember again, from now on."""
    _set(user_id, is_paused=False)


@transaction.atomic
def _set(user_id: int, *, is_paused: bool) -> None:
    history.hold(user_id)
    preference, _ = MemoryPreference.objects.select_for_update().get_or_create(user_id=user_id)
    if preference.is_paused == is_paused:
        return
    preference.is_paused, preference.kept_from = is_paused, timezone.now()
    preference.save()
