"""People in the loop: a tool call waits until everyone its policy names has approved exactly its arguments.

A decision is a row of its own, so it outlives every crash after it. Levels are asked one after the other; an edit
changes the digest, and whoever had approved other arguments is asked again.
"""

import uuid
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from agents import doorbell, faults, unheld
from agents.models import (
    OPEN_APPROVALS,
    Approval,
    ApprovalStatus,
    CallStatus,
    Decision,
    Run,
    ToolCall,
    Verdict,
)
from agents.policies import Policy
from agents.refusals import Conflict, Forbidden, Refused
from agents.spans import decision_span
from agents.text import storable
from agents.tools.arguments import digest
from agents.tools.base import InvalidArguments
from agents.tools.registry import tools_named
from observability import recorder

LONGEST_COMMENT = 2000


def ask(calls: Iterable[tuple[ToolCall, Policy]]) -> None:
    """Write who will be asked about these calls; the first level of each is asked now."""
    now = timezone.now()
    asked = Approval.objects.bulk_create(
        Approval(
            call=call,
            run_id=call.run_id,
            level=number,
            who=level.who,
            needed=level.needed,
            reason=policy.words(call.arguments),
            status=ApprovalStatus.UPCOMING if number else ApprovalStatus.PENDING,
            arguments_digest=digest(call.arguments),
            expires_after=level.expires_after,
            expires_at=None if number else now + level.expires_after,
            escalates=level.on_expiry == "escalate",
        )
        for call, policy in calls
        for number, level in enumerate(policy.levels)
    )
    for approval in asked:
        _tell(approval)


@transaction.atomic
def decide(
    *,
    approval_id: uuid.UUID,
    by: User,
    verdict: Verdict,
    arguments: str | None = None,
    comment: str = "",
    seen_digest: str | None = None,
) -> Approval:
    """Say yes or no to a tool call, or yes to other arguments in its place; saying the same again changes nothing.

    Raises Refused in words: Forbidden when it is not this person's to decide, Conflict when it was decided otherwise,
    has expired, or `seen_digest` is not that of the arguments it is about now.
    """
    run = unheld.locked(_visible(approval_id, by).run_id)
    approval = Approval.objects.select_related("call__run").get(pk=approval_id)
    if _has_said(approval, by, verdict, arguments):
        return approval
    _check_open(approval, run)
    _check_may(approval, by)
    if seen_digest and seen_digest != approval.arguments_digest:
        raise Conflict("The arguments were changed meanwhile; look at them again.")
    if arguments is not None and verdict == Verdict.APPROVE:
        _edit(approval, arguments)
    words = storable(comment).strip()[:LONGEST_COMMENT]
    decision = Decision.objects.create(
        approval=approval, by=by, verdict=verdict, comment=words, arguments_digest=approval.arguments_digest
    )
    if verdict == Verdict.DENY:
        _deny(approval, ApprovalStatus.DENIED, _denied_by(by, words))
    else:
        _ask_next(approval.call)
    approval.refresh_from_db()
    recorder.record_spans([decision_span(approval, decision)])
    transaction.on_commit(lambda: faults.reach("after_decision"))
    unheld.go_on(run)
    return approval


def expire() -> None:
    """Close what nobody decided in time: denied, or passed on to the next level if the policy says so."""
    due = Approval.objects.filter(status=ApprovalStatus.PENDING, expires_at__lt=timezone.now())
    for approval_id, run_id in due.values_list("pk", "run_id")[:200]:
        _expire(approval_id, run_id)


@transaction.atomic
def _expire(approval_id: uuid.UUID, run_id: uuid.UUID) -> None:
    run = unheld.locked(run_id)
    approval = Approval.objects.select_related("call__run").get(pk=approval_id)
    if approval.status != ApprovalStatus.PENDING:
        return
    if approval.escalates and approval.call.approvals.filter(level__gt=approval.level).exists():
        _close(approval, ApprovalStatus.EXPIRED)
        _ask_next(approval.call)
    else:
        _deny(approval, ApprovalStatus.EXPIRED, "Error: not run, because nobody approved it in time.")
    unheld.go_on(run)


def _visible(approval_id: uuid.UUID, by: User) -> Approval:
    approval = Approval.objects.visible_to(by).filter(pk=approval_id).first()
    if approval is None:
        raise Refused("There is no such approval.")
    return approval


