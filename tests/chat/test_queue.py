"""A question that waits for its turn can still be put otherwise, or taken back."""

import pytest

from agents.models import Run
from tests.fold import View


@pytest.fixture
def busy(socket_of, llm, alice):
    """Alice's socket, the answer under way, and the question queued behind it."""
    reply = llm.reply("one two", pause_after=1)
    socket = socket_of(alice)
    first = socket.ask("First")
    reply.held.wait()
    second = socket.ask("Secnod", threadId=first["threadId"])
    socket.until_status(second["runId"], "queued")
    yield socket, reply, second
    socket.send("run.cancel", runId=second["runId"])  # or it would ask the LLM of the next test
    reply.release()
    socket.end(first["runId"])


def test_a_queued_question_is_edited_and_answered_as_edited(live_stack, busy, llm, alice):
    socket, reply, second = busy
    llm.reply("The second answer.")

    assert socket.send("question.edit", runId=second["runId"], text="Second")["type"] == "ack"
    reply.release()
    socket.end(second["runId"])

    assert [run.question for run in socket.view.runs] == ["First", "Second"]
    assert llm.requests[1].messages[-1]["content"] == "Second"
    assert View(live_stack.page_data(second["threadId"], alice)["events"]).lasting == socket.view.lasting


def test_an_edit_shows_in_the_other_window(busy, socket_of, alice):
    socket, _, second = busy
    elsewhere = socket_of(alice)
    elsewhere.send("subscribe", threadId=second["threadId"])

    socket.send("question.edit", runId=second["runId"], text="Second")

    elsewhere.until("TEXT_MESSAGE_CONTENT", run=second["runId"], delta="Second")
    assert elsewhere.view.run(second["runId"]).question == "Second"


def test_a_queued_question_is_withdrawn_and_nobody_answers_it(live_stack, busy, llm):
    socket, reply, second = busy

    assert socket.send("question.withdraw", runId=second["runId"])["type"] == "ack"
    socket.until_removed(second["runId"])
    reply.release()
    socket.end(socket.view.runs[0].id)

    assert [run.question for run in socket.view.runs] == ["First"]
    assert len(llm.requests) == 1
    assert not Run.objects.filter(pk=second["runId"]).exists()


def test_who_was_away_learns_what_was_withdrawn_meanwhile(busy, socket_of, alice):
    socket, reply, second = busy
    first = socket.view.runs[0].id
    socket.send("question.withdraw", runId=second["runId"])

    socket.reconnect(second["threadId"], first, queued=[second["runId"]])
    socket.until_removed(second["runId"])
    reply.release()
    socket.end(first)

    fresh = socket_of(alice)
    fresh.send("subscribe", threadId=second["threadId"])
    fresh.end(first)
    assert socket.view.lasting == fresh.view.lasting


def test_a_question_that_is_being_answered_can_be_neither_edited_nor_withdrawn(busy):
    socket, _, _ = busy
    first = socket.view.runs[0].id

    edited = socket.send("question.edit", runId=first, text="Something else")
    withdrawn = socket.send("question.withdraw", runId=first)

    assert edited["error"] == withdrawn["error"] == "This question is already being answered."
    assert socket.view.runs[0].question == "First"


def test_an_empty_edit_is_refused_and_the_question_stays(busy):
    socket, _, second = busy

    refused = socket.send("question.edit", runId=second["runId"], text="  ")

    assert refused["error"] == "Write a message first."
    assert Run.objects.get(pk=second["runId"]).messages.get().text == "Secnod"


def test_what_was_withdrawn_cannot_be_withdrawn_again(busy):
    socket, _, second = busy
    socket.send("question.withdraw", runId=second["runId"])

    assert socket.send("question.withdraw", runId=second["runId"])["type"] == "nack"


def test_another_persons_question_can_be_neither_edited_nor_withdrawn(busy, socket_of, charlie):
    _, _, second = busy
    stranger = socket_of(charlie)

    edited = stranger.send("question.edit", runId=second["runId"], text="Mine now")
    withdrawn = stranger.send("question.withdraw", runId=second["runId"])

    assert edited["error"] == withdrawn["error"] == "There is no such answer."
    assert Run.objects.get(pk=second["runId"]).messages.get().text == "Secnod"
