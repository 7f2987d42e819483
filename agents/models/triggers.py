"""What starts runs without a person at the page: webhooks and schedules, and each time one of them did."""

from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from uuid_utils.compat import uuid7

from accounts.models import User
from agents.models.agents import Agent
from agents.models.runs import Run

LONGEST_INTERVAL = 60 * 24 * 366


def default_time_zone() -> str:
    return str(settings.TIME_ZONE)


class TriggerKind(models.TextChoices):
    WEBHOOK = "webhook", "A webhook: another program sends a request"
    SCHEDULE = "schedule", "A schedule: at set times"


class Deliver(models.TextChoices):
    """What becomes of the answer, beside standing in the history."""

    NOT = "not", "Nowhere; it stands in the history"
    MAIL = "mail", "By mail"
    POST = "post", "As a POST request"


class TriggerQuerySet(models.QuerySet["Trigger"]):
    def changeable_by(self, user: User) -> "TriggerQuerySet":
        """Those a person may write, fire and renew: whoever writes the input acts as the person it runs as."""
        return self if user.is_superuser else self.filter(run_as=user)


class Trigger(models.Model):
    """Starts runs of an agent in one person's name, with that person's rights and daily limits."""

    name = models.CharField(max_length=80, unique=True)
    kind = models.CharField(max_length=8, choices=TriggerKind, default=TriggerKind.WEBHOOK)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="triggers")
    is_enabled = models.BooleanField("switched on", default=True)
    run_as = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name="runs as", on_delete=models.CASCADE, related_name="triggers",
        help_text="Whose question it is: that person's documents, approvals and daily limits.",
    )  # fmt: skip
    template = models.TextField("input", default="{{ payload }}", help_text="What the agent is told.")

    token_digest = models.CharField(max_length=64, unique=True, editable=False, help_text="SHA-256 of the token.")
    token_prefix = models.CharField(max_length=8, editable=False)
    sealed_secret = models.BinaryField(editable=False)
    needs_signature = models.BooleanField(
        "only signed requests", default=True, help_text="Otherwise its address alone lets a request in."
    )

    cron = models.CharField(
        max_length=100, blank=True, help_text="Minute, hour, day, month, weekday: 30 8 * * mon-fri is 8:30 on workdays."
    )
    every_minutes = models.PositiveIntegerField(
        "every … minutes", null=True, blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(LONGEST_INTERVAL)],
        help_text="Instead of a cron expression.",
    )  # fmt: skip
    time_zone = models.CharField(max_length=64, default=default_time_zone)
    next_at = models.DateTimeField(null=True, blank=True, editable=False)

    deliver = models.CharField("send the answer", max_length=4, choices=Deliver, default=Deliver.NOT)
    deliver_to = models.CharField(
        "to", max_length=1000, blank=True, help_text="E-mail addresses, separated by commas, or a URL."
    )
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TriggerQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["name"]
        indexes: ClassVar = [models.Index(F("next_at"), condition=Q(is_enabled=True), name="due_triggers")]

    def __str__(self) -> str:
        return self.name


class Delivery(models.TextChoices):
    NONE = "none", "not asked for"
    PENDING = "pending", "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


class Firing(models.Model):
    """One time a trigger fired. `delivery_id` is the sender's: the same one never starts a second run."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    trigger = models.ForeignKey(Trigger, on_delete=models.CASCADE, related_name="firings")
    delivery_id = models.CharField(max_length=200)
    is_named = models.BooleanField(default=True, help_text="The sender gave the delivery id.")
    body_digest = models.CharField(max_length=64)
    payload = models.TextField(blank=True)
    run = models.OneToOneField(Run, null=True, on_delete=models.SET_NULL, related_name="firing")
    refusal = models.TextField(blank=True, help_text="In words, why no run was started.")
    created_at = models.DateTimeField(auto_now_add=True)

    delivery = models.CharField(max_length=9, choices=Delivery, default=Delivery.NONE)
    deliver_at = models.DateTimeField(null=True, help_text="When it is tried next.")
    attempts = models.PositiveSmallIntegerField(default=0)
    delivery_error = models.TextField(blank=True)
    delivered_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["trigger", "delivery_id"], name="one_firing_per_delivery")
        ]
        indexes: ClassVar = [
            models.Index(F("deliver_at"), condition=Q(delivery="pending"), name="answers_to_deliver"),
            models.Index(fields=["trigger", "body_digest"], name="firings_by_body"),
        ]

    def __str__(self) -> str:
        return f"{self.trigger} {self.delivery_id}"
