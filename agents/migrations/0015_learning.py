import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [("agents", "0014_ratings")]
    operations = [
        migrations.AddIndex(
            model_name="run",
            index=models.Index(F("finished_at"), condition=Q(finished_at__isnull=False), name="ended_runs"),
        ),
        migrations.CreateModel(
            name="Reading",
            fields=[
                (
                    "thread",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="reading",
                        serialize=False,
                        to="agents.thread",
                    ),
                ),
                ("next_position", models.PositiveIntegerField(default=0)),
                ("last_position", models.PositiveIntegerField(help_text="Of the last run that has ended.")),
                ("last_finished_at", models.DateTimeField(db_index=True)),
                (
                    "epoch",
                    models.PositiveIntegerField(default=0, help_text="Every write of a reader is conditional on it."),
                ),
                ("lease_expires_at", models.DateTimeField(null=True)),
                (
                    "attempts",
                    models.PositiveSmallIntegerField(default=0, help_text="How often it was begun at this place."),
                ),
                (
                    "not_before",
                    models.DateTimeField(
                        help_text="Put off until then: a limit was reached, or the LLM failed.", null=True
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        F("last_finished_at"),
                        condition=Q(last_position__gte=F("next_position")),
                        name="threads_to_read",
                    )
                ]
            },
        ),
    ]
