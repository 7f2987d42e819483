"""Runs that wait for a person, or were set aside, as rows."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import User
from agents import approvals
from agents.models import (
    Agent,
    Approval,
    CallStatus,
    Effect,
    Message,
    Role,
    Run,
    RunStatus,
    StopReason,
    Thread,
    ToolCall,
    WaitKind,
)
from agents.policies import Policy

SUM = '{"expression": "2 + 2"}'


def a_run(owner: User, status: RunStatus, *, question: str = "Please work it out.", **fields: Any) -> Run:
    agent = Agent.objects.get(slug="assistant")
    thread = Thread.objects.create(owner=owner, agent=agent)
    times = {"started_at": timezone.now() - timedelta(minutes=2)}
    run = Run.objects.create(
        thread=thread, position=0, agent_version=agent.live, user=owner, status=status, **times | fields
    )
    Message.objects.create(run=run, position=0, role=Role.USER, text=question)
    Message.objects.create(run=run, position=1, role=Role.ASSISTANT, text="One moment.")
    return run


def a_call(run: Run, status: CallStatus, *, arguments: str = SUM, **fields: Any) -> ToolCall:
    said = run.messages.get(position=1)
    given = {"name": "calculator", "effect": Effect.UNSAFE, "attempt": 1, "started_at": timezone.now()} | fields
    return ToolCall.objects.create(
        run=run, message=said, position=run.tool_calls.count(), raw_arguments=arguments, status=status, **given
    )


def a_pending_approval(owner: User, *, levels: list[dict[str, Any]] | None = None, **fields: Any) -> Approval:
    """A run that waits, and the approval it waits for."""
    run = a_run(owner, RunStatus.WAITING, wait_kind=WaitKind.APPROVAL)
    call = a_call(run, CallStatus.AWAITING_APPROVAL, **fields)
    approvals.ask([(call, Policy.model_validate({"levels": levels or [{"who": "staff"}]}))])
    return call.approvals.order_by("level")[0]


def an_unknown_outcome(owner: User, **fields: Any) -> ToolCall:
    run = a_run(owner, RunStatus.WAITING, wait_kind=WaitKind.INPUT)
    return a_call(run, CallStatus.OUTCOME_UNKNOWN, result="calculator broke off.", **fields)


def a_parked_run(owner: User) -> Run:
    """One whose workers died again and again."""
    reason, error = StopReason.RECOVERIES_EXHAUSTED, "It broke off too often."
    return a_run(owner, RunStatus.DEAD, recoveries=5, stop_reason=reason, error=error, finished_at=timezone.now())
