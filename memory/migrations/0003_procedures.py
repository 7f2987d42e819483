"""What was found to work, what speaks for it and where it was used; Operators decide about it."""

from typing import Any

import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
import uuid_utils.compat
from django.conf import settings
from django.db import migrations, models

GIVEN = {"procedure": ("view", "add", "change")}


def give_to_operators(apps: Any, schema_editor: Any) -> None:
    # Permissions are made after all migrations have run; these are needed now.
    content_types = apps.get_model("contenttypes", "ContentType").objects
    permissions = apps.get_model("auth", "Permission").objects
    operators, _ = apps.get_model("auth", "Group").objects.get_or_create(name="Operators")
    for model, verbs in GIVEN.items():
        content_type, _ = content_types.get_or_create(app_label="memory", model=model)
        words = apps.get_model("memory", model)._meta.verbose_name
        for verb in verbs:
            permission, _ = permissions.get_or_create(
                content_type=content_type, codename=f"{verb}_{model}", defaults={"name": f"Can {verb} {words}"}
            )
            operators.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("memory", "0002_memories"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Procedure",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "scope",
                    models.CharField(
                        choices=[
                            ("everybody", "every agent, everybody"),
                            ("agent", "one agent, everybody"),
                            ("user", "one agent, one person"),
                        ],
                        default="agent",
                        max_length=10,
                        verbose_name="for",
                    ),
                ),
                (
                    "agent_id",
                    models.BigIntegerField(
                        blank=True, help_text="The agent that may follow it; empty: each.", null=True
                    ),
                ),
                (
                    "trigger",
                    models.CharField(help_text="The kind of request it is for.", max_length=200, verbose_name="when"),
                ),
                ("body", models.CharField(max_length=800, verbose_name="what to do")),
                ("steps", models.JSONField(blank=True, default=list, help_text='In order: {"tool": …, "purpose": …}.')),
                (
                    "signature",
                    models.CharField(blank=True, help_text="The tools of its steps in order.", max_length=500),
                ),
                (
                    "origin",
                    models.CharField(
                        choices=[
                            ("pattern", "the same steps went well again and again"),
                            ("reflection", "an LLM looked at rated answers"),
                            ("written", "written by hand"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("proposed", "Proposed"),
                            ("active", "in use"),
                            ("suspended", "to be looked at again"),
                            ("retired", "Retired"),
                            ("rejected", "Rejected"),
                        ],
                        default="proposed",
                        max_length=10,
                    ),
                ),
                ("reason", models.CharField(blank=True, help_text="Why it stands as it does.", max_length=300)),
                ("version", models.PositiveIntegerField(default=1)),
                (
                    "support",
                    models.PositiveIntegerField(
                        default=0, help_text="Answers that went well this way before it was used."
                    ),
                ),
                ("doubts", models.PositiveIntegerField(default=0, help_text="Answers that speak against it.")),
                ("times_used", models.PositiveIntegerField(default=0)),
                ("successes", models.PositiveIntegerField(default=0)),
                ("failures", models.PositiveIntegerField(default=0)),
                (
                    "score",
                    models.FloatField(
                        blank=True,
                        help_text="What its share of good answers is at least (Wilson); empty: none was judged.",
                        null=True,
                    ),
                ),
                ("last_used_at", models.DateTimeField(blank=True, null=True)),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                (
                    "embedded_with",
                    models.CharField(blank=True, help_text="The embedder of its vector; empty: none.", max_length=120),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "tsv",
                    models.GeneratedField(
                        db_persist=True,
                        expression=django.contrib.postgres.search.SearchVector("trigger", config="english"),
                        output_field=django.contrib.postgres.search.SearchVectorField(),
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        help_text="Empty: Plumbline itself.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "parent",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="successor",
                        to="memory.procedure",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        help_text="The only person for whom it is followed.",
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="procedures",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="ProcedureEvidence",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("run_id", models.UUIDField()),
                ("is_good", models.BooleanField()),
                ("is_rated", models.BooleanField(default=False, help_text="A person said so.")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "procedure",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="evidence", to="memory.procedure"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ProcedureUse",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("run_id", models.UUIDField()),
                ("rank", models.PositiveSmallIntegerField()),
                ("similarity", models.FloatField(help_text="How near its trigger was to the question, 0 to 1.")),
                (
                    "outcome",
                    models.CharField(
                        choices=[("unknown", "not rated"), ("good", "Good"), ("bad", "Bad")],
                        default="unknown",
                        max_length=8,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "procedure",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="uses", to="memory.procedure"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["run_id", "rank"],
            },
        ),
        migrations.AddIndex(
            model_name="procedure",
            index=models.Index(
                models.F("agent_id"),
                models.F("user"),
                condition=models.Q(("status", "active")),
                name="procedures_in_use",
            ),
        ),
        migrations.AddIndex(
            model_name="procedure",
            index=models.Index(models.F("status"), models.F("id"), name="procedures_by_status"),
        ),
        migrations.AddIndex(
            model_name="procedure",
            index=django.contrib.postgres.indexes.GinIndex(models.F("tsv"), name="procedures_by_words"),
        ),
        migrations.AddConstraint(
            model_name="procedure",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("agent_id", None), ("scope", "everybody"), ("user", None)),
                    models.Q(("agent_id__isnull", False), ("scope", "agent"), ("user", None)),
                    models.Q(("agent_id__isnull", False), ("scope", "user"), ("user__isnull", False)),
                    _connector="OR",
                ),
                name="procedure_is_for_its_scope",
            ),
        ),
        migrations.AddIndex(
            model_name="procedureevidence",
            index=models.Index(models.F("run_id"), name="evidence_of_a_run"),
        ),
        migrations.AddConstraint(
            model_name="procedureevidence",
            constraint=models.UniqueConstraint(fields=("procedure", "run_id"), name="one_evidence_per_run"),
        ),
        migrations.AddIndex(
            model_name="procedureuse",
            index=models.Index(models.F("procedure"), models.F("created_at"), name="uses_of_a_procedure"),
        ),
        migrations.AddIndex(
            model_name="procedureuse",
            index=models.Index(
                models.F("created_at"), condition=models.Q(("outcome", "unknown")), name="uses_not_judged"
            ),
        ),
        migrations.AddConstraint(
            model_name="procedureuse",
            constraint=models.UniqueConstraint(fields=("run_id", "procedure"), name="one_use_per_run"),
        ),
        migrations.RunPython(give_to_operators, migrations.RunPython.noop),
    ]
