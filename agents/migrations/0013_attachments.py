import django.db.models.deletion
import uuid_utils.compat
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("agents", "0012_memory"), ("memory", "0005_documents")]

    operations = [
        migrations.AddField(
            model_name="message",
            name="has_attachments",
            field=models.BooleanField(default=False, help_text="Files came with it: see `Attachment`."),
        ),
        migrations.CreateModel(
            name="Attachment",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("position", models.PositiveSmallIntegerField()),
                ("name", models.CharField(max_length=200)),
                ("media_type", models.CharField(max_length=100)),
                ("size", models.PositiveIntegerField(help_text="Bytes of the file.")),
                (
                    "content_hash",
                    models.CharField(help_text="Tells whether the document still holds this file.", max_length=64),
                ),
                ("text", models.TextField(help_text="What the LLM reads: all of it, or its beginning.")),
                ("chars", models.PositiveIntegerField(help_text="Length of the whole text.")),
                (
                    "document",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="memory.document",
                    ),
                ),
                (
                    "message",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="attachments", to="agents.message"
                    ),
                ),
            ],
            options={"ordering": ["position"]},
        ),
        migrations.AddConstraint(
            model_name="attachment",
            constraint=models.UniqueConstraint(fields=("message", "position"), name="one_attachment_per_position"),
        ),
    ]
