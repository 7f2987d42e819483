from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("observability", "0005_teams"),
    ]

    operations = [
        migrations.AlterField(
            model_name="span",
            name="kind",
            field=models.CharField(
                choices=[
                    ("receive", "receive"),
                    ("chat", "chat"),
                    ("execute_tool", "execute_tool"),
                    ("retrieval", "retrieval"),
                    ("embeddings", "embeddings"),
                    ("approval", "approval"),
                    ("invoke_agent", "invoke_agent"),
                    ("handoff", "handoff"),
                    ("memory", "memory"),
                ],
                max_length=16,
            ),
        ),
    ]
