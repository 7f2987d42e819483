"""Let Operators see how memory does, in numbers. Texts are read with a permission of its own, which nobody is given."""

from typing import Any

from django.db import migrations


def give_to_operators(apps: Any, schema_editor: Any) -> None:
    # Permissions are made after all migrations have run; this one is needed now.
    content_types = apps.get_model("contenttypes", "ContentType").objects
    content_type, _ = content_types.get_or_create(app_label="memory", model="memory")
    permission, _ = apps.get_model("auth", "Permission").objects.get_or_create(
        content_type=content_type, codename="view_memory", defaults={"name": "Can view memory"}
    )
    operators, _ = apps.get_model("auth", "Group").objects.get_or_create(name="Operators")
    operators.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [
        ("memory", "0006_chunks"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [
        migrations.AlterModelOptions(
            name="memory",
            options={
                "ordering": ["-created_at"],
                "permissions": [("read_texts", "Can read what is known about a person")],
                "verbose_name_plural": "memories",
            },
        ),
        migrations.RunPython(give_to_operators, migrations.RunPython.noop),
    ]
