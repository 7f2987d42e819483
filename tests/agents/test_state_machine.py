"""Whatever workers, people and the reaper do, in whatever order: the promise of docs/runs.md holds after every step.

DRILL_EXAMPLES=200 tells that many stories, new ones each time; the few of an ordinary test run are always the same.
"""

import os
from typing import Any

import pytest
from django.db import transaction
from django.db.models.functions import Now
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from agents import actions, approvals, lease, reaper, settlements
from agents.lease import Claim, LeaseLost
from agents.models import (
    AWAITED_CALLS,
    Approval,
    ApprovalStatus,
    CallStatus,
    Effect,
    Run,
    RunStatus,
    Settlement,
    Thread,
    ToolCall,
    Verdict,
)
from agents.policies import Policy
from agents.refusals import Refused
from tests import cast
from tests.agents.hands import Hand, open_late, take
from tests.drills.agents import ledger_agent
from tests.drills.checker import problems_of, problems_of_person, problems_so_far
from tests.drills.rows import dump

ASKED_FOR = os.environ.get("DRILL_EXAMPLES")
MOST_RUNS = 3
LAST = (RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELLED)
BATCHES = st.lists(st.sampled_from(list(Effect)), min_size=1, max_size=2)

STRETCHES = st.lists(st.tuples(st.integers(1, 4), st.booleans()), min_size=1, max_size=4)


