"""Runs of the past, as rows: who asked what, which tools were used, how it ended, what the person thought of it."""

import json
from typing import Any

from django.utils import timezone

from accounts.models import User
from agents.models import (
    Agent,
    AgentVersion,
    CallStatus,
    Message,
    Role,
    Run,
    RunStatus,
    StopReason,
    Thread,
    ToolCall,
)
from chat.actions import rate_answer

TOOLS = ["search_knowledge", "calculator", "current_time"]
TWO_STEPS = ("search_knowledge", "calculator")
REFUNDS = (
    "How much of my hotel booking is refunded if I cancel today?",
    "What refund do I get for the hotel booking in spring?",
    "I want to cancel the hotel booking, what is the refund?",
    "Hotel booking refund when cancelling two days before?",
)


def an_agent(slug: str = "concierge", **fields: Any) -> Agent:
    agent = Agent.objects.create(slug=slug, name=slug.capitalize())
    version = AgentVersion.objects.create(agent=agent, number=1, instructions="Help.", **{"tools": TOOLS} | fields)
    agent.live = version
    agent.save()
    return agent


def an_answer(
    agent: Agent, user: User, question: str, *tools: str, thumb: bool | None = None, comment: str = "", **fields: Any
) -> Run:
    """One that ended well, unless its fields say otherwise."""
    thread = fields.pop("thread", None) or Thread.objects.create(owner=user, agent=agent)
    call_status = fields.pop("call_status", CallStatus.SUCCEEDED)
    ended = {"status": RunStatus.COMPLETED, "stop_reason": StopReason.FINAL, "finished_at": timezone.now()} | fields
    position = thread.runs.count()
    run = Run.objects.create(thread=thread, position=position, agent_version=agent.live, user=user, **ended)
    Message.objects.create(run=run, position=0, role=Role.USER, text=question)
    said = Message.objects.create(run=run, position=1, role=Role.ASSISTANT, text="There.")
    for place, tool in enumerate(tools):
        ToolCall.objects.create(
            run=run,
            message=said,
            position=place,
            name=tool,
            status=call_status,
            raw_arguments=json.dumps({"query": "x"}),
        )
    if thumb is not None:
        rate_answer(run=run, author=user, is_positive=thumb, comment=comment)
    return run
