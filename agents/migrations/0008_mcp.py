"""Servers that bring tools over MCP; Operators see them."""

from typing import Any

import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def give_to_operators(apps: Any, schema_editor: Any) -> None:
    # Permissions are made after all migrations have run; these are needed now.
    content_type, _ = apps.get_model("contenttypes", "ContentType").objects.get_or_create(
        app_label="agents", model="mcpserver"
    )
    permission, _ = apps.get_model("auth", "Permission").objects.get_or_create(
        content_type=content_type, codename="view_mcpserver", defaults={"name": "Can view MCP server"}
    )
    operators, _ = apps.get_model("auth", "Group").objects.get_or_create(name="Operators")
    operators.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [
        ("agents", "0007_drafts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name="MCPServer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "name",
                    models.CharField(
                        help_text="Small letters, figures and hyphens. Agents know its tools as name__tool; "
                        "it cannot be changed.",
                        max_length=24,
                        unique=True,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[a-z]([a-z0-9-]*[a-z0-9])?\\Z", "Use small letters, figures and hyphens."
                            )
                        ],
                    ),
                ),
                (
                    "transport",
                    models.CharField(
                        choices=[("stdio", "A command, run by each worker"), ("http", "A URL (streamable HTTP)")],
                        default="http",
                        max_length=8,
                        verbose_name="how it is reached",
                    ),
                ),
                (
                    "command",
                    models.CharField(blank=True, help_text="A program, without its arguments.", max_length=500),
                ),
                ("arguments", models.JSONField(blank=True, default=list)),
                (
                    "url",
                    models.CharField(
                        blank=True,
                        help_text="For example https://tools.example.org/mcp",
                        max_length=500,
                        verbose_name="URL",
                    ),
                ),
                (
                    "secrets",
                    models.JSONField(
                        blank=True, default=dict, editable=False, help_text="By name, each value encrypted."
                    ),
                ),
                (
                    "is_enabled",
                    models.BooleanField(
                        default=True, help_text="Switched off, agents do without its tools.", verbose_name="in use"
                    ),
                ),
                (
                    "software",
                    models.CharField(blank=True, editable=False, help_text="What it says it is.", max_length=200),
                ),
                ("fetched_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "trouble",
                    models.TextField(
                        blank=True, editable=False, help_text="Why it could not be reached the last time."
                    ),
                ),
                ("trouble_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
            options={"verbose_name": "MCP server", "ordering": ["name"]},
        ),
        migrations.CreateModel(
            name="MCPTool",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(help_text="As its server knows it.", max_length=200)),
                ("alias", models.CharField(help_text="As agents and LLMs know it.", max_length=64, unique=True)),
                ("description", models.TextField(blank=True)),
                ("input_schema", models.JSONField(default=dict)),
                (
                    "annotations",
                    models.JSONField(default=dict, help_text="What the server says of it; nobody checks that."),
                ),
                ("digest", models.CharField(max_length=64)),
                (
                    "accepted_digest",
                    models.CharField(blank=True, help_text="Empty: nobody has accepted it yet.", max_length=64),
                ),
                (
                    "accepted",
                    models.JSONField(blank=True, help_text="The definition that was accepted.", null=True),
                ),
                (
                    "effect",
                    models.CharField(
                        choices=[("read", "Read"), ("idempotent", "Idempotent"), ("unsafe", "Unsafe")],
                        default="unsafe",
                        max_length=10,
                    ),
                ),
                (
                    "timeout",
                    models.FloatField(
                        default=30,
                        help_text="In seconds.",
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(600),
                        ],
                    ),
                ),
                ("is_usable", models.BooleanField(default=False)),
                ("is_missing", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "accepted_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "server",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="tools", to="agents.mcpserver"
                    ),
                ),
            ],
            options={
                "verbose_name": "MCP tool",
                "ordering": ["name"],
                "constraints": [models.UniqueConstraint(fields=("server", "name"), name="one_tool_per_name")],
            },
        ),
        migrations.RunPython(give_to_operators, migrations.RunPython.noop),
    ]
