"""A tool call waits until the people its policy names have said yes; what they say is seen by everyone who looks on."""

import json
import uuid

import pytest

from agents.models import Approval, Run, RunStatus
from tests.drills.agents import approved_by, ledger_agent
from tests.drills.ledger.book import executions
from tests.fold import View
from tests.llm import call


@pytest.fixture
def paying(live_stack):
    """An agent that asks the person before it pays."""
    return ledger_agent("paying", approvals={"ledger_unsafe": approved_by("requester")}).slug


@pytest.fixture
def waiting(socket_of, llm, alice, paying):
    """Alice's socket, and her run that waits for her word."""
    llm.asks(call("ledger_unsafe", note="ten euros"))
    socket = socket_of(alice)
    run = socket.ask("Pay ten euros", agent=paying)["runId"]
    return socket, run, socket.interrupt(run)


def decide(socket, interrupt, decision, **more):
    return socket.send("approval.decide", approvalId=interrupt["id"], decision=decision, **more)


def is_fresh(live_stack, socket, user) -> bool:
    """Whether a reload shows what the socket showed."""
    thread = socket.events[0]["metadata"]["threadId"]
    return View(live_stack.page_data(thread, user)["events"]).lasting == socket.view.lasting


def test_a_waiting_run_says_what_will_be_done_and_who_may_allow_it(live_stack, waiting, alice):
    socket, run, interrupt = waiting

    assert interrupt["reason"] == "tool_call"
    consequences = interrupt["metadata"]["consequences"]
    assert consequences.startswith("Approved, it runs. Denied, it does not run")
    assert consequences.endswith("Without an answer in time it is denied.")
    assert interrupt["metadata"] | {"digest": "", "consequences": ""} == {
        "kind": "approval",
        "who": "requester",
        "level": 1,
        "levels": 1,
        "needed": 1,
        "approved": 0,
        "tool": "ledger_unsafe",
        "arguments": '{"note": "ten euros"}',
        "resource": "",
        "said": "",
        "consequences": "",
        "digest": "",
    }
    assert [tool.status for tool in socket.view.run(run).tools] == ["awaiting_approval"]
    assert executions(run) == []
    assert is_fresh(live_stack, socket, alice)


def test_what_was_approved_is_done_once_and_by_whom_is_seen(live_stack, waiting, llm, alice):
    socket, run, interrupt = waiting
    llm.reply("Paid.")

    assert decide(socket, interrupt, "approve")["type"] == "ack"
    assert decide(socket, interrupt, "approve")["type"] == "ack"
    socket.end(run)

    (tool,) = socket.view.run(run).tools
    assert (tool.status, [one["by"] for one in tool.decisions]) == ("succeeded", [str(alice)])
    assert socket.view.run(run).answer == "Paid."
    assert [one.note for one in executions(run)] == ["ten euros"]
    assert is_fresh(live_stack, socket, alice)


def test_what_was_denied_is_not_done_and_the_llm_learns_why(live_stack, waiting, llm, alice):
    socket, run, interrupt = waiting
    llm.reply("Then not.")

    decide(socket, interrupt, "deny", comment="Too much.")
    socket.end(run)

    (tool,) = socket.view.run(run).tools
    assert tool.status == "denied"
    assert "Too much." in llm.requests[1].messages[-1]["content"]
    assert executions(run) == []
    assert is_fresh(live_stack, socket, alice)


def test_edited_arguments_are_the_ones_that_are_used(live_stack, waiting, llm, alice):
    socket, run, interrupt = waiting
    llm.reply("Paid five.")

    decide(socket, interrupt, "approve", args='{"note": "five euros"}')
    socket.end(run)

    assert [one.note for one in executions(run)] == ["five euros"]
    (tool,) = socket.view.run(run).tools
    assert json.loads(tool.arguments) == {"note": "five euros"}
    assert is_fresh(live_stack, socket, alice)


@pytest.mark.parametrize("args", ["{", "[]", "{}", '{"note": 7, "more": 1}'])
def test_arguments_the_tool_does_not_take_are_refused_in_words_and_nothing_is_decided(waiting, args):
    socket, run, interrupt = waiting

    refused = decide(socket, interrupt, "approve", args=args)

    assert refused["error"].startswith("These arguments cannot be used")
    assert Approval.objects.get(pk=interrupt["id"]).decisions.count() == 0
    socket.send("run.cancel", runId=run)


def test_a_decision_in_one_window_shows_in_the_other(waiting, socket_of, llm, alice):
    socket, run, interrupt = waiting
    llm.reply("Paid.")
    elsewhere = socket_of(alice)
    elsewhere.send("subscribe", threadId=socket.events[0]["metadata"]["threadId"])
    elsewhere.interrupt(run)

    decide(socket, interrupt, "approve")

    elsewhere.end(run)
    socket.end(run)
    assert elsewhere.view.lasting == socket.view.lasting


def test_who_decides_second_learns_what_was_decided(waiting, llm, alice):
    socket, run, interrupt = waiting
    llm.reply("Paid.")
    decide(socket, interrupt, "approve")
    socket.end(run)

    assert decide(socket, interrupt, "deny")["type"] == "nack"


def test_a_decision_about_other_arguments_than_were_seen_is_refused(waiting):
    socket, run, interrupt = waiting

    refused = decide(socket, interrupt, "approve", digest="of something else")

    assert "changed" in refused["error"]
    socket.send("run.cancel", runId=run)


def test_a_stranger_may_not_decide_nor_learn_what_exists(waiting, socket_of, charlie):
    socket, run, interrupt = waiting
    stranger = socket_of(charlie)

    refused = decide(stranger, interrupt, "approve")
    unknown = decide(stranger, {"id": str(uuid.uuid4())}, "approve")

    assert refused["error"] == unknown["error"]
    assert Run.objects.get(pk=run).status == RunStatus.WAITING
    socket.send("run.cancel", runId=run)


def test_who_asked_may_not_decide_what_is_up_to_the_staff(socket_of, llm, alice, dana):
    agent = ledger_agent("paying-staff", approvals={"ledger_unsafe": approved_by("staff")})
    llm.asks(call("ledger_unsafe", note="a lot"))
    llm.reply("Paid.")
    socket, staff = socket_of(alice), socket_of(dana)
    run = socket.ask("Pay a lot", agent=agent.slug)["runId"]
    interrupt = socket.interrupt(run)

    refused = decide(socket, interrupt, "approve")
    assert refused["error"] == "This is not yours to decide; it is up to the staff."
    assert decide(staff, interrupt, "approve")["type"] == "ack"

    socket.end(run)
    assert [one["by"] for one in socket.view.run(run).tools[0].decisions] == [str(dana)]


def test_a_waiting_run_can_be_stopped_and_nothing_is_done(live_stack, waiting, alice):
    socket, run, interrupt = waiting

    socket.send("run.cancel", runId=run)
    socket.end(run)

    assert socket.view.run(run).status == "cancelled"
    assert [tool.status for tool in socket.view.run(run).tools] == ["cancelled"]
    assert decide(socket, interrupt, "approve")["type"] == "nack"
    assert executions(run) == []
    assert is_fresh(live_stack, socket, alice)


def test_a_question_behind_a_waiting_run_waits_too(waiting, llm):
    socket, run, interrupt = waiting
    llm.reply("Paid.")
    llm.reply("The second answer.")
    thread = socket.events[0]["metadata"]["threadId"]

    second = socket.ask("And then?", threadId=thread)["runId"]
    socket.until_status(second, "queued")
    decide(socket, interrupt, "approve")
    socket.end(second)

    assert [one.answer for one in socket.view.runs] == ["Paid.", "The second answer."]
