"""What people thought of answers, where agents can learn from it, and each time that was tried."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from uuid_utils.compat import uuid7

from agents.models.agents import Agent
from agents.models.runs import Run


class Rating(models.Model):
    """One person's thumb on one run, as the runtime knows it; the chat and the traces have their own."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="ratings")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    is_positive = models.BooleanField()
    comment = models.TextField(blank=True)
    rated_at = models.DateTimeField()
    reflected_at = models.DateTimeField(null=True, blank=True, help_text="When it was last learned from.")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["run", "author"], name="one_rating_per_author")]
        indexes: ClassVar = [
            models.Index(F("rated_at"), condition=Q(reflected_at=None), name="ratings_to_reflect_on"),
        ]

    def __str__(self) -> str:
        return f"{'up' if self.is_positive else 'down'} for {self.run_id}"


class ReflectionStatus(models.TextChoices):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Reflection(models.Model):
    """One look at how an agent's answers went. Its trace, where an LLM was asked, has the same id."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="reflections")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+",
        help_text="Who asked for it; empty: the nightly job.",
    )  # fmt: skip
    status = models.CharField(max_length=8, choices=ReflectionStatus, default=ReflectionStatus.RUNNING)
    note = models.CharField(max_length=300, blank=True, help_text="What came of it, or why nothing did.")
    runs_read = models.PositiveIntegerField(default=0)
    ratings_read = models.PositiveIntegerField(default=0, help_text="By an LLM.")
    proposed = models.PositiveIntegerField(default=0)
    reinforced = models.PositiveIntegerField(default=0)
    tokens = models.PositiveIntegerField(default=0)
    cost = models.DecimalField(
        max_digits=14, decimal_places=8, null=True, blank=True, help_text="US dollars; empty: unknown, or no LLM."
    )
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["agent"], condition=Q(status="running"), name="one_reflection_at_a_time")
        ]

    def __str__(self) -> str:
        return f"{self.agent} {self.started_at:%F %R}"
