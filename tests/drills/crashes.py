"""The crash matrix: a worker dies at a named point of a run, another takes over, and all is as the promise says."""

import random
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import product
from typing import Literal

from django.db.models.functions import Now

from accounts.models import User
from agents import approvals, settlements
from agents.models import (
    Approval,
    ApprovalStatus,
    CallStatus,
    Effect,
    Run,
    RunStatus,
    Settlement,
    ToolCall,
    Verdict,
)
from tests.drills.agents import approved_by, ledger_agent
from tests.drills.obedient import Plan
from tests.drills.talk import Talk, let_bells_be_missed
from tests.llm import Call, call
from tests.stack import Process, Stack

Shape = Literal["single", "batch", "approval"]
SHAPES: tuple[Shape, ...] = ("single", "batch", "approval")
POINTS = (
    "after_claim", "mid_stream:2", "before_reply_commit", "after_reply_commit", "after_tool_started",
    "after_tool_effect", "before_result_commit", "after_decision", "before_finish",
)  # fmt: skip
INSIDE_A_TOOL = ("after_tool_started", "after_tool_effect", "before_result_commit")
A_WHILE = timedelta(hours=1)


@dataclass(frozen=True)
class Cell:
    """Where it dies, in which kind of work, and what an operator says of a call whose outcome is unknown."""

    point: str
    effect: Effect
    shape: Shape
    word: Settlement.Word = Settlement.Word.DONE

    def __str__(self) -> str:
        said = f" {self.word}" if self.is_in_doubt else ""
        return f"{self.point} {self.effect} {self.shape}{said}"

    @property
    def is_in_doubt(self) -> bool:
        """Whether nobody can know if the tool had its effect."""
        return self.effect == Effect.UNSAFE and self.point in INSIDE_A_TOOL

    @property
    def plan(self) -> Plan:
        def of(note: str, effect: Effect = self.effect) -> Call:
            return call(f"ledger_{effect}", note=note)

        batch = (of("first"), of("second", Effect.IDEMPOTENT), of("third"))
        return Plan(str(self), (batch if self.shape == "batch" else (of("only"),),))


def all_cells() -> list[Cell]:
    """Every point, effect and shape; where an operator is asked, every word he may say."""
    found = []
    for point, effect, shape in product(POINTS, (Effect.READ, Effect.IDEMPOTENT, Effect.UNSAFE), SHAPES):
        cell = Cell(point, effect, shape)
        if point == "after_decision" and shape != "approval":
            continue  # nobody decides anything
        words = list(Settlement.Word) if cell.is_in_doubt else [Settlement.Word.DONE]
        found += [Cell(point, effect, shape, word) for word in words]
    return found


def some_cells(point: str, chance: random.Random) -> list[Cell]:
    """One cell for each effect at that point; together they have every shape."""
    shapes = chance.sample(SHAPES, 3) if point != "after_decision" else ["approval"] * 3
    wanted = set(zip((Effect.READ, Effect.IDEMPOTENT, Effect.UNSAFE), shapes, strict=True))
    found = [cell for cell in all_cells() if cell.point == point and (cell.effect, cell.shape) in wanted]
    word = chance.choice(list(Settlement.Word))
    return [cell for cell in found if not cell.is_in_doubt or cell.word == word]


def agent_for(cell: Cell) -> str:
    if cell.shape != "approval":
        return ledger_agent().slug
    policy = {f"ledger_{effect}": approved_by("requester") for effect in Effect}
    return ledger_agent("careful-ledger", approvals=policy).slug


@dataclass
class Crash:
    """One cell being drilled."""

    cell: Cell
    talk: Talk
    run: uuid.UUID = field(init=False)


