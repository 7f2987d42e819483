"""A question that is edited, taken back, asked again or sent back to work: nothing is lost and nothing done twice."""

import pytest

from agents import actions
from agents.models import Run, RunStatus, StopReason, Thread
from agents.refusals import Conflict, Forbidden, Refused
from tests.agents.running import at_rest, result, started
from tests.drills.agents import ledger_agent
from tests.drills.ledger.book import executions, open_gate
from tests.llm import call


@pytest.fixture
def busy(live_stack, llm, alice):
    """A thread whose first question is being answered until `open_gate("busy-…")`."""

    def made():
        gate = f"busy-{Run.objects.count()}"
        llm.asks(call("ledger_read", note="slow", gate=gate))
        llm.reply("The first.")
        thread = Thread.objects.create(owner=alice, agent=ledger_agent())
        first = started(ledger_agent(), alice, thread=thread)
        live_stack.until(lambda: executions(first.pk), "the first is at work")
        return first, gate

    return made


def test_a_question_that_waits_its_turn_may_be_put_in_other_words(live_stack, llm, alice, busy):
    first, gate = busy()
    second = started(None, alice, "Pay the rent", thread=first.thread)
    llm.reply("Not paid.")

    actions.edit_question(run=second, text="Do not pay the rent")
    open_gate(gate)

    at_rest(live_stack, second)
    assert llm.requests[-1].question == "Do not pay the rent"


def test_a_question_that_waits_its_turn_may_be_taken_back(live_stack, llm, alice, busy):
    first, gate = busy()
    second = started(None, alice, "Pay the rent", thread=first.thread)
    third = started(None, alice, "What is the time?", thread=first.thread)
    llm.reply("Five.")

    actions.withdraw_question(second)
    open_gate(gate)

    at_rest(live_stack, third)
    assert not Run.objects.filter(pk=second.pk).exists()
    assert "Pay the rent" not in str(llm.requests[-1].messages)


def test_a_question_that_is_being_answered_is_no_longer_to_be_changed(live_stack, alice, busy):
    first, gate = busy()

    with pytest.raises(Conflict, match="already being answered"):
        actions.edit_question(run=first, text="Something else")
    with pytest.raises(Conflict):
        actions.withdraw_question(first)
    with pytest.raises(Refused):
        actions.edit_question(run=first, text=" ")

    open_gate(gate)
    assert at_rest(live_stack, first).status == RunStatus.COMPLETED


def test_asking_again_does_not_pay_again(live_stack, llm, alice):
    llm.asks(call("ledger_unsafe", note="rent"))
    llm.fails(401)
    run = at_rest(live_stack, started(ledger_agent(), alice))
    assert run.stop_reason == StopReason.LLM_ERROR
    llm.reply("Paid.")

    again = at_rest(live_stack, actions.retry_run(run=run, user=alice))

    assert again.status == RunStatus.COMPLETED
    assert executions(again.pk) == []
    assert llm.requests[-1].messages[-1]["content"] == "done rent"
    assert result(again) == ("succeeded", "done rent")


def test_asking_again_forgets_what_changed_nothing(live_stack, llm, alice):
    llm.asks(call("ledger_read", note="balance"))
    llm.fails(401)
    run = at_rest(live_stack, started(ledger_agent(), alice))
    llm.reply("Hello.")

    again = at_rest(live_stack, actions.retry_run(run=run, user=alice))

    assert again.tool_calls.count() == 0
    assert [message["role"] for message in llm.requests[-1].messages] == ["system", "user"]


def test_a_tool_called_wrongly_too_often_is_offered_no_more(live_stack, llm, alice):
    for number in range(3):
        llm.asks(call("ledger_read", page=number))
    llm.asks(call("ledger_read", note="at last"))
    llm.reply("I could not look.")

    run = at_rest(live_stack, started(ledger_agent(), alice))

    assert run.status == RunStatus.COMPLETED
    assert executions(run.pk) == []
    assert "ledger_read" in [tool["function"]["name"] for tool in llm.requests[2].body["tools"]]
    assert "ledger_read" not in [tool["function"]["name"] for tool in llm.requests[3].body["tools"]]


def test_a_run_that_was_set_aside_goes_on_where_it_stood(live_stack, llm, alice, dana):
    llm.asks(call("ledger_unsafe", note="rent"))
    llm.fails(401)
    run = at_rest(live_stack, started(ledger_agent(), alice))
    Run.objects.filter(pk=run.pk).update(status=RunStatus.DEAD, recoveries=5)
    llm.reply("Paid.")

    with pytest.raises(Forbidden):
        actions.resume_run(run=run, by=alice)
    actions.resume_run(run=run, by=dana)

    run = at_rest(live_stack, run)
    assert (run.status, run.recoveries) == (RunStatus.COMPLETED, 0)
    assert len(executions(run.pk)) == 1
    with pytest.raises(Conflict):
        actions.resume_run(run=run, by=dana)
