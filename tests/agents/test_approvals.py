"""People are asked before a tool runs, and what they say is what happens."""

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.db.models.functions import Now

from agents import actions, approvals
from agents.models import Agent, AgentVersion, Approval, ApprovalStatus, Decision, Run, RunStatus, Verdict, WaitKind
from agents.refusals import Conflict, Forbidden, Refused
from observability.models import Span, Trace
from tests.agents.running import asked, at_rest, result, started
from tests.drills.agents import ledger_agent
from tests.drills.ledger.book import executions, open_gate
from tests.llm import call

REQUESTER = {"who": "requester"}
PAY_RENT = call("ledger_unsafe", note="rent")


@pytest.fixture
def waiting(live_stack, llm, alice):
    """Starts a run whose agent wants to pay, and waits until people are asked."""

    def made(*levels, calls=(PAY_RENT,), and_then="Done."):
        slug = f"asks-{Run.objects.count()}"
        agent = ledger_agent(slug, approvals={"ledger_unsafe": {"levels": list(levels or [REQUESTER])}})
        llm.asks(*calls)
        if and_then:
            llm.reply(and_then)
        run = at_rest(live_stack, started(agent, alice))
        assert (run.status, run.wait_kind) == (RunStatus.WAITING, WaitKind.APPROVAL)
        return run

    return made


def approve(run, by, **how):
    return approvals.decide(approval_id=asked(run).id, by=by, verdict=Verdict.APPROVE, **how)


def deny(run, by, **how):
    return approvals.decide(approval_id=asked(run).id, by=by, verdict=Verdict.DENY, **how)


def test_a_waiting_run_has_no_worker_and_nothing_has_happened(waiting, alice):
    run = waiting(and_then="")

    assert (run.lease_owner, run.lease_expires_at) == (None, None)
    assert executions(run.pk) == []
    approval = asked(run)
    assert (approval.level, approval.who, approval.needed) == (0, "requester", 1)
    actions.cancel_run(run)


def test_an_approved_call_runs_once_and_the_run_goes_on(live_stack, waiting, alice):
    run = waiting()

    approve(run, alice)

    run = at_rest(live_stack, run)
    assert run.status == RunStatus.COMPLETED
    assert [done.note for done in executions(run.pk)] == ["rent"]
    assert result(run) == ("succeeded", "done rent")


def test_a_denied_call_is_never_executed_and_the_llm_hears_why(live_stack, waiting, llm, alice):
    run = waiting()

    deny(run, alice, comment="We paid yesterday.")

    assert at_rest(live_stack, run).status == RunStatus.COMPLETED
    assert executions(run.pk) == []
    told = llm.requests[-1].messages[-1]["content"]
    assert "Alice did not allow it" in told
    assert "We paid yesterday." in told


def test_edited_arguments_are_what_runs_and_the_llms_own_are_kept(live_stack, waiting, llm, alice):
    run = waiting()

    approve(run, alice, arguments='{"note": "half the rent"}')

    run = at_rest(live_stack, run)
    assert [done.note for done in executions(run.pk)] == ["half the rent"]
    paid = run.tool_calls.get()
    assert json.loads(paid.raw_arguments) == {"note": "rent"}
    asking, told = llm.requests[-1].messages[-2:]
    assert "half the rent" in asking["tool_calls"][0]["function"]["arguments"]
    assert "A person changed the arguments" in told["content"]


def test_arguments_the_tool_does_not_take_are_refused_and_nothing_is_decided(waiting, alice):
    run = waiting(and_then="")

    with pytest.raises(Refused, match="cannot be used"):
        approve(run, alice, arguments='{"sum": 5}')

    assert not Decision.objects.filter(approval__run=run).exists()
    actions.cancel_run(run)


def test_saying_the_same_twice_is_fine_and_saying_otherwise_is_not(live_stack, waiting, alice):
    run = waiting()
    approval = asked(run)
    say = {"approval_id": approval.id, "by": alice}

    approvals.decide(**say, verdict=Verdict.APPROVE)
    approvals.decide(**say, verdict=Verdict.APPROVE)
    with pytest.raises(Conflict, match="already decided"):
        approvals.decide(**say, verdict=Verdict.DENY)

    run = at_rest(live_stack, run)
    assert len(executions(run.pk)) == 1
    assert approval.decisions.count() == 1


def test_strangers_do_not_learn_that_there_is_an_approval(waiting, charlie, alice):
    run = waiting(and_then="")

    with pytest.raises(Refused, match="no such approval"):
        approve(run, charlie)

    assert not Approval.objects.visible_to(charlie).exists()
    actions.cancel_run(run)


