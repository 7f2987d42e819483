"""Vectors move into a table of their own, and a row that is deleted takes its vector along."""

import django.db.models.deletion
import django.utils.timezone
import pgvector.django.halfvec
from django.db import migrations, models
from django.db.models.functions import Now

# An index-only scan needs pages that are known to be visible to all, so the table is vacuumed soon after it grows.
VACUUM_SOON = """
    ALTER TABLE memory_storedvector SET (
        autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_vacuum_insert_threshold = 1000,
        autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05
    )
"""

# Whoever deletes a row, by whatever way, its vector goes in the same transaction, and is noted for the stores outside.
FORGET = """
    CREATE FUNCTION memory_forget_vectors() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        items uuid[];
    BEGIN
        EXECUTE format('SELECT array_agg(%I) FROM gone', TG_ARGV[1]) INTO items;
        IF items IS NOT NULL THEN
            INSERT INTO memory_vectordeletion (collection, item)
                SELECT TG_ARGV[0], unnest(items) ON CONFLICT DO NOTHING;
            DELETE FROM memory_storedvector USING memory_vectorspace AS space
                WHERE space_id = space.id AND space.collection = TG_ARGV[0] AND item = ANY (items);
        END IF;
        RETURN NULL;
    END $$
"""
ON_DELETE = """
    CREATE TRIGGER forget_vectors AFTER DELETE ON {table} REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION memory_forget_vectors('{collection}', 'id')
"""


def on_delete(table: str, collection: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        ON_DELETE.format(table=table, collection=collection), f"DROP TRIGGER forget_vectors ON {table}"
    )


class Migration(migrations.Migration):
    dependencies = [("memory", "0003_procedures")]

    operations = [
        migrations.CreateModel(
            name="VectorSpace",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("collection", models.CharField(max_length=20)),
                ("embedder", models.CharField(max_length=120)),
                ("dimensions", models.PositiveSmallIntegerField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("collection", "embedder"), name="one_space_per_embedder")
                ],
            },
        ),
        migrations.CreateModel(
            name="StoredVector",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "space_id", "item", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("item", models.UUIDField()),
                ("owner", models.BigIntegerField(help_text="A user's id, or 0: everybody's.")),
                ("embedding", pgvector.django.halfvec.HalfVectorField()),
                (
                    "space",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.CASCADE, to="memory.vectorspace"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["space", "owner"], include=("item", "embedding"), name="vectors_of_an_owner")
                ],
            },
        ),
        migrations.CreateModel(
            name="VectorDeletion",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "collection", "item", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("collection", models.CharField(max_length=20)),
                ("item", models.UUIDField()),
                ("created_at", models.DateTimeField(db_default=Now(), default=django.utils.timezone.now)),
                ("claimed_until", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="VectorClaim",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "collection", "item", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("collection", models.CharField(max_length=20)),
                ("item", models.UUIDField()),
                ("until", models.DateTimeField()),
                ("failures", models.PositiveSmallIntegerField(default=0)),
                ("error", models.TextField(blank=True, help_text="In words, for whoever runs Plumbline.")),
            ],
        ),
        migrations.CreateModel(
            name="VectorPlan",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("serving", models.CharField(max_length=160)),
                ("target", models.CharField(max_length=160)),
                (
                    "configured",
                    models.CharField(help_text="What the settings said when they were last looked at.", max_length=160),
                ),
                (
                    "leaving",
                    models.JSONField(default=list, help_text="Places whose vectors are still to be wiped."),
                ),
                ("changed_at", models.DateTimeField(auto_now=True)),
            ],
        ),
        migrations.CreateModel(
            name="EmbeddedText",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "embedder", "content_hash", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("embedder", models.CharField(max_length=120)),
                ("content_hash", models.BinaryField(max_length=32)),
                ("embedding", pgvector.django.halfvec.HalfVectorField()),
                ("created_at", models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
            ],
        ),
        migrations.RunSQL(VACUUM_SOON, migrations.RunSQL.noop),
        migrations.RunSQL(FORGET, "DROP FUNCTION memory_forget_vectors"),
        on_delete("memory_memory", "memories"),
        on_delete("memory_procedure", "procedures"),
    ]
