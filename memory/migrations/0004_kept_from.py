from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("memory", "0003_procedures")]
    operations = [
        migrations.AddField(
            model_name="memorypreference",
            name="kept_from",
            field=models.DateTimeField(
                blank=True,
                help_text="What was said before is not kept any more: it was paused, or forgotten.",
                null=True,
            ),
        ),
    ]
