"""Thumbs as the runtime knows them, and each look at what they teach."""

import django.db.models.deletion
import uuid_utils.compat
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("agents", "0013_compactions"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Rating",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("is_positive", models.BooleanField()),
                ("comment", models.TextField(blank=True)),
                ("rated_at", models.DateTimeField()),
                (
                    "reflected_at",
                    models.DateTimeField(blank=True, help_text="When it was last learned from.", null=True),
                ),
                (
                    "author",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="ratings", to="agents.run"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        models.F("rated_at"), condition=models.Q(("reflected_at", None)), name="ratings_to_reflect_on"
                    )
                ],
                "constraints": [models.UniqueConstraint(fields=("run", "author"), name="one_rating_per_author")],
            },
        ),
        migrations.CreateModel(
            name="Reflection",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("running", "Running"), ("done", "Done"), ("failed", "Failed")],
                        default="running",
                        max_length=8,
                    ),
                ),
                (
                    "note",
                    models.CharField(blank=True, help_text="What came of it, or why nothing did.", max_length=300),
                ),
                ("runs_read", models.PositiveIntegerField(default=0)),
                ("ratings_read", models.PositiveIntegerField(default=0, help_text="By an LLM.")),
                ("proposed", models.PositiveIntegerField(default=0)),
                ("reinforced", models.PositiveIntegerField(default=0)),
                ("tokens", models.PositiveIntegerField(default=0)),
                (
                    "cost",
                    models.DecimalField(
                        blank=True,
                        decimal_places=8,
                        help_text="US dollars; empty: unknown, or no LLM.",
                        max_digits=14,
                        null=True,
                    ),
                ),
                ("started_at", models.DateTimeField(auto_now_add=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "agent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="reflections", to="agents.agent"
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        help_text="Who asked for it; empty: the nightly job.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("status", "running")), fields=("agent",), name="one_reflection_at_a_time"
                    )
                ],
            },
        ),
    ]