def _has_said(approval: Approval, by: User, verdict: Verdict, arguments: str | None) -> bool:
    """Whether this person has already said exactly this; an edit is the same if it leads to the arguments we have."""
    if arguments is not None and digest(arguments) != approval.arguments_digest:
        return False
    said = approval.decisions.filter(by=by, verdict=verdict, arguments_digest=approval.arguments_digest)
    return said.exists()


def _check_open(approval: Approval, run: Run) -> None:
    if run.is_finished or run.cancel_requested_at:
        raise Conflict("The answer this belongs to has ended or is being stopped.")
    if approval.status == ApprovalStatus.UPCOMING:
        raise Conflict("Somebody else is asked first.")
    if approval.status != ApprovalStatus.PENDING:
        last = approval.decisions.order_by("pk").last()
        by = f" by {last.by}" if last and last.by else ""
        raise Conflict(f"This was already decided: {approval.get_status_display().lower()}{by}.")
    if approval.expires_at and approval.expires_at < timezone.now():
        raise Conflict("The time to decide this is over.")


def _check_may(approval: Approval, by: User) -> None:
    if not approval.may_be_decided_by(by):
        raise Forbidden(f"This is not yours to decide; it is up to {approval.asked}.")
    others = Decision.objects.filter(approval__call=approval.call_id, verdict=Verdict.APPROVE, by=by)
    if others.filter(arguments_digest=approval.arguments_digest).exists():
        raise Forbidden("You have approved this already; somebody else must approve it too.")


def _edit(approval: Approval, arguments: str) -> None:
    """Put other arguments in the place of the LLM's. Raises Refused when the tool does not take them."""
    call, tool = approval.call, tools_named([approval.call.name]).get(approval.call.name)
    if tool is None:
        raise Refused(f"The tool {call.name} cannot be used any more.")
    try:
        tool.validated(arguments)
    except InvalidArguments as error:
        raise Refused(f"These arguments cannot be used: {error.problems.rstrip('.')}.") from None
    if digest(arguments) == approval.arguments_digest:
        return
    call.edited_arguments = storable(arguments)
    call.save(update_fields=["edited_arguments"])
    approval.arguments_digest = digest(call.edited_arguments)
    call.approvals.update(arguments_digest=approval.arguments_digest)


def _deny(approval: Approval, status: ApprovalStatus, result: str) -> None:
    _close(approval, status)
    call = approval.call
    call.approvals.filter(status__in=OPEN_APPROVALS).update(status=ApprovalStatus.CANCELLED, closed_at=timezone.now())
    _set_call(call, CallStatus.DENIED, result=result, finished_at=timezone.now())


def _ask_next(call: ToolCall) -> None:
    """Ask the first level that has not approved these arguments; with none left the call may run."""
    is_asked = False
    for level in call.approvals.exclude(status=ApprovalStatus.EXPIRED).order_by("level"):
        if is_asked:
            _move(level, ApprovalStatus.UPCOMING)
        elif level.is_satisfied:
            _close(level, ApprovalStatus.APPROVED)
        else:
            _move(level, ApprovalStatus.PENDING)
            is_asked = True
    if not is_asked:
        _set_call(call, CallStatus.READY)


def _move(approval: Approval, status: ApprovalStatus) -> None:
    if approval.status == status:
        return
    approval.status, approval.closed_at = status, None
    approval.expires_at = timezone.now() + approval.expires_after if status == ApprovalStatus.PENDING else None
    approval.told_at, approval.tell_after, approval.tellings = None, None, 0
    approval.save(update_fields=["status", "closed_at", "expires_at", "told_at", "tell_after", "tellings"])
    _tell(approval)


def _tell(approval: Approval) -> None:
    if approval.status == ApprovalStatus.PENDING and approval.who != "requester":
        transaction.on_commit(lambda: doorbell.tell_approvers(approval.pk))


def _close(approval: Approval, status: ApprovalStatus) -> None:
    if approval.status == status:
        return
    approval.status, approval.closed_at = status, timezone.now()
    approval.save(update_fields=["status", "closed_at"])


def _set_call(call: ToolCall, status: CallStatus, **changes: Any) -> None:
    ToolCall.objects.filter(pk=call.pk, status=CallStatus.AWAITING_APPROVAL).update(status=status, **changes)


def _denied_by(by: User, words: str) -> str:
    reason = f" The reason: {words}" if words else ""
    return f"Error: not run, because {by} did not allow it.{reason}"
