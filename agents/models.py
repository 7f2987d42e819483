"""The runtime's truth: agents and their versions, threads, runs, messages and tool calls.

A thread is a list of runs in the order of `Run.position`; a run is a list of messages in the order of
`Message.position`. The transcript an LLM sees is read in that order, so a message that arrives while an
earlier run is still answering never slips in between.
"""

import uuid
from decimal import Decimal
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from uuid_utils.compat import uuid7


class Agent(models.Model):
    """A configured persona. What it does is in its versions; `live` is the one new runs are bound to."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=80)
    description = models.CharField(max_length=300, blank=True)
    suggestions = models.JSONField(default=list, blank=True, help_text="Up to four questions offered on an empty page.")
    is_enabled = models.BooleanField(default=True)
    live = models.ForeignKey("AgentVersion", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return self.name


class AgentVersion(models.Model):
    """A frozen configuration. Never changed once a run has used it."""

    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    instructions = models.TextField()
    llm_name = models.CharField(max_length=120, blank=True, help_text="Empty: the model of the connection.")
    fallback_llm_names = models.JSONField(default=list, blank=True)
    parameters = models.JSONField(default=dict, blank=True, help_text="temperature, top_p, max_tokens …")
    tools = models.JSONField(default=list, blank=True, help_text="Names of the tools it may call.")
    max_turns = models.PositiveSmallIntegerField(default=12)
    max_tool_calls = models.PositiveSmallIntegerField(default=64)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["agent", "number"], name="one_version_per_number")]

    def __str__(self) -> str:
        return f"{self.agent.slug} v{self.number}"


class Thread(models.Model):
    """The runtime's transcript (AG-UI's `threadId`)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+")
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="threads")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return str(self.id)


class RunStatus(models.TextChoices):
    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DEAD = "dead"


UNFINISHED = (RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.WAITING)
FINISHED = (RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELLED, RunStatus.DEAD)


class StopReason(models.TextChoices):
    FINAL = "final"
    CANCELLED = "cancelled"
    MAX_TURNS = "max_turns"
    MAX_TOOL_CALLS = "max_tool_calls"
    REPEATED_CALL = "repeated_call"
    LLM_ERROR = "llm_error"
    INTERNAL_ERROR = "internal_error"
    RECOVERIES_EXHAUSTED = "recoveries_exhausted"


class RunQuerySet(models.QuerySet["Run"]):
    def unfinished(self) -> "RunQuerySet":
        return self.filter(status__in=UNFINISHED)

    def shown(self) -> "RunQuerySet":
        """Without the runs that a later attempt replaced."""
        return self.filter(replacement__isnull=True)


