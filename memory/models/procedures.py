"""What was found to work: for a kind of request, what to do; what speaks for it, where it was used, how that went.

A procedure holds nothing personal, and what was learned from one person's answers alone is for that person alone. Runs
and agents are plain ids, because this room knows nothing of those above it.
"""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models import Exists, Q
from uuid_utils.compat import uuid7

from memory.models.memories import MemoryPreference

LONGEST_TRIGGER = 200
LONGEST_BODY = 800


class ProcedureScope(models.TextChoices):
    EVERYBODY = "everybody", "every agent, everybody"
    AGENT = "agent", "one agent, everybody"
    USER = "user", "one agent, one person"


class ProcedureStatus(models.TextChoices):
    PROPOSED = "proposed"
    ACTIVE = "active", "in use"
    SUSPENDED = "suspended", "to be looked at again"
    RETIRED = "retired"
    REJECTED = "rejected"


class ProcedureOrigin(models.TextChoices):
    PATTERN = "pattern", "the same steps went well again and again"
    REFLECTION = "reflection", "an LLM looked at rated answers"
    WRITTEN = "written", "written by hand"


class ProcedureQuerySet(models.QuerySet["Procedure"]):
    def for_run(self, *, user_id: int | None, agent_id: int) -> "ProcedureQuerySet":
        """Those in use that a run of this agent for this person may follow; without a person nobody's own.

        Nor a person's own while that person's memory is paused.
        """
        whose = Q(user=None)
        if user_id is not None:
            is_paused = Exists(MemoryPreference.objects.filter(user=user_id, is_paused=True))
            whose = whose | Q(Q(user_id=user_id), ~is_paused)
        return self.filter(whose, Q(agent_id=None) | Q(agent_id=agent_id), status=ProcedureStatus.ACTIVE)

    def newest(self) -> "ProcedureQuerySet":
        """Without those that a later version has replaced."""
        return self.filter(successor=None)


class Procedure(models.Model):
    """For this kind of request, do this. Its text never changes: an edit is a new version, which must prove itself."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    scope = models.CharField("for", max_length=10, choices=ProcedureScope, default=ProcedureScope.AGENT)
    agent_id = models.BigIntegerField(null=True, blank=True, help_text="The agent that may follow it; empty: each.")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="procedures",
        help_text="The only person for whom it is followed.",
    )  # fmt: skip
    trigger = models.CharField("when", max_length=LONGEST_TRIGGER, help_text="The kind of request it is for.")
    body = models.CharField("what to do", max_length=LONGEST_BODY)
    steps = models.JSONField(default=list, blank=True, help_text='In order: {"tool": …, "purpose": …}.')
    signature = models.CharField(max_length=500, blank=True, help_text="The tools of its steps in order.")
    origin = models.CharField(max_length=10, choices=ProcedureOrigin)
    status = models.CharField(max_length=10, choices=ProcedureStatus, default=ProcedureStatus.PROPOSED)
    reason = models.CharField(max_length=300, blank=True, help_text="Why it stands as it does.")
    version = models.PositiveIntegerField(default=1)
    parent = models.OneToOneField("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="successor")
    support = models.PositiveIntegerField(default=0, help_text="Answers that went well this way before it was used.")
    doubts = models.PositiveIntegerField(default=0, help_text="Answers that speak against it.")
    times_used = models.PositiveIntegerField(default=0)
    successes = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    score = models.FloatField(
        null=True, blank=True, help_text="What its share of good answers is at least (Wilson); empty: none was judged."
    )
    last_used_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+",
        help_text="Empty: Plumbline itself.",
    )  # fmt: skip
    decided_at = models.DateTimeField(null=True, blank=True)
    embedded_with = models.CharField(max_length=120, blank=True, help_text="The embedder of its vector; empty: none.")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    tsv = models.GeneratedField(
        expression=SearchVector("trigger", config="english"), output_field=SearchVectorField(), db_persist=True
    )

    objects = ProcedureQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(scope="everybody", agent_id=None, user=None)
                | Q(scope="agent", agent_id__isnull=False, user=None)
                | Q(scope="user", agent_id__isnull=False, user__isnull=False),
                name="procedure_is_for_its_scope",
            )
        ]
        indexes: ClassVar = [
            models.Index("agent_id", "user", condition=Q(status="active"), name="procedures_in_use"),
            models.Index("status", "id", name="procedures_by_status"),
            GinIndex("tsv", name="procedures_by_words"),
        ]

    def __str__(self) -> str:
        return self.trigger

    @property
    def judged(self) -> int:
        return self.successes + self.failures


class ProcedureEvidence(models.Model):
    """A run that a procedure was learned from, once: for it, or (not `is_good`) against it. It goes with its person."""

    procedure = models.ForeignKey(Procedure, on_delete=models.CASCADE, related_name="evidence")
    run_id = models.UUIDField()
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+")
    is_good = models.BooleanField()
    is_rated = models.BooleanField(default=False, help_text="A person said so.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["procedure", "run_id"], name="one_evidence_per_run"),
        ]
        indexes: ClassVar = [models.Index("run_id", name="evidence_of_a_run")]

    def __str__(self) -> str:
        return f"{self.run_id} for {self.procedure_id}"


class UseOutcome(models.TextChoices):
    UNKNOWN = "unknown", "not rated"
    GOOD = "good"
    BAD = "bad"


class ProcedureUse(models.Model):
    """A run that was told a procedure, and how it went: by the person's thumb, else bad when the run failed."""

    procedure = models.ForeignKey(Procedure, on_delete=models.CASCADE, related_name="uses")
    run_id = models.UUIDField()
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    rank = models.PositiveSmallIntegerField()
    similarity = models.FloatField(help_text="How near its trigger was to the question, 0 to 1.")
    outcome = models.CharField(max_length=8, choices=UseOutcome, default=UseOutcome.UNKNOWN)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["run_id", "rank"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run_id", "procedure"], name="one_use_per_run"),
        ]
        indexes: ClassVar = [
            models.Index("procedure", "created_at", name="uses_of_a_procedure"),
            models.Index("created_at", condition=Q(outcome="unknown"), name="uses_not_judged"),
        ]

    def __str__(self) -> str:
        return f"{self.procedure_id} in {self.run_id}"
