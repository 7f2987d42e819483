"""Runs as programs start them, done by the live worker."""

from typing import Any

from accounts.models import User
from agents import actions
from agents.models import Agent, Approval, Run, RunStatus, Thread
from tests.stack import Stack

RESTS = (RunStatus.WAITING, RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELLED, RunStatus.DEAD)


def started(agent: Agent, user: User, text: str = "Do it.", *, thread: Thread | None = None) -> Run:
    thread = thread or Thread.objects.create(owner=user, agent=agent)
    return actions.start_run(thread=thread, user=user, text=text)


def at_rest(stack: Stack, run: Run) -> Run:
    """The run as it is once it waits or has ended."""
    stack.until(lambda: Run.objects.get(pk=run.pk).status in RESTS, "the run waits or has ended")
    return Run.objects.get(pk=run.pk)


def asked(run: Run, **which: Any) -> Approval:
    """The approval that is asked now."""
    return run.approvals.filter(status="pending", **which).order_by("call__position").first() or _none(run)


def result(run: Run, name: str = "ledger_unsafe") -> tuple[str, str]:
    """How the run's only call of that tool stands, and what the LLM reads of it."""
    call = run.tool_calls.get(name=name)
    return call.status, call.result


def _none(run: Run) -> Approval:
    raise AssertionError(f"Nobody is asked; the approvals are {list(run.approvals.values('level', 'status'))}.")
