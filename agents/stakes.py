"""What hangs on an approval, in words for whoever decides: on what it acts, why the agent wants it, what follows."""

import json

from agents.models import Approval, ToolCall, Verdict
from agents.tools.registry import all_tools

LONGEST = 1000


def resource_of(call: ToolCall) -> str:
    """On what the call acts, where its tool says which argument names it: an address, a URL."""
    tool = all_tools().get(call.name)
    if tool is None or not tool.acts_on:
        return ""
    try:
        named = json.loads(call.arguments or "{}").get(tool.acts_on, "")
    except (ValueError, AttributeError, RecursionError):
        return ""
    return str(named)[:LONGEST]


def said_before(call: ToolCall) -> str:
    """What the agent said when it asked for the call; often that is why it wants it."""
    return call.message.text.strip()[:LONGEST]


def consequences(approval: Approval) -> str:
    """What becomes of the call when people approve, deny, or say nothing."""
    later = [level for level in approval.call.approvals.all() if level.level > approval.level]
    following = min(later, key=lambda level: level.level).asked if later else ""
    missing = approval.needed - given_to(approval) - 1
    if missing > 0:
        approved = f"{missing} more must approve" if missing > 1 else "one more must approve"
    else:
        approved = f"{following} is asked next" if following else "it runs"
    unsaid = f"{following} is asked" if approval.escalates and following else "it is denied"
    return (
        f"Approved, {approved}. Denied, it does not run, and the agent is told why and goes on without it. "
        f"Without an answer in time {unsaid}."
    )


def given_to(approval: Approval) -> int:
    """How many have approved the arguments as they are now."""
    return sum(
        decision.verdict == Verdict.APPROVE and decision.arguments_digest == approval.arguments_digest
        for decision in approval.decisions.all()
    )
