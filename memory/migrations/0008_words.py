"""What recall ranks texts by: their words' stems, four bytes each, made by the database as a text is written."""

from django.db import migrations, models

CREATE = r"""
CREATE FUNCTION memory_words(text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT COALESCE(string_agg(substring(sha256(convert_to(stem.lexeme, 'UTF8')) FOR 4), ''), '')
      FROM unnest(to_tsvector('pg_catalog.english', $1)) AS stem, unnest(stem.positions) AS place
$$
"""
STEMS = models.GeneratedField(
    db_persist=True,
    expression=models.Func("text", function="memory_words"),
    output_field=models.BinaryField(),
)


class Migration(migrations.Migration):
    dependencies = [("memory", "0007_memory_readers")]

    operations = [
        migrations.RunSQL(CREATE, "DROP FUNCTION memory_words(text)"),
        migrations.RemoveIndex(model_name="window", name="windows_by_words"),
        migrations.RemoveField(model_name="window", name="tsv"),
        migrations.AddField(model_name="window", name="words", field=STEMS),
        migrations.AddField(model_name="memory", name="words", field=STEMS),
    ]