class Run(models.Model):
    """One execution, from an input to exactly one outcome. Its trace has the same id."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="runs")
    position = models.PositiveIntegerField(help_text="Its place in the thread.")
    agent_version = models.ForeignKey(AgentVersion, on_delete=models.PROTECT, related_name="runs")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    replaces = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="replacement"
    )
    client_request_id = models.CharField(max_length=100, null=True, blank=True)  # noqa: DJ001 - null is not unique

    status = models.CharField(max_length=10, choices=RunStatus, default=RunStatus.QUEUED)
    stop_reason = models.CharField(max_length=24, choices=StopReason, blank=True)
    error = models.TextField(blank=True, help_text="In words, for the person who asked.")
    turn = models.PositiveIntegerField(default=0)

    # Who works on it. Every write of a worker is conditional on `epoch`.
    epoch = models.PositiveIntegerField(default=0)
    lease_owner = models.UUIDField(null=True, editable=False)
    lease_expires_at = models.DateTimeField(null=True, editable=False)
    recoveries = models.PositiveSmallIntegerField(default=0)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)

    # The live log's last saved place: the text so far, and the number of the last event it contains.
    draft_message_id = models.UUIDField(null=True, editable=False)
    draft_text = models.TextField(blank=True)
    last_seq = models.PositiveIntegerField(default=0)

    llm_name = models.CharField(max_length=120, blank=True)
    llm_calls = models.PositiveIntegerField(default=0)
    error_count = models.PositiveIntegerField(default=0)
    input_tokens = models.PositiveIntegerField(default=0)
    output_tokens = models.PositiveIntegerField(default=0)
    cached_tokens = models.PositiveIntegerField(default=0)
    cost = models.DecimalField(
        max_digits=14, decimal_places=8, null=True, default=Decimal, help_text="US dollars; empty: a price is unknown."
    )
    first_token_ms = models.PositiveIntegerField(null=True)

    created_at = models.DateTimeField(auto_now_add=True)
    queued_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["thread", "position"], name="one_run_per_position"),
            models.UniqueConstraint(fields=["user", "client_request_id"], name="one_run_per_client_request"),
            models.UniqueConstraint(
                fields=["thread"], condition=Q(status__in=["running", "waiting"]), name="one_live_run_per_thread"
            ),
        ]
        indexes: ClassVar = [
            models.Index(F("queued_at"), condition=Q(status="queued"), name="queued_runs"),
            models.Index(F("lease_expires_at"), condition=Q(status="running"), name="running_leases"),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def is_finished(self) -> bool:
        return self.status in FINISHED

    def conclude(self, status: RunStatus, reason: StopReason, error: str = "") -> None:
        """Its one outcome; nothing is saved."""
        self.status, self.stop_reason, self.error = status, reason, error
        self.finished_at = timezone.now()


class Role(models.TextChoices):
    USER = "user"
    ASSISTANT = "assistant"


class Message(models.Model):
    """One entry of the transcript. Append-only; results of tools stand in their `ToolCall`."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="messages")
    position = models.PositiveIntegerField(help_text="Its place in the run.")
    role = models.CharField(max_length=10, choices=Role)
    text = models.TextField(blank=True)
    is_interrupted = models.BooleanField(default=False, help_text="Stopped before the LLM had finished.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["run", "position"], name="one_message_per_position")]

    def __str__(self) -> str:
        return self.text[:60]


class Effect(models.TextChoices):
    READ = "read"
    IDEMPOTENT = "idempotent"
    UNSAFE = "unsafe"


class CallStatus(models.TextChoices):
    READY = "ready"
    STARTED = "started"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    INVALID = "invalid"
    CANCELLED = "cancelled"
    OUTCOME_UNKNOWN = "outcome_unknown"


OPEN_CALLS = (CallStatus.READY, CallStatus.STARTED)


class ToolCall(models.Model):
    """One request of the LLM to run a tool, and its one result: so a transcript is balanced by its shape."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="tool_calls")
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="tool_calls")
    position = models.PositiveIntegerField(help_text="The order in which the LLM asked.")
    provider_call_id = models.CharField(max_length=200, blank=True)
    name = models.CharField(max_length=120)
    raw_arguments = models.TextField(blank=True)
    effect = models.CharField(max_length=12, choices=Effect, default=Effect.UNSAFE)
    status = models.CharField(max_length=16, choices=CallStatus, default=CallStatus.READY)
    attempt = models.PositiveSmallIntegerField(default=0)
    result = models.TextField(blank=True, help_text="What the LLM reads.")
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["message", "position"], name="one_call_per_position")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_open(self) -> bool:
        return self.status in OPEN_CALLS

    @property
    def idempotency_key(self) -> uuid.UUID:
        """The same on every attempt and redelivery; UUIDv5 (RFC 9562) of run and call."""
        return uuid.uuid5(self.run_id, str(self.id))


class LLMConnection(models.Model):
    """The endpoint an administrator connected in the browser. There is at most one."""

    base_url = models.URLField(blank=True)
    encrypted_key = models.BinaryField(blank=True, default=bytes, editable=False)
    llm_name = models.CharField(max_length=120, blank=True)
    tested_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(auto_now=True)
    updated_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    def __str__(self) -> str:
        return self.base_url or "api.openai.com"