def drill(stack: Stack, cells: Iterable[Cell], operator: User, talk_for: Callable[[Cell], Talk]) -> list[Crash]:
    """Kill a worker in each cell, then let one other worker take over all of it; returns when every run is over."""
    for worker in stack.workers:
        worker.kill()
    crashes = [_crash(stack, cell, talk_for(cell)) for cell in cells]
    Run.objects.filter(pk__in=[crash.run for crash in crashes], status=RunStatus.RUNNING).update(lease_expires_at=Now())
    for crash in crashes:
        let_bells_be_missed(str(crash.run))
    stack.start_worker(wait=False)
    for crash in crashes:
        stack.until(lambda crash=crash: _is_over(stack, crash, operator), f"the run of {crash.cell} is over")  # type: ignore[misc]
        crash.talk.end_well()
        _check(crash)
    return crashes


def _crash(stack: Stack, cell: Cell, talk: Talk) -> Crash:
    """Have a worker do the work until it dies. Its run is left alone for now: its lease is long."""
    is_decider = cell.point == "after_decision"
    doomed = stack.start_worker(wait=False, fault="" if is_decider else cell.point)
    crash = Crash(cell, talk)
    crash.run = uuid.UUID(talk.ask(cell.plan))
    if is_decider:
        stack.until(lambda: _pending(crash) is not None, f"somebody is asked in {cell}")
        doomed.kill()  # nobody is there to hear of the decision
        _decide_and_die(stack, crash)
    else:
        stack.until(lambda: _is_dead(doomed) or _approve(crash), f"the worker of {cell} dies")
        stack.until(lambda: _is_dead(doomed), f"the worker of {cell} dies")
    Run.objects.filter(pk=crash.run, status=RunStatus.RUNNING).update(lease_expires_at=Now() + A_WHILE)
    return crash


def _is_dead(process: Process) -> bool:
    return not process.is_running


def _is_over(stack: Stack, crash: Crash, operator: User) -> bool:
    """Whether its run has ended; until then do what people are asked to."""
    _approve(crash)
    for unknown in ToolCall.objects.filter(run=crash.run, status=CallStatus.OUTCOME_UNKNOWN):
        settlements.settle(call_id=unknown.pk, by=operator, word=crash.cell.word)
    return Run.objects.get(pk=crash.run).is_finished


def _approve(crash: Crash) -> bool:
    pending = _pending(crash)
    if pending:
        approvals.decide(approval_id=pending.pk, by=crash.talk.user, verdict=Verdict.APPROVE)
    return pending is not None


def _pending(crash: Crash) -> Approval | None:
    waiting = Approval.objects.filter(run=crash.run, status=ApprovalStatus.PENDING, run__status=RunStatus.WAITING)
    return waiting.first()


def _decide_and_die(stack: Stack, crash: Crash) -> None:
    """Another process takes the decision, and dies before it can ring for a worker."""
    pending = _pending(crash)
    assert pending
    arguments = [str(pending.pk), str(crash.talk.user.pk)]
    decider = stack.fork(f"decider-{pending.pk}", "tests.drills.crashes:decide", arguments, fault="after_decision")
    decider.may_end = True
    stack.until(lambda: _is_dead(decider), "the process that decides dies")


def decide(arguments: list[str]) -> None:
    """Approve, in a process of its own."""
    approval_id, user_id = arguments
    by = User.objects.get(pk=user_id)
    approvals.decide(approval_id=uuid.UUID(approval_id), by=by, verdict=Verdict.APPROVE)


def _check(crash: Crash) -> None:
    """What must hold of this cell beside what holds of all: it did crash, and a person was asked only if need be."""
    run = Run.objects.get(pk=crash.run)
    assert run.recoveries == (crash.cell.point != "after_decision"), f"{crash.cell}: {run.recoveries} recoveries"
    settled = Settlement.objects.filter(call__run=run)
    assert settled.exists() == crash.cell.is_in_doubt, f"{crash.cell}: {settled.count()} settlements"
    assert crash.talk.socket.view.run(str(run.id)).answer.endswith(crash.cell.plan.answer), crash.cell
