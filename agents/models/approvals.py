"""What people are asked before a tool runs, and after one was cut off."""

from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from uuid_utils.compat import uuid7

from accounts.models import User
from agents.models.messages import ToolCall
from agents.models.runs import UNFINISHED, Run


class ApprovalStatus(models.TextChoices):
    UPCOMING = "upcoming"  # a level before it is not through
    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


OPEN_APPROVALS = (ApprovalStatus.UPCOMING, ApprovalStatus.PENDING)


class ApprovalQuerySet(models.QuerySet["Approval"]):
    def visible_to(self, user: User | AnonymousUser) -> "ApprovalQuerySet":
        """Those of a person's own runs and those that person may decide; whoever may read them in the console, all."""
        if not user.is_authenticated:
            return self.none()
        sees_all = user.is_staff and user.has_perm("agents.view_approval")
        return self if sees_all else self.filter(Q(run__user=user) | _asks(user))

    def decidable_by(self, user: User | AnonymousUser) -> "ApprovalQuerySet":
        """Those that are asked now and are this person's to decide, who has not approved the same already."""
        if not user.is_authenticated:
            return self.none()
        same = {"approval__call": OuterRef("call"), "arguments_digest": OuterRef("arguments_digest")}
        approved = Decision.objects.filter(**same, by=user, verdict=Verdict.APPROVE)
        mine = self.filter(~Exists(approved), _asks(user), status=ApprovalStatus.PENDING)
        return mine.filter(run__status__in=UNFINISHED)  # one that was set aside keeps its questions


def _asks(user: User) -> Q:
    groups = [f"group:{name}" for name in user.groups.values_list("name", flat=True)]
    asked = Q(who="requester", run__user=user) | Q(who__in=groups) | Q(who__iexact=f"user:{user.email}")
    if user.is_superuser:
        asked |= Q(who__startswith="group:")
    return asked | Q(who="staff") if user.is_staff else asked


class Approval(models.Model):
    """One level at which people are asked whether a tool call may run."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    call = models.ForeignKey(ToolCall, on_delete=models.CASCADE, related_name="approvals")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="approvals")
    level = models.PositiveSmallIntegerField()
    who = models.CharField(max_length=160, help_text="requester, staff, group:NAME or user:EMAIL")
    needed = models.PositiveSmallIntegerField(default=1, help_text="How many people must approve.")
    reason = models.CharField(max_length=300, help_text="Which policy asks.")
    status = models.CharField(max_length=10, choices=ApprovalStatus, default=ApprovalStatus.UPCOMING)
    arguments_digest = models.CharField(max_length=64, help_text="SHA-256 of the arguments it is asked about.")
    expires_after = models.DurationField()
    expires_at = models.DateTimeField(null=True, help_text="Counted from when it was asked.")
    escalates = models.BooleanField(default=False, help_text="On expiry the next level is asked; else it is denied.")
    created_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True, help_text="When those who may decide had a mail.")
    tellings = models.PositiveSmallIntegerField(default=0, help_text="How often a mail was tried.")
    tell_after = models.DateTimeField(null=True, help_text="Not to be tried again before.")

    objects = ApprovalQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["call", "level"], name="one_approval_per_level")]
        indexes: ClassVar = [
            models.Index(F("expires_at"), condition=Q(status="pending"), name="pending_approvals"),
        ]

    def __str__(self) -> str:
        return f"{self.call.name}, level {self.level + 1}"

    @property
    def asked(self) -> str:
        """Who is asked, in words."""
        kind, _, name = self.who.partition(":")
        if kind == "requester":
            return "the person who asked"
        if kind == "staff":
            return "the staff"
        return name if kind == "user" else f"the group {name}"

    @property
    def is_satisfied(self) -> bool:
        """Whether enough people have approved the arguments as they are now."""
        given = self.decisions.filter(verdict=Verdict.APPROVE, arguments_digest=self.arguments_digest)
        return given.count() >= self.needed

    def may_be_decided_by(self, user: User) -> bool:
        return Approval.objects.filter(_asks(user), pk=self.pk).exists()


class Verdict(models.TextChoices):
    APPROVE = "approve"
    DENY = "deny"


class Decision(models.Model):
    """What one person said at one level, about exactly these arguments. Never changed."""

    approval = models.ForeignKey(Approval, on_delete=models.CASCADE, related_name="decisions")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    verdict = models.CharField(max_length=8, choices=Verdict)
    comment = models.TextField(blank=True)
    arguments_digest = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["approval", "by", "arguments_digest"], name="one_decision_per_person")
        ]

    def __str__(self) -> str:
        return f"{self.verdict} by {self.by}"


class Settlement(models.Model):
    """What a person said about a call whose outcome was unknown. Never changed."""

    class Word(models.TextChoices):
        DONE = "done", "It took effect"
        RETRY = "retry", "It did not; run it again"
        GIVE_UP = "give_up", "Leave it"

    call = models.ForeignKey(ToolCall, on_delete=models.CASCADE, related_name="settlements")
    attempt = models.PositiveSmallIntegerField(help_text="Which start of the call was cut off.")
    word = models.CharField(max_length=8, choices=Word)
    comment = models.TextField(blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["call", "attempt"], name="one_settlement_per_attempt")]
        verbose_name_plural = "unknown outcomes"

    def __str__(self) -> str:
        return f"{self.call}: {self.word}"
