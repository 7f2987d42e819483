"""Agents that work for each other, or hand over, lose their worker at a point of any of them: one end each."""

import os
import random

import pytest

from accounts.models import User
from agents import approvals, settlements
from agents.models import Approval, ApprovalStatus, CallStatus, Handoff, Run, RunStatus, Settlement, ToolCall, Verdict
from tests.drills.agents import managing_agent, routing_agent
from tests.drills.obedient import Plan
from tests.drills.talk import Talk, let_bells_be_missed, let_leases_run_out
from tests.drills.teams import team_of
from tests.llm import call

SEED = int(os.environ.get("DRILL_SEED") or 7)
HOW_MANY = int(os.environ.get("DRILL_POINTS") or 3)
POINTS = (
    "after_claim:2", "after_claim:4", "mid_stream:8", "mid_stream:15", "before_reply_commit:2", "after_reply_commit:2",
    "after_reply_commit:4", "after_tool_started:2", "after_tool_effect:2", "before_result_commit", "before_finish:1",
    "before_finish:2", "before_finish:3",
)  # fmt: skip
POINTS_OF_A_DESK = ("after_claim", "mid_stream:3", "after_reply_commit", "after_reply_commit:2", "after_tool_effect")


@pytest.mark.parametrize("point", random.Random(SEED).sample(POINTS, HOW_MANY))
def test_a_team_that_loses_its_worker_comes_to_one_end_each(point, live_stack, talk_of, alice, dana):
    print(f"DRILL_SEED={SEED} {point}")
    talk = talk_of(alice, managing_agent().slug)

    run = lost_and_taken_over(live_stack, talk, dana, _two_tasks(point), point)

    assert [member.status for member in team_of(run)] == [RunStatus.COMPLETED] * 3
    assert sum(member.recoveries for member in team_of(run)) >= 1


@pytest.mark.parametrize("point", random.Random(SEED).sample(POINTS_OF_A_DESK, min(HOW_MANY, 2)))
def test_a_desk_that_loses_its_worker_hands_over_once(point, live_stack, talk_of, alice, dana):
    talk = talk_of(alice, routing_agent().slug)
    over = call("hand_off", agent="desk-hand", reason="It is to be done.", confidence=0.9)
    plan = Plan(point, ((over,), (call("ledger_unsafe", note="paid"),)))

    run = lost_and_taken_over(live_stack, talk, dana, plan, point)

    assert run.agent_version.agent.slug == "desk-hand"
    assert Handoff.objects.filter(call__run=run).count() == 1
    assert run.recoveries == 1


def lost_and_taken_over(live_stack, talk: Talk, operator: User, plan: Plan, point: str) -> Run:
    """A run whose worker died at that point, after another has brought it to its end and all of it was checked."""
    for worker in live_stack.workers:
        worker.kill()
    doomed = live_stack.start_worker(wait=False, fault=point)
    run = talk.ask(plan)
    live_stack.until(lambda: _when_all_is_said(talk, operator, not doomed.is_running), f"its worker dies at {point}")

    let_leases_run_out(live_stack)
    for member in team_of(Run.objects.get(pk=run)):
        let_bells_be_missed(str(member.pk))
    live_stack.start_worker(wait=False)
    live_stack.until(lambda: _when_all_is_said(talk, operator, _is_over(run)), "the team is done")

    talk.end_well()
    return Run.objects.get(pk=run)


def _two_tasks(name: str) -> Plan:
    """Two tasks at the same time: one reads and sets something, the other pays, which is asked about."""
    harmless = Plan("Look", ((call("ledger_read", note="read"),), (call("ledger_idempotent", note="set"),)))
    payment = Plan("Pay", ((call("ledger_unsafe", note="paid"), call("ledger_read", note="read too")),))
    tasks = (call("ask_hand", task=harmless.text), call("ask_careful_hand", task=payment.text))
    return Plan(name, (tasks, (call("ledger_read", note="what became of it"),)))


def _when_all_is_said(talk: Talk, operator: User, is_so: bool) -> bool:
    """Whether it is so; whatever people are asked meanwhile, they say."""
    at_rest = {"run__user": talk.user, "run__status": RunStatus.WAITING}
    asked = Approval.objects.filter(**at_rest, status=ApprovalStatus.PENDING)
    unknown = ToolCall.objects.filter(**at_rest, status=CallStatus.OUTCOME_UNKNOWN)
    for approval in asked:
        approvals.decide(approval_id=approval.pk, by=talk.user, verdict=Verdict.APPROVE)
    for lost in unknown:
        settlements.settle(call_id=lost.pk, by=operator, word=Settlement.Word.DONE)
    return is_so


def _is_over(run: str) -> bool:
    return Run.objects.get(pk=run).is_finished