def test_who_may_see_an_approval_may_still_not_decide_it(waiting, alice):
    Group.objects.get_or_create(name="Managers")
    run = waiting({"who": "group:Managers"}, and_then="")

    with pytest.raises(Forbidden, match="the group Managers"):
        approve(run, alice)
    assert not Approval.objects.decidable_by(alice).filter(run=run).exists()

    actions.cancel_run(run)


def test_four_eyes_are_four_eyes(live_stack, waiting, bob, dana):
    group, _ = Group.objects.get_or_create(name="Managers")
    group.user_set.add(bob, dana)
    run = waiting({"who": "group:Managers", "needed": 2})

    approve(run, bob)
    approve(run, bob)
    assert Run.objects.get(pk=run.pk).status == RunStatus.WAITING
    approve(run, dana)

    assert at_rest(live_stack, run).status == RunStatus.COMPLETED
    assert len(executions(run.pk)) == 1


def test_levels_are_asked_one_after_the_other_and_nobody_is_two_of_them(live_stack, waiting, alice, dana):
    run = waiting(REQUESTER, {"who": f"user:{alice.email}"}, {"who": "staff"}, and_then="")
    later = run.approvals.get(level=2)

    with pytest.raises(Conflict, match="first"):
        approvals.decide(approval_id=later.id, by=dana, verdict=Verdict.APPROVE)
    approve(run, alice)
    with pytest.raises(Forbidden, match="somebody else"):
        approve(run, alice)

    actions.cancel_run(run)


def test_who_approved_other_arguments_is_asked_again(live_stack, waiting, alice, dana):
    run = waiting(REQUESTER, {"who": "staff"})
    approve(run, alice)

    approve(run, dana, arguments='{"note": "less"}')
    assert asked(run).level == 0
    approve(run, alice)

    assert at_rest(live_stack, run).status == RunStatus.COMPLETED
    assert [done.note for done in executions(run.pk)] == ["less"]


def test_nobody_approves_what_was_changed_behind_their_back(waiting, alice, dana):
    run = waiting({"who": "staff", "needed": 2}, and_then="")
    seen = asked(run).arguments_digest
    approve(run, dana, arguments='{"note": "a lot more"}')
    dana.pk, dana.email = None, "dana-two@example.org"
    dana.save()

    with pytest.raises(Conflict, match="changed meanwhile"):
        approve(run, dana, seen_digest=seen)

    actions.cancel_run(run)


def test_what_nobody_decides_in_time_is_denied(live_stack, waiting, alice):
    run = waiting()

    run.approvals.update(expires_at=Now() - timedelta(seconds=1))

    run = at_rest(live_stack, _gone_on(live_stack, run))
    assert result(run)[0] == "denied"
    assert executions(run.pk) == []
    assert run.approvals.get().status == ApprovalStatus.EXPIRED


def test_an_expired_level_passes_the_question_on_if_the_policy_says_so(live_stack, waiting, dana):
    run = waiting({"who": "requester", "on_expiry": "escalate"}, {"who": "staff"})

    run.approvals.filter(level=0).update(expires_at=Now() - timedelta(seconds=1))

    live_stack.until(lambda: run.approvals.filter(level=1, status="pending").exists(), "the staff is asked")
    approve(run, dana)
    assert at_rest(live_stack, run).status == RunStatus.COMPLETED
    assert len(executions(run.pk)) == 1


def test_calls_nobody_is_asked_about_do_not_wait_for_the_others(live_stack, waiting, alice):
    run = waiting(calls=(call("ledger_unsafe", note="rent"), call("ledger_read", note="balance")))

    assert [done.note for done in executions(run.pk)] == ["balance"]
    deny(run, alice)

    assert at_rest(live_stack, run).status == RunStatus.COMPLETED
    assert [done.note for done in executions(run.pk)] == ["balance"]


def test_a_run_waits_until_all_is_decided_and_runs_only_what_was_approved(live_stack, waiting, alice):
    run = waiting(calls=(call("ledger_unsafe", note="rent"), call("ledger_unsafe", note="gift")))

    approve(run, alice)
    assert Run.objects.get(pk=run.pk).status == RunStatus.WAITING
    deny(run, alice)

    run = at_rest(live_stack, run)
    assert [done.note for done in executions(run.pk)] == ["rent"]
    assert list(run.tool_calls.order_by("position").values_list("status", flat=True)) == ["succeeded", "denied"]


