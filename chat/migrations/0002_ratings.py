"""Tell the runtime of the thumbs that were given before it could learn from them."""

from typing import Any

from django.db import migrations


def tell(apps: Any, schema_editor: Any) -> None:
    Rating = apps.get_model("agents", "Rating")
    for given in apps.get_model("chat", "Feedback").objects.order_by("pk").iterator():
        told = {"is_positive": given.is_positive, "comment": given.comment, "rated_at": given.updated_at}
        Rating.objects.get_or_create(run_id=given.run_id, author_id=given.author_id, defaults=told)


class Migration(migrations.Migration):
    dependencies = [("chat", "0001_initial"), ("agents", "0014_ratings")]
    operations = [migrations.RunPython(tell, migrations.RunPython.noop)]
