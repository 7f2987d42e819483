"""How far each conversation has been read for what is worth remembering."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from agents.models.runs import Thread


class Reading(models.Model):
    """One thread's place, and who reads there now. Runs below `next_position` have been read, each exactly once."""

    thread = models.OneToOneField(Thread, primary_key=True, on_delete=models.CASCADE, related_name="reading")
    next_position = models.PositiveIntegerField(default=0)
    last_position = models.PositiveIntegerField(help_text="Of the last run that has ended.")
    last_finished_at = models.DateTimeField(db_index=True)
    epoch = models.PositiveIntegerField(default=0, help_text="Every write of a reader is conditional on it.")
    lease_expires_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0, help_text="How often it was begun at this place.")
    not_before = models.DateTimeField(
        null=True, help_text="Put off until then: a limit was reached, or the LLM failed."
    )

    class Meta:
        indexes: ClassVar = [
            models.Index(
                F("last_finished_at"), condition=Q(last_position__gte=F("next_position")), name="threads_to_read"
            )
        ]

    def __str__(self) -> str:
        return f"{self.thread_id} from {self.next_position}"
