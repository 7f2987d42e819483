"""What people said about tool calls, and routers about whom to ask, for everyone who looks on."""

import uuid
from collections.abc import Iterable

from agents.models import Decision, Handoff, Run, ToolCall
from agents.teams import HAND_OFF

Handoffs = dict[uuid.UUID, Handoff]
Decisions = dict[uuid.UUID, list[Decision]]


def of_runs(runs: Iterable[Run]) -> Decisions:
    """By tool call, in the order in which they were said. Nothing is read for agents that ask nobody."""
    asking = [run for run in runs if run.agent_version.approvals]
    found: Decisions = {}
    if asking:
        said = Decision.objects.filter(approval__run__in=asking).select_related("by", "approval").order_by("pk")
        for decision in said:
            found.setdefault(decision.approval.call_id, []).append(decision)
    return found


def handoffs_of(calls: Iterable[list[ToolCall]]) -> Handoffs:
    """By tool call. Nothing is read where nobody asked for one."""
    asked = [call.pk for some in calls for call in some if call.name == HAND_OFF]
    if not asked:
        return {}
    found = Handoff.objects.filter(call__in=asked).select_related("source__agent", "target__agent")
    return {handoff.call_id: handoff for handoff in found}
