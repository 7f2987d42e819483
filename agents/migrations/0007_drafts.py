"""Drafts beside the live version, a note on each, agents that only work for others; Operators look after agents."""

from typing import Any

from django.db import migrations, models

GIVEN = {"agent": ("view", "add", "change"), "agentversion": ("view",)}


def mark_published(apps: Any, schema_editor: Any) -> None:
    for version in apps.get_model("agents", "AgentVersion").objects.filter(runs__isnull=False).distinct():
        version.published_at = version.created_at
        version.save()
    for agent in apps.get_model("agents", "Agent").objects.filter(live__isnull=False).select_related("live"):
        agent.live.published_at = agent.live.created_at
        agent.live.save()


def give_to_operators(apps: Any, schema_editor: Any) -> None:
    # Permissions are made after all migrations have run; these are needed now.
    content_types = apps.get_model("contenttypes", "ContentType").objects
    permissions = apps.get_model("auth", "Permission").objects
    operators, _ = apps.get_model("auth", "Group").objects.get_or_create(name="Operators")
    for model, verbs in GIVEN.items():
        content_type, _ = content_types.get_or_create(app_label="agents", model=model)
        words = apps.get_model("agents", model)._meta.verbose_name
        for verb in verbs:
            permission, _ = permissions.get_or_create(
                content_type=content_type, codename=f"{verb}_{model}", defaults={"name": f"Can {verb} {words}"}
            )
            operators.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [("agents", "0006_child_threads")]
    operations = [
        migrations.AddField(
            model_name="agent",
            name="is_offered",
            field=models.BooleanField(
                default=True, help_text="People may choose it. Otherwise it only works for other agents."
            ),
        ),
        migrations.AddField(
            model_name="agentversion",
            name="note",
            field=models.CharField(blank=True, help_text="What changed, and why.", max_length=300),
        ),
        migrations.AddField(
            model_name="agentversion",
            name="published_at",
            field=models.DateTimeField(blank=True, help_text="When it was last made live; empty: a draft.", null=True),
        ),
        migrations.RunPython(mark_published, migrations.RunPython.noop),
        migrations.RunPython(give_to_operators, migrations.RunPython.noop),
    ]
