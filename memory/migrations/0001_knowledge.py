import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
import pgvector.django.halfvec
import uuid_utils.compat
from django.conf import settings
from django.core.management.base import CommandError
from django.db import DatabaseError, migrations, models
from pgvector.django import VectorExtension


class PgvectorOrWords(VectorExtension):
    """Makes the `vector` type, or says what the server lacks."""

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        try:
            super().database_forwards(app_label, schema_editor, from_state, to_state)
        except DatabaseError as error:
            raise CommandError(
                "Plumbline needs the extension pgvector in its database. Install it on the PostgreSQL server "
                "(https://github.com/pgvector/pgvector), or let a superuser run CREATE EXTENSION vector in "
                f"this database. PostgreSQL said: {error}"
            ) from error


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        PgvectorOrWords(),
        migrations.CreateModel(
            name="Document",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("title", models.CharField(max_length=200)),
                ("media_type", models.CharField(max_length=100)),
                ("content", models.BinaryField()),
                ("content_hash", models.CharField(editable=False, max_length=64)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("queued", "Queued"),
                            ("indexing", "Indexing"),
                            ("ready", "Ready"),
                            ("failed", "Failed"),
                        ],
                        default="queued",
                        max_length=10,
                    ),
                ),
                ("error", models.TextField(blank=True, help_text="In words, for the person who added it.")),
                ("chars", models.PositiveIntegerField(default=0, help_text="Length of the text found in it.")),
                (
                    "worked_on_at",
                    models.DateTimeField(editable=False, help_text="The indexer's last sign of life.", null=True),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now_add=True, help_text="When its content last changed.")),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="documents",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-updated_at"],
            },
        ),
        migrations.CreateModel(
            name="Chunk",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveIntegerField()),
                (
                    "title",
                    models.CharField(help_text="The document's title, so that its words count too.", max_length=200),
                ),
                ("place", models.CharField(blank=True, help_text="The headings it stands under.", max_length=300)),
                ("text", models.TextField()),
                (
                    "tsv",
                    models.GeneratedField(
                        db_persist=True,
                        expression=django.contrib.postgres.search.CombinedSearchVector(
                            django.contrib.postgres.search.CombinedSearchVector(
                                django.contrib.postgres.search.CombinedSearchVector(
                                    django.contrib.postgres.search.SearchVector(
                                        "title", "place", config="english", weight="B"
                                    ),
                                    "||",
                                    django.contrib.postgres.search.SearchVector("text", config="english", weight="D"),
                                    django.contrib.postgres.search.SearchConfig("english"),
                                ),
                                "||",
                                django.contrib.postgres.search.SearchVector(
                                    "title", "place", config="simple", weight="B"
                                ),
                                django.contrib.postgres.search.SearchConfig("english"),
                            ),
                            "||",
                            django.contrib.postgres.search.SearchVector("text", config="simple", weight="D"),
                            django.contrib.postgres.search.SearchConfig("english"),
                        ),
                        output_field=django.contrib.postgres.search.SearchVectorField(),
                    ),
                ),
                ("embedding", pgvector.django.halfvec.HalfVectorField(blank=True, dimensions=384, null=True)),
                ("embedding_model", models.CharField(blank=True, max_length=120)),
                (
                    "document",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="chunks", to="memory.document"
                    ),
                ),
            ],
            options={
                "ordering": ["document", "position"],
            },
        ),
        migrations.AddIndex(
            model_name="document",
            index=models.Index(
                models.F("created_at"),
                condition=models.Q(("status__in", ["ready", "failed"]), _negated=True),
                name="documents_to_index",
            ),
        ),
        migrations.AddConstraint(
            model_name="document",
            constraint=models.UniqueConstraint(
                fields=("owner", "title"), name="one_document_per_title", nulls_distinct=False
            ),
        ),
        migrations.AddConstraint(
            model_name="document",
            constraint=models.UniqueConstraint(
                fields=("owner", "content_hash"), name="one_document_per_content", nulls_distinct=False
            ),
        ),
        migrations.AddIndex(
            model_name="chunk",
            index=django.contrib.postgres.indexes.GinIndex(models.F("tsv"), name="chunks_by_words"),
        ),
        migrations.AddConstraint(
            model_name="chunk",
            constraint=models.UniqueConstraint(fields=("document", "position"), name="one_chunk_per_position"),
        ),
    ]
