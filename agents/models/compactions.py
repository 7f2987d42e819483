"""Summaries of a thread's oldest turns: kept beside the transcript, which stays as it was said."""

from typing import ClassVar

from django.db import models
from django.utils import timezone
from uuid_utils.compat import uuid7

from agents.models.runs import Run, Thread
from agents.rows import columns
from agents.rows import models as instances


class CompactionManager(models.Manager["Compaction"]):
    def standing_for(self, run: Run) -> "Compaction | None":
        """The summary of what was said longest ago, as this run is to read it; one cheap statement."""
        if not run.position:
            return None
        parameters = {"thread_id": run.thread_id, "position": run.position}
        return next((found for (found,) in instances(STANDING, parameters, Compaction)), None)


class Compaction(models.Model):
    """One summary. It stands in for the `turns` oldest turns of its thread, those of the runs up to a position.

    When one of these turns is replaced, or went on after all, what was summarised is no longer what was said: the
    summary is void.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="compactions")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="compactions", help_text="Which needed room.")
    position = models.PositiveIntegerField(help_text="Before which message of that run.")
    up_to_position = models.PositiveIntegerField(help_text="The last run it summarises.")
    turns = models.PositiveIntegerField(help_text="How many turns it stands for, those of earlier summaries too.")
    text = models.TextField()
    tokens = models.PositiveIntegerField()
    llm_name = models.CharField(max_length=120)
    is_void = models.BooleanField(default=False, help_text="Another one has taken its place.")
    created_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[CompactionManager] = CompactionManager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["thread", "up_to_position"],
                condition=models.Q(is_void=False),
                name="one_compaction_per_place",
            )
        ]

    def __str__(self) -> str:
        return f"{self.turns} turns in {self.tokens} tokens"


# Turns only ever leave the part that was summarised: as many as then, none changed since, are the same ones.
STANDING = f"""
SELECT {columns(Compaction, "compaction")}
  FROM agents_compaction AS compaction
 WHERE compaction.thread_id = %(thread_id)s AND compaction.up_to_position < %(position)s AND NOT compaction.is_void
   AND compaction.turns = (
        SELECT count(*) FROM agents_run AS run
         WHERE run.thread_id = compaction.thread_id AND run.position <= compaction.up_to_position
           AND run.finished_at <= compaction.created_at
           AND NOT EXISTS (SELECT 1 FROM agents_run AS again WHERE again.replaces_id = run.id))
 ORDER BY compaction.up_to_position DESC
 LIMIT 1
"""
