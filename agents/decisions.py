"""What people said about tool calls, for everyone who looks on."""

import uuid
from collections.abc import Iterable

from agents.models import Decision, Run

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
