"""A conversation in which a draft is tried before it is live."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("agents", "0010_default_agents")]
    operations = [
        migrations.AddField(
            model_name="thread",
            name="tried_version",
            field=models.ForeignKey(
                blank=True,
                help_text="The version that answers here, though it may be a draft; empty: whichever is live.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="agents.agentversion",
            ),
        ),
    ]
