"""What a waiting run waits for, as AG-UI tells it: one interrupt for each thing a person must decide."""

from collections.abc import Iterable

from ag_ui.core import Interrupt

from agents import stakes
from agents.models import AWAITED_CALLS, Approval, ApprovalStatus, CallStatus, Run, ToolCall

UNKNOWN_OUTCOME = "It was interrupted while it ran, and it is not known whether it took effect."
RESPONSE_SCHEMA = {
    "type": "object",
    "properties": {
        "approved": {"type": "boolean"},
        "comment": {"type": "string"},
        "arguments": {"type": "object", "description": "Replaces the arguments whole."},
    },
    "required": ["approved"],
}


def of_run(run: Run) -> list[Interrupt]:
    """In the order in which the LLM asked. Reads the rows."""
    calls = run.tool_calls.filter(status__in=AWAITED_CALLS).order_by("message__position", "position")
    return of_rows(calls, pending_approvals([run]))


def pending_approvals(runs: Iterable[Run]) -> list[Approval]:
    found = Approval.objects.filter(run__in=list(runs), status=ApprovalStatus.PENDING)
    return list(found.select_related("call__message").prefetch_related("decisions", "call__approvals"))


def of_rows(calls: Iterable[ToolCall], pending: Iterable[Approval]) -> list[Interrupt]:
    asked = {approval.call_id: approval for approval in pending}
    return [
        _of_approval(call, asked[call.id]) if call.id in asked else _of_unknown(call)
        for call in calls
        if call.id in asked or call.status == CallStatus.OUTCOME_UNKNOWN
    ]


def _of_approval(call: ToolCall, approval: Approval) -> Interrupt:
    return Interrupt(
        id=str(approval.id),
        reason="tool_call",
        message=approval.reason,
        tool_call_id=str(call.id),
        response_schema=RESPONSE_SCHEMA,
        expires_at=approval.expires_at.isoformat() if approval.expires_at else None,
        metadata={
            "kind": "approval",
            "who": approval.who,
            "level": approval.level + 1,
            "levels": len(approval.call.approvals.all()),
            "needed": approval.needed,
            "approved": stakes.given_to(approval),
            "tool": call.name,
            "arguments": call.arguments,
            "resource": stakes.resource_of(call),
            "said": stakes.said_before(approval.call),
            "consequences": stakes.consequences(approval),
            "digest": approval.arguments_digest,
        },
    )


def _of_unknown(call: ToolCall) -> Interrupt:
    return Interrupt(
        id=str(call.id),
        reason="plumbline:settlement",
        message=UNKNOWN_OUTCOME,
        tool_call_id=str(call.id),
        metadata={"kind": "settlement", "tool": call.name, "arguments": call.arguments},
    )
