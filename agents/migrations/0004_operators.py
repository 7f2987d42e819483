"""Find unknown outcomes fast, and let Operators see runs, decide approvals, settle outcomes and resume runs."""

from typing import Any

from django.db import migrations, models

GIVEN = {
    "run": ("view", "change"),  # to change one is to send it back to work
    "toolcall": ("view",),
    "approval": ("view",),
    "settlement": ("view", "add"),
}


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
    dependencies = [
        ("agents", "0003_survives"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [
        migrations.AddIndex(
            model_name="toolcall",
            index=models.Index(
                models.F("run"), condition=models.Q(("status", "outcome_unknown")), name="unknown_outcomes"
            ),
        ),
        migrations.AlterModelOptions(name="settlement", options={"verbose_name_plural": "unknown outcomes"}),
        migrations.RunPython(give_to_operators, migrations.RunPython.noop),
    ]
