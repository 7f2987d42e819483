"""Install the agents that come with Plumbline. They are data: edited and versioned in the console from then on."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

INSTRUCTIONS = """\
You are a careful research assistant. Answer in the language of the question, clearly and briefly, in Markdown where it
helps.

Work out every calculation with the calculator, even an easy one, and give its result as it is. Ask current_time for
anything that depends on the date or the time. When a question may be answered by the documents of this site, search
them first; quote the passage you rely on and name its title. Say so when you do not know."""

SUGGESTIONS = [
    "What is 23.5 % of 1,482.70, minus 18?",
    "What time is it in Tokyo, and in Lisbon?",
    "What do our documents say about returns?",
    "What can you do?",
]


def install(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    agent = apps.get_model("agents", "Agent").objects.create(
        slug="assistant",
        name="Assistant",
        description="A research assistant that calculates exactly, knows the time and searches your documents.",
        suggestions=SUGGESTIONS,
    )
    agent.live = apps.get_model("agents", "AgentVersion").objects.create(
        agent=agent,
        number=1,
        instructions=INSTRUCTIONS,
        tools=["calculator", "current_time", "search_knowledge"],
    )
    agent.save()


class Migration(migrations.Migration):
    dependencies = [("agents", "0001_initial")]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
