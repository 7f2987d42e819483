"""Stopping an answer, and asking once more."""

import pytest

from agents.models import Message, Run
from tests.drills.agents import ledger_agent
from tests.drills.ledger.book import executions
from tests.fold import View
from tests.llm import call


def test_stop_keeps_what_was_said_and_hangs_up_on_the_llm(live_stack, socket_of, llm, alice):
    reply = llm.reply("one two three", pause_after=2)
    socket = socket_of(alice)
    ack = socket.ask("Count")
    socket.until_answer(ack["runId"], "one two")

    assert socket.send("run.cancel", runId=ack["runId"])["type"] == "ack"
    end = socket.end(ack["runId"])
    reply.client_left.wait()

    assert end["outcome"] == {"type": "cancelled"}
    run = socket.view.run(ack["runId"])
    assert run.answer == "one two"
    assert [part.is_interrupted for part in run.parts.values()] == [False, True]
    assert View(live_stack.page_data(ack["threadId"], alice)["events"]).lasting == socket.view.lasting


def test_stop_before_the_first_word_leaves_only_the_question(socket_of, llm, alice):
    reply = llm.reply("one", hang=True)
    socket = socket_of(alice)
    ack = socket.ask("Count")
    reply.held.wait()

    socket.send("run.cancel", runId=ack["runId"])
    socket.end(ack["runId"])
    reply.client_left.wait()

    assert list(Message.objects.filter(run=ack["runId"]).values_list("text", flat=True)) == ["Count"]


def test_a_stopped_answer_is_part_of_what_the_llm_reads_next(socket_of, llm, alice):
    reply = llm.reply("one two three", pause_after=2)
    llm.reply("four")
    socket = socket_of(alice)
    ack = socket.ask("Count")
    socket.until_answer(ack["runId"], "one two")
    socket.send("run.cancel", runId=ack["runId"])
    reply.client_left.wait()

    assert socket.answer_to("Go on", threadId=ack["threadId"]) == "four"

    assert [message["content"] for message in llm.requests[1].messages[1:]] == ["Count", "one two", "Go on"]


def test_a_queued_message_can_be_stopped_before_its_turn(live_stack, socket_of, llm, alice):
    reply = llm.reply("one two", pause_after=1)
    socket = socket_of(alice)
    first = socket.ask("First")
    reply.held.wait()
    second = socket.ask("Second", threadId=first["threadId"])

    socket.send("run.cancel", runId=second["runId"])
    assert socket.end(second["runId"])["outcome"] == {"type": "cancelled"}
    reply.release()
    socket.end(first["runId"])

    assert View(live_stack.page_data(first["threadId"], alice)["events"]).lasting == socket.view.lasting


def test_stopping_what_has_ended_changes_nothing(socket_of, llm, alice):
    llm.reply("one")
    socket = socket_of(alice)
    ack = socket.ask("Count")
    end = socket.end(ack["runId"])

    assert socket.send("run.cancel", runId=ack["runId"])["type"] == "ack"

    again = socket_of(alice)
    again.send("subscribe", threadId=ack["threadId"])
    assert again.end(ack["runId"]) == end


def test_a_failed_question_is_kept_and_its_retry_takes_its_place(live_stack, socket_of, llm, alice):
    llm.fails(401, error="Incorrect API key provided")
    llm.reply("Here I am.")
    socket = socket_of(alice)
    ack = socket.ask("Are you there?")
    failed = socket.end(ack["runId"])
    assert failed["type"] == "RUN_ERROR"

    again = socket.send("run.retry", runId=ack["runId"])
    twice = socket.send("run.retry", runId=ack["runId"])
    socket.end(again["runId"])

    assert again["runId"] == twice["runId"] != ack["runId"]
    assert [(run.question, run.answer) for run in socket.view.runs] == [("Are you there?", "Here I am.")]
    assert View(live_stack.page_data(ack["threadId"], alice)["events"]).lasting == socket.view.lasting
    assert [message["content"] for message in llm.requests[1].messages[1:]] == ["Are you there?"]


def test_a_stopped_answer_can_be_asked_for_again(socket_of, llm, alice):
    reply = llm.reply("one two", pause_after=1)
    llm.reply("three")
    socket = socket_of(alice)
    ack = socket.ask("Count")
    reply.held.wait()
    socket.send("run.cancel", runId=ack["runId"])
    socket.end(ack["runId"])

    again = socket.send("run.retry", runId=ack["runId"])
    socket.end(again["runId"])

    assert [run.answer for run in socket.view.runs] == ["three"]


def test_what_is_still_being_answered_cannot_be_retried(socket_of, llm, alice):
    reply = llm.reply("one two", pause_after=1)
    socket = socket_of(alice)
    ack = socket.ask("Count")
    reply.held.wait()

    refused = socket.send("run.retry", runId=ack["runId"])
    reply.release()
    socket.end(ack["runId"])

    assert refused["type"] == "nack"
    assert Run.objects.filter(user=alice).count() == 1


def test_stop_while_the_llm_is_to_be_asked_again_does_not_wait_for_it(socket_of, llm, alice):
    llm.fails(503, retry_after=15)
    socket = socket_of(alice)
    ack = socket.ask("Count")
    socket.until("CUSTOM", name="llm.retry")

    socket.send("run.cancel", runId=ack["runId"])

    assert socket.end(ack["runId"])["outcome"] == {"type": "cancelled"}
    assert len(llm.requests) == 1


@pytest.mark.parametrize("tool", ["ledger_read", "ledger_unsafe"])
def test_stop_while_a_tool_runs_does_not_wait_for_it(live_stack, socket_of, llm, alice, tool):
    llm.asks(call(tool, note="long", gate="never opened"))
    socket = socket_of(alice)
    ack = socket.ask("Do it", agent=ledger_agent().slug)
    live_stack.until(lambda: len(executions(ack["runId"])) == 1, "the tool is at work")

    socket.send("run.cancel", runId=ack["runId"])
    end = socket.end(ack["runId"])

    assert end["outcome"] == {"type": "cancelled"}
    expected = {"ledger_read": "cancelled", "ledger_unsafe": "unsettled"}[tool]
    assert [one.status for one in socket.view.run(ack["runId"]).tools] == [expected]
    assert View(live_stack.page_data(ack["threadId"], alice)["events"]).lasting == socket.view.lasting