def test_a_decision_made_while_its_run_is_still_at_work_is_not_lost(live_stack, llm, alice):
    agent = ledger_agent("asks-early", approvals={"ledger_unsafe": {"levels": [REQUESTER]}})
    llm.asks(call("ledger_unsafe", note="rent"), call("ledger_read", note="balance", gate="early"))
    llm.reply("Done.")
    run = started(agent, alice)
    live_stack.until(lambda: executions(run.pk), "the other call runs")

    approve(run, alice)
    open_gate("early")

    assert at_rest(live_stack, run).status == RunStatus.COMPLETED
    assert {done.note for done in executions(run.pk)} == {"rent", "balance"}


def test_nobody_is_asked_about_arguments_that_could_not_run(live_stack, llm, alice):
    agent = ledger_agent("asks-valid", approvals={"ledger_unsafe": {"levels": [REQUESTER]}})
    llm.asks(call("ledger_unsafe", sum=5))
    llm.reply("I see.")

    run = at_rest(live_stack, started(agent, alice))

    assert (run.status, run.approvals.count()) == (RunStatus.COMPLETED, 0)
    assert result(run)[0] == "invalid"


def test_stopping_a_run_closes_its_approvals_and_its_calls(waiting, alice):
    run = waiting(and_then="")
    approval = asked(run)

    actions.cancel_run(run)

    run.refresh_from_db()
    assert run.status == RunStatus.CANCELLED
    assert result(run)[0] == "cancelled"
    with pytest.raises(Conflict, match="ended"):
        approvals.decide(approval_id=approval.id, by=alice, verdict=Verdict.APPROVE)


def test_the_page_is_told_what_is_asked_and_a_reload_tells_the_same(live_stack, socket_of, llm, alice):
    agent = ledger_agent("asks-page", approvals={"ledger_unsafe": {"levels": [REQUESTER]}})
    llm.asks(call("ledger_unsafe", note="rent"))
    llm.reply("Done.")
    socket = socket_of(alice)
    ack = socket.ask("Pay", agent=agent.slug)

    paused = socket.until("RUN_FINISHED", run=ack["runId"])

    page = live_stack.page_data(ack["threadId"], alice)["events"]
    assert [event["outcome"] for event in page if event["type"] == "RUN_FINISHED"] == [paused["outcome"]]
    (interrupt,) = paused["outcome"]["interrupts"]
    assert (interrupt["metadata"]["tool"], interrupt["metadata"]["who"]) == ("ledger_unsafe", "requester")
    assert "rent" in interrupt["metadata"]["arguments"]
    approvals.decide(approval_id=interrupt["id"], by=alice, verdict=Verdict.APPROVE)
    socket.until_answer(ack["runId"], "Done.")


def _gone_on(stack, run):
    stack.until(lambda: Run.objects.get(pk=run.pk).status != RunStatus.WAITING, "the run goes on")
    return run


def test_a_version_published_meanwhile_changes_nothing_for_a_run_that_waits(live_stack, waiting, llm, alice):
    run = waiting()
    agent = run.agent_version.agent
    newer = AgentVersion.objects.create(agent=agent, number=2, instructions="Refuse everything.", tools=[])
    Agent.objects.filter(pk=agent.pk).update(live=newer)

    approve(run, alice)

    run = at_rest(live_stack, run)
    assert (run.status, run.agent_version.number) == (RunStatus.COMPLETED, 1)
    assert len(executions(run.pk)) == 1
    assert "Refuse everything." not in llm.requests[-1].messages[0]["content"]


def test_who_decides_while_the_run_is_being_stopped_is_told(live_stack, waiting, alice):
    run = waiting(and_then="")
    approval = asked(run)
    Run.objects.filter(pk=run.pk).update(cancel_requested_at=Now())

    with pytest.raises(Conflict, match="being stopped"):
        approvals.decide(approval_id=approval.id, by=alice, verdict=Verdict.APPROVE)

    actions.cancel_run(run)
    assert executions(run.pk) == []


def test_the_trace_of_a_run_that_waited_begins_where_its_steps_begin(live_stack, waiting, alice):
    run = waiting()
    approve(run, alice)

    run = at_rest(live_stack, run)

    trace = Trace.objects.get(pk=run.pk)
    assert trace.started_at == run.created_at
    assert trace.started_at <= min(Span.objects.filter(trace_id=run.pk).values_list("started_at", flat=True))
    assert trace.duration_ms == round((run.finished_at - run.created_at).total_seconds() * 1000)
