"""Documents know the agent they are for and how far their indexing is; passages know their page.

What was indexed before is read once more, because its whole text was not kept then.
"""

from django.db import migrations, models


def read_again(apps, schema_editor):
    documents = apps.get_model("memory", "Document").objects.exclude(status="failed")
    documents.update(status="queued", error="", worked_on_at=None)


class Migration(migrations.Migration):
    dependencies = [("memory", "0004_kept_from"), ("memory", "0004_vectors")]

    operations = [
        migrations.AddField(
            model_name="document",
            name="agent_id",
            field=models.BigIntegerField(
                blank=True, help_text="The only agent that may use it; empty: all.", null=True
            ),
        ),
        migrations.AddField(
            model_name="document",
            name="text",
            field=models.TextField(
                blank=True, editable=False, help_text="All of it, as it is read from the first line on."
            ),
        ),
        migrations.AddField(
            model_name="document",
            name="passages",
            field=models.PositiveIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name="document",
            name="passages_done",
            field=models.PositiveIntegerField(default=0, editable=False, help_text="Those whose vectors are there."),
        ),
        migrations.AlterField(
            model_name="document",
            name="status",
            field=models.CharField(
                choices=[
                    ("queued", "Waiting to be read"),
                    ("reading", "Reading"),
                    ("indexing", "Indexing"),
                    ("ready", "Ready"),
                    ("failed", "Could not be read"),
                ],
                default="queued",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="chunk",
            name="page",
            field=models.PositiveIntegerField(blank=True, help_text="Where its document has pages.", null=True),
        ),
        migrations.RemoveConstraint(model_name="document", name="one_document_per_title"),
        migrations.RemoveConstraint(model_name="document", name="one_document_per_content"),
        migrations.AddConstraint(
            model_name="document",
            constraint=models.UniqueConstraint(
                fields=("owner", "agent_id", "title"), name="one_document_per_title", nulls_distinct=False
            ),
        ),
        migrations.AddConstraint(
            model_name="document",
            constraint=models.UniqueConstraint(
                fields=("owner", "agent_id", "content_hash"), name="one_document_per_content", nulls_distinct=False
            ),
        ),
        migrations.RunPython(read_again, migrations.RunPython.noop),
    ]
