"""Triggers, each time one of them fired, and who was told of an approval. Operators keep triggers."""

from typing import Any

import django.core.validators
import django.db.models.deletion
import uuid_utils.compat
from django.conf import settings
from django.db import migrations, models

import agents.models.triggers

GIVEN = {"trigger": ("view", "add", "change", "delete"), "firing": ("view",)}


def give_to_operators(apps: Any, schema_editor: Any) -> None:
    # Permissions are made after all migrations have run; these are needed now.
    content_types = apps.get_model("contenttypes", "ContentType").objects
    permissions = apps.get_model("auth", "Permission").objects
    operators, _ = apps.get_model("auth", "Group").objects.get_or_create(name="Operators")
    for model, verbs in GIVEN.items():
        content_type, _ = content_types.get_or_create(app_label="agents", model=model)
        for verb in verbs:
            permission, _ = permissions.get_or_create(
                content_type=content_type, codename=f"{verb}_{model}", defaults={"name": f"Can {verb} {model}"}
            )
            operators.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [
        ("agents", "0008_mcp"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="approval",
            name="tell_after",
            field=models.DateTimeField(help_text="Not to be tried again before.", null=True),
        ),
        migrations.AddField(
            model_name="approval",
            name="tellings",
            field=models.PositiveSmallIntegerField(default=0, help_text="How often a mail was tried."),
        ),
        migrations.AddField(
            model_name="approval",
            name="told_at",
            field=models.DateTimeField(help_text="When those who may decide had a mail.", null=True),
        ),
        migrations.CreateModel(
            name="Trigger",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=80, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("webhook", "A webhook: another program sends a request"),
                            ("schedule", "A schedule: at set times"),
                        ],
                        default="webhook",
                        max_length=8,
                    ),
                ),
                ("is_enabled", models.BooleanField(default=True, verbose_name="switched on")),
                (
                    "template",
                    models.TextField(
                        default="{{ payload }}",
                        help_text="What the agent is told.",
                        verbose_name="input",
                    ),
                ),
                (
                    "token_digest",
                    models.CharField(editable=False, help_text="SHA-256 of the token.", max_length=64, unique=True),
                ),
                ("token_prefix", models.CharField(editable=False, max_length=8)),
                ("sealed_secret", models.BinaryField()),
                (
                    "needs_signature",
                    models.BooleanField(
                        default=True,
                        help_text="Otherwise its address alone lets a request in.",
                        verbose_name="only signed requests",
                    ),
                ),
                (
                    "cron",
                    models.CharField(
                        blank=True,
                        help_text="Minute, hour, day, month, weekday: 30 8 * * mon-fri is 8:30 on workdays.",
                        max_length=100,
                    ),
                ),
                (
                    "every_minutes",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Instead of a cron expression.",
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(527040),
                        ],
                        verbose_name="every … minutes",
                    ),
                ),
                ("time_zone", models.CharField(default=agents.models.triggers.default_time_zone, max_length=64)),
                ("next_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "deliver",
                    models.CharField(
                        choices=[
                            ("not", "Nowhere; it stands in the history"),
                            ("mail", "By mail"),
                            ("post", "As a POST request"),
                        ],
                        default="not",
                        max_length=4,
                        verbose_name="send the answer",
                    ),
                ),
                (
                    "deliver_to",
                    models.CharField(
                        blank=True,
                        help_text="E-mail addresses, separated by commas, or a URL.",
                        max_length=1000,
                        verbose_name="to",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "agent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="triggers", to="agents.agent"
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "run_as",
                    models.ForeignKey(
                        help_text="Whose question it is: that person's documents, approvals and daily limits.",
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="triggers",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="runs as",
                    ),
                ),
            ],
            options={
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="Firing",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("delivery_id", models.CharField(max_length=200)),
                ("is_named", models.BooleanField(default=True, help_text="The sender gave the delivery id.")),
                ("body_digest", models.CharField(max_length=64)),
                ("payload", models.TextField(blank=True)),
                ("refusal", models.TextField(blank=True, help_text="In words, why no run was started.")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "delivery",
                    models.CharField(
                        choices=[
                            ("none", "not asked for"),
                            ("pending", "waiting"),
                            ("delivered", "Delivered"),
                            ("failed", "Failed"),
                        ],
                        default="none",
                        max_length=9,
                    ),
                ),
                ("deliver_at", models.DateTimeField(help_text="When it is tried next.", null=True)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("delivery_error", models.TextField(blank=True)),
                ("delivered_at", models.DateTimeField(null=True)),
                (
                    "run",
                    models.OneToOneField(
                        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="firing", to="agents.run"
                    ),
                ),
                (
                    "trigger",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="firings", to="agents.trigger"
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="trigger",
            index=models.Index(models.F("next_at"), condition=models.Q(("is_enabled", True)), name="due_triggers"),
        ),
        migrations.AddIndex(
            model_name="firing",
            index=models.Index(
                models.F("deliver_at"), condition=models.Q(("delivery", "pending")), name="answers_to_deliver"
            ),
        ),
        migrations.AddIndex(
            model_name="firing",
            index=models.Index(fields=["trigger", "body_digest"], name="firings_by_body"),
        ),
        migrations.AddConstraint(
            model_name="firing",
            constraint=models.UniqueConstraint(fields=("trigger", "delivery_id"), name="one_firing_per_delivery"),
        ),
        migrations.RunPython(give_to_operators, migrations.RunPython.noop),
    ]
