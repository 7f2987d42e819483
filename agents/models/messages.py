"""What was said in a run, and the tool calls it asked for."""

import uuid
from typing import ClassVar

from django.db import models
from uuid_utils.compat import uuid7

from agents.models.runs import Run


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
    has_attachments = models.BooleanField(default=False, help_text="Files came with it: see `Attachment`.")
    is_interrupted = models.BooleanField(default=False, help_text="Stopped before the LLM had finished.")
    is_superseded = models.BooleanField(
        default=False, help_text="Sent back to the LLM: its form was not the agreed one."
    )
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
    AWAITING_APPROVAL = "awaiting_approval"
    READY = "ready"
    STARTED = "started"
    DELEGATED = "delegated"  # another agent works on it, in a run of its own
    OUTCOME_UNKNOWN = "outcome_unknown"  # begun, cut off, and not to be begun again without a person's word
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    INVALID = "invalid"
    DENIED = "denied"
    CANCELLED = "cancelled"
    UNSETTLED = "unsettled"  # nobody will say any more whether it took effect


STARTABLE_CALLS = (CallStatus.READY, CallStatus.STARTED)
AWAITED_CALLS = (CallStatus.AWAITING_APPROVAL, CallStatus.DELEGATED, CallStatus.OUTCOME_UNKNOWN)
OPEN_CALLS = (*STARTABLE_CALLS, *AWAITED_CALLS)


class ToolCall(models.Model):
    """One request of the LLM to run a tool, and its one result: so a transcript is balanced by its shape."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="tool_calls")
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="tool_calls")
    position = models.PositiveIntegerField(help_text="The order in which the LLM asked.")
    provider_call_id = models.CharField(max_length=200, blank=True)
    name = models.CharField(max_length=120)
    raw_arguments = models.TextField(blank=True, help_text="As the LLM wrote them.")
    child = models.OneToOneField(
        Run, null=True, blank=True, on_delete=models.SET_NULL, related_name="parent_call", help_text="Who works on it."
    )
    edited_arguments = models.TextField(blank=True, help_text="As a person approved them instead.")
    effect = models.CharField(max_length=12, choices=Effect, default=Effect.UNSAFE)
    status = models.CharField(max_length=20, choices=CallStatus, default=CallStatus.READY)
    attempt = models.PositiveSmallIntegerField(default=0)
    result = models.TextField(blank=True, help_text="What the LLM reads.")
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["message", "position"], name="one_call_per_position")]
        indexes: ClassVar = [
            models.Index("run", condition=models.Q(status="outcome_unknown"), name="unknown_outcomes"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_open(self) -> bool:
        return self.status in OPEN_CALLS

    @property
    def arguments(self) -> str:
        """What is executed: a person's edit, else what the LLM wrote."""
        return self.edited_arguments or self.raw_arguments

    @property
    def idempotency_key(self) -> uuid.UUID:
        """The same on every attempt and redelivery; UUIDv5 (RFC 9562) of run and call."""
        return uuid.uuid5(self.run_id, str(self.id))


class Artifact(models.Model):
    """The whole of a result that was cut for the LLM."""

    call = models.OneToOneField(ToolCall, primary_key=True, on_delete=models.CASCADE, related_name="artifact")
    content = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{len(self.content):,} characters of {self.call}"
