import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_api_tokens")]
    operations = [
        migrations.AlterField(
            model_name="apitoken",
            name="scopes",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(
                    choices=[
                        ("read", "Read conversations, runs and events"),
                        ("run", "Ask questions, stop and retry them, delete threads"),
                        ("decide", "Decide approvals"),
                        ("score", "Rate and score answers"),
                        ("memory", "Read, change and delete what is remembered about you"),
                    ],
                    max_length=10,
                ),
                size=None,
            ),
        ),
    ]
