"""The group Operators: people of the staff who may read traces, and nothing else until someone gives them more."""

from typing import Any

from django.db import migrations

READABLE = ("trace", "span", "payload", "score")


def create_operators(apps: Any, schema_editor: Any) -> None:
    # Permissions are made after all migrations have run; these four are needed now.
    content_types = apps.get_model("contenttypes", "ContentType").objects
    permissions = apps.get_model("auth", "Permission").objects
    operators, _ = apps.get_model("auth", "Group").objects.get_or_create(name="Operators")
    for name in READABLE:
        content_type, _ = content_types.get_or_create(app_label="observability", model=name)
        permission, _ = permissions.get_or_create(
            content_type=content_type, codename=f"view_{name}", defaults={"name": f"Can view {name}"}
        )
        operators.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [
        ("observability", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [migrations.RunPython(create_operators, migrations.RunPython.noop)]
