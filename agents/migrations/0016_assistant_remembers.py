"""Give the assistant its tools of memory, where it is as it came with Plumbline; in a new version once it has run."""

import copy
from importlib import import_module
from typing import Any

from django.db import migrations
from django.utils import timezone

SHIPPED = import_module("agents.migrations.0002_assistant")
FIRST_TOOLS = ["calculator", "current_time", "search_knowledge"]
TOOLS = [*FIRST_TOOLS, "remember", "forget", "recall"]
INSTRUCTIONS = f"""\
{SHIPPED.INSTRUCTIONS}

When somebody asks you to remember or to forget something about them, do it with remember and forget, and say in one
sentence what you did. When they ask what you know about them, or what they said earlier, look it up with recall. What
you know about them is there to help; do not recite it."""
UNCHANGED = (
    "llm_name", "fallback_llm_names", "parameters", "approvals", "children", "handoffs", "output_schema", "memory",
    "max_turns", "max_tool_calls", "max_tokens", "max_cost", "max_active_seconds",
)  # fmt: skip


def install(apps: Any, schema_editor: Any) -> None:
    agent = apps.get_model("agents", "Agent").objects.select_related("live").filter(slug="assistant").first()
    if agent is None or agent.live is None or not _is_as_shipped(agent):
        return
    if not apps.get_model("agents", "Run").objects.filter(agent_version=agent.live).exists():
        agent.live.instructions, agent.live.tools = INSTRUCTIONS, TOOLS  # nobody has ever seen it do without
        agent.live.save()
        return
    first = agent.live
    agent.live = apps.get_model("agents", "AgentVersion").objects.create(
        agent=agent,
        number=2,
        instructions=INSTRUCTIONS,
        tools=TOOLS,
        note="It remembers and forgets when it is asked to.",
        published_at=timezone.now(),
        **{name: copy.deepcopy(getattr(first, name)) for name in UNCHANGED},
    )
    agent.save()


def _is_as_shipped(agent: Any) -> bool:
    live = agent.live
    is_first = live.number == 1 and agent.versions.count() == 1
    return is_first and live.tools == FIRST_TOOLS and live.instructions == SHIPPED.INSTRUCTIONS


class Migration(migrations.Migration):
    dependencies = [("agents", "0015_learning")]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
