"""A memory that is deleted takes along the vector its text was given lately, too."""

from django.db import migrations, models

FORGET = """
    CREATE FUNCTION memory_forget_embedded_text() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        DELETE FROM memory_embeddedtext AS held USING gone
            WHERE held.content_hash = sha256(convert_to(gone.text, 'UTF8'));
        RETURN NULL;
    END $$;
    CREATE TRIGGER forget_embedded_text AFTER DELETE ON memory_memory REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION memory_forget_embedded_text();
"""
UNDO = """
    DROP TRIGGER forget_embedded_text ON memory_memory;
    DROP FUNCTION memory_forget_embedded_text;
"""


class Migration(migrations.Migration):
    dependencies = [("memory", "0008_words")]

    operations = [
        migrations.AddIndex(
            model_name="embeddedtext",
            index=models.Index(fields=["content_hash"], name="embedded_texts_by_hash"),
        ),
        migrations.RunSQL(FORGET, UNDO),
    ]
