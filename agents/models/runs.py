"""Threads and runs, and the state machine of a run.

A thread is a list of runs in the order of `Run.position`; a run is a list of messages in the order of
`Message.position`. The transcript an LLM sees is read in that order, so a message that arrives while an
earlier run is still answering never slips in between.
"""

import uuid
from decimal import Decimal
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from uuid_utils.compat import uuid7

from accounts.models import User
from agents.models.agents import Agent, AgentVersion


class ThreadQuerySet(models.QuerySet["Thread"]):
    def visible_to(self, user: User) -> "ThreadQuerySet":
        return self.filter(owner=user)


class Thread(models.Model):
    """The runtime's transcript (AG-UI's `threadId`)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+")
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="threads")
    active_agent = models.ForeignKey(
        Agent, null=True, blank=True, on_delete=models.SET_NULL, related_name="+",
        help_text="Who answers next, after a hand-off that lasts; empty: the thread's own agent.",
    )  # fmt: skip
    tried_version = models.ForeignKey(
        AgentVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="+",
        help_text="The version that answers here, though it may be a draft; empty: whichever is live.",
    )  # fmt: skip
    parent_run = models.ForeignKey(
        "Run", null=True, blank=True, on_delete=models.CASCADE, related_name="child_threads",
        help_text="Whose task is worked on here; such a thread has no owner and is shown inside its parent's.",
    )  # fmt: skip
    is_temporary = models.BooleanField(
        default=False, help_text="Nothing said here is remembered, and nothing remembered is used here."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ThreadQuerySet.as_manager()

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

# The state machine. DEAD is parked: an operator may send it back to work.
MOVES: dict[RunStatus, frozenset[RunStatus]] = {
    RunStatus.QUEUED: frozenset({RunStatus.RUNNING, RunStatus.CANCELLED}),
    RunStatus.RUNNING: frozenset({RunStatus.QUEUED, RunStatus.WAITING, *FINISHED}),
    RunStatus.WAITING: frozenset({RunStatus.QUEUED, RunStatus.CANCELLED}),
    RunStatus.DEAD: frozenset({RunStatus.QUEUED}),
    RunStatus.COMPLETED: frozenset(),
    RunStatus.FAILED: frozenset(),
    RunStatus.CANCELLED: frozenset(),
}


class ImpossibleMove(Exception):
    """The state machine has no such arrow: a bug, never bad luck."""


class WaitKind(models.TextChoices):
    """What a waiting run waits for."""

    APPROVAL = "approval"
    INPUT = "input", "a person's word on an unknown outcome"
    CHILD = "child"
    TIMER = "timer"


class StopReason(models.TextChoices):
    FINAL = "final"
    CANCELLED = "cancelled"
    MAX_TURNS = "max_turns"
    MAX_TOOL_CALLS = "max_tool_calls"
    MAX_TOKENS = "max_tokens"
    MAX_COST = "max_cost"
    MAX_TIME = "max_time"
    DAILY_LIMIT = "daily_limit"
    REPEATED_CALL = "repeated_call"
    INVALID_OUTPUT = "invalid_output"
    LLM_ERROR = "llm_error"
    INTERNAL_ERROR = "internal_error"
    RECOVERIES_EXHAUSTED = "recoveries_exhausted"


class RunQuerySet(models.QuerySet["Run"]):
    def move(self, source: RunStatus, target: RunStatus, **changes: Any) -> int:
        """Take the runs of this query that stand at `source` to `target`; how many did. Every transition is this one.

        One conditional UPDATE: whoever comes second changes no row. Raises ImpossibleMove.
        """
        if target not in MOVES[source]:
            raise ImpossibleMove(f"A run cannot go from {source} to {target}.")
        if target != RunStatus.RUNNING:
            changes |= {"lease_owner": None, "lease_expires_at": None}
        if target != RunStatus.WAITING:
            changes |= {"wait_kind": "", "wake_at": None}
        return self.filter(status=source).update(status=target, **changes)

    def visible_to(self, user: User) -> "RunQuerySet":
        """Those in a person's threads, with the tasks agents gave to each other there."""
        return self.filter(Q(thread__owner=user) | Q(root__thread__owner=user))

    def asked_in_threads_of(self, user: User) -> "RunQuerySet":
        """Those that answer what was asked in a person's threads, without the tasks below them."""
        return self.filter(thread__owner=user)

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
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.CASCADE, related_name="children")
    root = models.ForeignKey("self", null=True, blank=True, on_delete=models.CASCADE, related_name="descendants")
    depth = models.PositiveSmallIntegerField(default=0, help_text="How many agents stand above it.")
    client_request_id = models.CharField(max_length=100, null=True, blank=True)  # noqa: DJ001 - null is not unique

    status = models.CharField(max_length=10, choices=RunStatus, default=RunStatus.QUEUED)
    wait_kind = models.CharField(max_length=10, choices=WaitKind, blank=True)
    wake_at = models.DateTimeField(null=True, blank=True, help_text="When a timer ends its waiting.")
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
    active_ms = models.PositiveIntegerField(default=0, help_text="Time in the hands of a worker.")
    reserved_tokens = models.PositiveIntegerField(default=0, help_text="Held for the LLM call under way.")
    reserved_cost = models.DecimalField(max_digits=14, decimal_places=8, default=Decimal)

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
            models.Index(F("finished_at"), condition=Q(finished_at__isnull=False), name="ended_runs"),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def shown_in(self) -> uuid.UUID:
        """The thread whose watchers see it: a child agent's run is shown in that of its root."""
        return self.root.thread_id if self.root else self.thread_id

    @property
    def trace_id(self) -> uuid.UUID:
        """A child agent's steps stand in the trace of its root."""
        return self.root_id or self.id

    @property
    def is_finished(self) -> bool:
        return self.status in FINISHED

    def conclude(self, status: RunStatus, reason: StopReason, error: str = "") -> None:
        """Its one outcome; nothing is saved."""
        self.status, self.stop_reason, self.error = status, reason, error
        self.finished_at = timezone.now()