class Promise(RuleBasedStateMachine):
    """One thread of Alice's, with a few questions; any number of workers, of whom most have been lost."""

    def __init__(self) -> None:
        super().__init__()
        self._undone = transaction.atomic()
        self._undone.__enter__()
        self.alice, self.dana = cast.person("Alice"), cast.person("Dana", is_staff=True)
        self.thread = Thread.objects.create(owner=self.alice, agent=ledger_agent())
        self.accepted: dict[Any, str] = {}
        self.hands: list[Hand] = []
        self.frozen: list[Claim] = []
        self.epochs: dict[Any, int] = {}
        self.outcomes: dict[Any, str] = {}

    # What people do

    @initialize()
    def begin(self) -> None:
        self.ask()

    @precondition(lambda self: len(self.accepted) < MOST_RUNS)
    @rule()
    def ask(self) -> None:
        text = f"question {len(self.accepted)}"
        run = actions.start_run(thread=self.thread, user=self.alice, text=text)
        self.accepted[run.pk] = text

    @precondition(lambda self: self.accepted)
    @rule(data=st.data(), seldom=st.integers(0, 2))
    def cancel(self, data: st.DataObject, seldom: int) -> None:
        if not seldom:
            actions.cancel_run(self._a_run(data))

    @precondition(lambda self: self.accepted)
    @rule(data=st.data())
    def edit(self, data: st.DataObject) -> None:
        run = self._a_run(data)
        text = self.accepted[run.pk] + "!"
        if self._is_allowed(lambda: actions.edit_question(run=run, text=text), when=_is_untouched(run)):
            self.accepted[run.pk] = text

    @precondition(lambda self: len(self.accepted) == MOST_RUNS)
    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        run = self._a_run(data)
        if self._is_allowed(lambda: actions.withdraw_question(run), when=_is_untouched(run)):
            del self.accepted[run.pk]
            self.epochs.pop(run.pk, None)

    @precondition(lambda self: self._asked().exists())
    @rule(verdict=st.sampled_from(list(Verdict)))
    def decide(self, verdict: Verdict) -> None:
        approval = self._asked().order_by("pk")[0]
        stops = bool(approval.run.cancel_requested_at or approval.run.is_finished)
        self._is_allowed(
            lambda: approvals.decide(approval_id=approval.pk, by=self.alice, verdict=verdict), when=not stops
        )

    @precondition(lambda self: self._unknown().exists())
    @rule(word=st.sampled_from(list(Settlement.Word)))
    def settle(self, word: Settlement.Word) -> None:
        call = self._unknown().order_by("pk")[0]
        self._is_allowed(
            lambda: settlements.settle(call_id=call.pk, by=self.dana, word=word), when=not call.run.is_finished
        )

    @precondition(lambda self: self.accepted)
    @rule(data=st.data())
    def resume(self, data: st.DataObject) -> None:
        run = self._a_run(data)
        self._is_allowed(lambda: actions.resume_run(run=run, by=self.dana), when=run.status == RunStatus.DEAD)

    # What workers do, and what becomes of them

    @precondition(lambda self: self.accepted)
    @rule(data=st.data())
    def deliver_a_bell(self, data: st.DataObject) -> None:
        hand = take(self._a_run(data).pk)
        if hand:
            self.hands.append(hand)

    @precondition(lambda self: self.accepted)
    @rule(data=st.data())
    def claim_and_freeze(self, data: st.DataObject) -> None:
        claim = lease.claim(self._a_run(data).pk)
        if claim:
            self.frozen.append(claim)

    @precondition(lambda self: self.frozen)
    @rule(data=st.data())
    def wake_up(self, data: st.DataObject) -> None:
        claim = data.draw(st.sampled_from(self.frozen))
        self.frozen.remove(claim)
        run = Run.objects.get(pk=claim.run_id)
        if (run.epoch, run.status) == (claim.epoch, RunStatus.RUNNING):
            self.hands.append(open_late(claim))
            return
        before = dump(run)
        with pytest.raises(LeaseLost):
            open_late(claim)
        assert dump(run) == before

    @rule(stretches=STRETCHES, asked=BATCHES, careful=st.booleans())
    def work(self, stretches: list[tuple[int, bool]], asked: list[Effect], careful: bool) -> None:
        """Whoever holds a run goes on with it; if nobody does, a worker hears of the next one. Some crash."""
        for steps, crashes in stretches:
            self._work(steps, asked, careful)
            if crashes:
                self.crash()

    def _work(self, steps: int, asked: list[Effect], careful: bool) -> None:
        hand = next((hand for hand in self.hands if hand.is_mine), None) or self._heard()
        for _ in range(steps):
            if hand and not hand.step(asked, Policy() if careful else None):
                self.hands.remove(hand)
                return

    @precondition(lambda self: self.hands)
    @rule(data=st.data(), asked=BATCHES)
    def work_though_it_was_lost(self, data: st.DataObject, asked: list[Effect]) -> None:
        lost = [hand for hand in self.hands if not hand.is_mine]
        if not lost:
            return
        hand = data.draw(st.sampled_from(lost))
        before = dump(Run.objects.get(pk=hand.run_id))
        with pytest.raises(LeaseLost):
            hand.step(asked, None)
        assert dump(Run.objects.get(pk=hand.run_id)) == before
        self.hands.remove(hand)

    @precondition(lambda self: self.hands)
    @rule(data=st.data())
    def beat(self, data: st.DataObject) -> None:
        hand = data.draw(st.sampled_from(self.hands))
        assert hand.beat() == hand.is_mine

    @precondition(lambda self: self.hands)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        hand = data.draw(st.sampled_from(self.hands))
        was_mine, before = hand.is_mine, Run.objects.get(pk=hand.run_id).status
        hand.leave()
        assert Run.objects.get(pk=hand.run_id).status == (RunStatus.QUEUED if was_mine else before)

    @rule()
    def crash(self) -> None:
        """Or freeze: who was at work may come back, and find out."""
        self._runs().filter(status=RunStatus.RUNNING).update(lease_expires_at=Now())
        reaper.reap()

    @rule()
    def reap(self) -> None:
        reaper.reap()

    # What holds after every step

    @invariant()
    def one_run_of_the_thread_is_at_work_and_none_before_it_is_unfinished(self) -> None:
        unfinished = list(self._runs().unfinished().order_by("position"))
        live = [run for run in unfinished if run.status != RunStatus.QUEUED]
        assert len(live) <= 1
        resumed = [run for run in unfinished if run.pk in self.outcomes]  # sent back to work, behind those after it
        assert not live or resumed or live[0] == unfinished[0]

    @invariant()
    def epochs_only_grow_and_ends_are_final(self) -> None:
        for run in self._runs():
            assert run.epoch >= self.epochs.get(run.pk, 0)
            self.epochs[run.pk] = run.epoch
            if self.outcomes.get(run.pk) in LAST:
                assert run.status == self.outcomes[run.pk]
            if run.is_finished:
                self.outcomes[run.pk] = run.status

    @invariant()
    def everything_adds_up(self) -> None:
        for run in self._runs():
            assert problems_so_far(run) == []

    @invariant()
    def whoever_waits_waits_for_somebody(self) -> None:
        for run in self._runs().filter(status=RunStatus.WAITING):
            assert run.tool_calls.filter(status__in=AWAITED_CALLS).exists()

    def teardown(self) -> None:
        """All of it can still be brought to its end, and then every message is there once, with one outcome."""
        try:
            self.hands.clear()
            for _ in range(60):
                if not self._bring_on():
                    break
            assert problems_of(self.thread.pk, list(self.accepted.values())) == []
            assert problems_of_person(self.alice) == []
        finally:
            transaction.set_rollback(True)
            self._undone.__exit__(None, None, None)

    def _bring_on(self) -> bool:
        """Let everybody do what is left to do, once; whether there was anything."""
        for run in self._runs().filter(status=RunStatus.DEAD):
            actions.resume_run(run=run, by=self.dana)
        self._runs().filter(status=RunStatus.RUNNING).update(lease_expires_at=Now(), recoveries=0)
        reaper.reap()
        for run in self._runs().filter(status=RunStatus.QUEUED).order_by("position"):
            hand = take(run.pk)
            while hand and hand.step([], None):
                pass
        for approval in self._asked():
            approvals.decide(approval_id=approval.pk, by=self.alice, verdict=Verdict.APPROVE)
        for call in self._unknown():
            settlements.settle(call_id=call.pk, by=self.dana, word=Settlement.Word.RETRY)
        return self._runs().unfinished().exists() or self._runs().filter(status=RunStatus.DEAD).exists()

    def _heard(self) -> Hand | None:
        for run in self._runs().filter(status=RunStatus.QUEUED).order_by("position"):
            if hand := take(run.pk):
                self.hands.append(hand)
                return hand
        return None

    def _runs(self):
        return Run.objects.filter(thread=self.thread)

    def _a_run(self, data: st.DataObject) -> Run:
        return Run.objects.get(pk=data.draw(st.sampled_from(list(self.accepted))))

    def _asked(self):
        return Approval.objects.filter(run__thread=self.thread, status=ApprovalStatus.PENDING)

    def _unknown(self):
        return ToolCall.objects.filter(run__thread=self.thread, status=CallStatus.OUTCOME_UNKNOWN)

    def _is_allowed(self, deed, *, when: bool) -> bool:
        """Do it; it is refused exactly when it must be."""
        if when:
            deed()
        else:
            with pytest.raises(Refused), transaction.atomic():
                deed()
        return when


def _is_untouched(run: Run) -> bool:
    return run.status == RunStatus.QUEUED and run.started_at is None


@pytest.mark.django_db
def test_the_promise_holds_whoever_does_what_in_which_order():
    run_state_machine_as_test(
        Promise,
        settings=settings(
            max_examples=int(ASKED_FOR or 20),
            derandomize=not ASKED_FOR,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
