"""Dead, slow and lying models: the person is told in words, keeps the message, and can try again."""

import pytest

from agents.models import Message, Role
from tests.fold import View


def assert_told(socket, live_stack, person, ack, question):
    """One clear end, the question kept, and the same after a reload."""
    end = socket.end(ack["runId"])
    assert end["type"] == "RUN_ERROR"
    assert end["code"] == "llm_error"
    assert len(end["message"]) > 20
    assert "Traceback" not in end["message"]
    run = socket.view.run(ack["runId"])
    assert run.question == question
    assert Message.objects.get(run=ack["runId"], role=Role.USER).text == question
    assert View(live_stack.page_data(ack["threadId"], person)["events"]).lasting == socket.view.lasting
    return end["message"]


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ({"truncate": True}, "cut off"),
        ({"cut_after": 1}, "broke"),
        ({"broken_json": True}, "not readable"),
        ({"html": True}, "web page"),
        ({"deltas": ()}, "empty"),
        ({"error_event": True}, "The server had an error"),
        ({"status": 500}, "error"),
        ({"status": 503, "error_body": "plain"}, "503"),
        ({"status": 429, "retry_after": 0.1}, "patience"),
    ],
    ids=str,
)
def test_what_may_pass_is_tried_again_and_then_told(live_stack, socket_of, llm, alice, script, words):
    for _ in range(2):
        llm.reply("one two three", **script)
    socket = socket_of(alice)

    ack = socket.ask("Are you well?")

    assert words in assert_told(socket, live_stack, alice, ack, "Are you well?")
    assert len(socket.view.run(ack["runId"]).retries) == 1


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ({"status": 401, "error": "Incorrect API key provided"}, "API key"),
        ({"status": 404}, "does not know this model"),
        ({"status": 400, "error": "Too many tokens"}, "Too many tokens"),
        ({"status": 429, "retry_after": 3600}, "patience"),
    ],
    ids=str,
)
def test_what_will_not_pass_is_told_at_once(live_stack, socket_of, llm, alice, script, words):
    llm.reply(**script)
    socket = socket_of(alice)

    ack = socket.ask("Are you well?")

    assert words in assert_told(socket, live_stack, alice, ack, "Are you well?")
    assert socket.view.run(ack["runId"]).retries == []


def test_silence_is_told_too_whatever_kind_it_is(live_stack, socket_of, llm, alice):
    asked = []
    for silence in ({"hang": True}, {"comments_only": True}, {"stall_after": 1}):
        reply, socket = llm.reply("one two", **silence), socket_of(alice)
        asked.append((reply, socket, socket.ask("Are you well?")))
        reply.asked.wait()  # so that each gets its own kind; then all are waited for together
    for _ in asked:
        llm.reply(hang=True)

    for reply, socket, ack in asked:
        assert "sent nothing" in assert_told(socket, live_stack, alice, ack, "Are you well?")
        reply.client_left.wait()


def test_a_passing_failure_is_shown_and_then_forgotten(live_stack, socket_of, llm, alice):
    llm.reply("one two three", cut_after=2)
    llm.reply("one two three")
    socket = socket_of(alice)

    ack = socket.ask("Count")
    socket.end(ack["runId"])

    run = socket.view.run(ack["runId"])
    assert run.answer == "one two three"
    assert len(run.retries) == 1
    assert View(live_stack.page_data(ack["threadId"], alice)["events"]).lasting == socket.view.lasting


def test_a_long_answer_arrives_whole(live_stack, socket_of, llm, alice):
    words = tuple(f"word{number} " for number in range(3000))
    llm.reply(deltas=words, packets="joined")
    socket = socket_of(alice)

    ack = socket.ask("Tell me everything")
    socket.end(ack["runId"])

    assert socket.view.run(ack["runId"]).answer == "".join(words)
    assert View(live_stack.page_data(ack["threadId"], alice)["events"]).lasting == socket.view.lasting
