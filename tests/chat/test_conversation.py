"""Asking and being answered, through real web and worker processes."""

import json
import uuid

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from agents.models import Run
from chat.models import Conversation
from tests.fold import View
from tests.llm import call


def test_a_question_is_answered_with_a_tool_and_a_reload_shows_the_same(live_stack, socket_of, llm, alice):
    llm.asks(call("calculator", expression="6 * 7"), text="Let me work that out.")
    llm.reply("It is **42**.", cached_tokens=8)
    socket = socket_of(alice)

    ack = socket.ask("What is 6 times 7?")
    end = socket.end(ack["runId"])

    run = socket.view.run(ack["runId"])
    assert run.question == "What is 6 times 7?"
    assert run.answer == "Let me work that out.It is **42**."
    (tool,) = run.tools
    assert (tool.name, tool.status) == ("calculator", "succeeded")
    assert json.loads(tool.result)["result"] == "42"
    assert end["outcome"] == {"type": "success"}
    assert end["usage"][0]["inputTokens"] == 40
    assert end["usage"][0]["cachedInputTokens"] == 8
    assert View(live_stack.page_data(ack["threadId"], alice)["events"]).lasting == socket.view.lasting


def test_the_next_question_carries_the_conversation_so_far(socket_of, llm, alice):
    llm.reply("Hello Alice.")
    llm.reply("I said hello.")
    socket = socket_of(alice)
    first = socket.ask("Hello")
    thread = first["threadId"]
    socket.end(first["runId"])

    assert socket.answer_to("What did you say?", threadId=thread) == "I said hello."

    said = [(message["role"], message["content"]) for message in llm.requests[1].messages[1:]]
    assert said == [("user", "Hello"), ("assistant", "Hello Alice."), ("user", "What did you say?")]
    assert Conversation.objects.get(pk=thread).title == "Hello"


def test_a_second_message_waits_behind_the_first(socket_of, llm, alice):
    first_reply = llm.reply("The first answer.", pause_after=1)
    llm.reply("The second answer.")
    socket = socket_of(alice)
    first = socket.ask("First")
    first_reply.held.wait()

    second = socket.ask("Second", threadId=first["threadId"])
    socket.until_status(second["runId"], "queued")
    assert len(llm.requests) == 1
    first_reply.release()
    socket.end(second["runId"])

    assert [run.answer for run in socket.view.runs] == ["The first answer.", "The second answer."]
    assert [message["content"] for message in llm.requests[1].messages[1:]] == ["First", "The first answer.", "Second"]


def test_the_same_request_again_starts_nothing_new(socket_of, llm, alice):
    reply = llm.reply("Only once.", pause_after=1)
    socket, elsewhere = socket_of(alice), socket_of(alice)
    request = str(uuid.uuid4())

    first = socket.ask("Hello", id=request)
    reply.held.wait()
    again = socket.ask("Hello", id=request)
    from_elsewhere = elsewhere.ask("Hello", id=request)
    reply.release()

    assert first["runId"] == again["runId"] == from_elsewhere["runId"]
    for one in (socket, elsewhere):
        one.end(first["runId"])
        assert [run.answer for run in one.view.runs] == ["Only once."]
    assert Run.objects.filter(user=alice).count() == 1


def test_another_persons_request_id_is_no_ones_business(socket_of, llm, alice, bob):
    llm.reply("For Alice.")
    llm.reply("For Bob.")

    assert socket_of(alice).answer_to("Hello", id="first") == "For Alice."
    assert socket_of(bob).answer_to("Hello", id="first") == "For Bob."


def test_two_open_pages_see_the_same(socket_of, llm, alice):
    reply = llm.reply("one two three", pause_after=1)
    socket, elsewhere = socket_of(alice), socket_of(alice)
    ack = socket.ask("Count")
    reply.held.wait()

    elsewhere.send("subscribe", threadId=ack["threadId"])
    elsewhere.until_answer(ack["runId"], "one")
    reply.release()

    assert socket.end(ack["runId"]) == elsewhere.end(ack["runId"])
    assert socket.view.lasting == elsewhere.view.lasting


def test_a_message_of_the_first_page_arrives_on_the_second(socket_of, llm, alice):
    llm.reply("Hello.")
    llm.reply("Hello again.")
    socket, elsewhere = socket_of(alice), socket_of(alice)
    thread = socket.ask("Hello")["threadId"]
    elsewhere.send("subscribe", threadId=thread)
    elsewhere.until("RUN_FINISHED")

    run = socket.ask("And again", threadId=thread)["runId"]

    elsewhere.end(run)
    assert elsewhere.view.run(run).answer == "Hello again."


def test_a_chosen_agent_answers_and_an_unknown_one_is_refused(socket_of, llm, alice):
    llm.reply("At your service.")
    socket = socket_of(alice)

    refused = socket.send("run.start", text="Hello", agent="nobody")
    run = socket.ask("Hello", agent="assistant")["runId"]
    socket.end(run)

    assert refused["type"] == "nack"
    assert socket.view.run(run).agent == "assistant"


def test_strange_text_comes_back_as_it_was_said(live_stack, socket_of, llm, alice):
    strange = 'Zürich 🌉 \u202eesrever\u202c مرحبا <script>alert(1)</script> ]]> \\n "quoted" \x07'
    llm.reply(deltas=("</script>", "🌉", "\n\n", "مرحبا", " \x01 end"))
    socket = socket_of(alice)

    ack = socket.ask(strange)
    socket.end(ack["runId"])

    run = socket.view.run(ack["runId"])
    assert run.question == strange.strip()
    assert run.answer == "</script>🌉\n\nمرحبا \x01 end"
    assert View(live_stack.page_data(ack["threadId"], alice)["events"]).lasting == socket.view.lasting


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "hello",
        "[]",
        "null",
        '{"type": "run.start"}',
        '{"type": "dance", "id": "1"}',
        '{"type": "run.start", "id": "1", "text": "x", "role": "system"}',
        '{"type": "run.start", "id": "1", "text": 7}',
        '{"type": "run.start", "id": "1", "text": "   "}',
        '{"type": "run.start", "id": "", "text": "x"}',
        '{"type": "run.start", "id": "1", "text": "x", "threadId": "../1"}',
        '{"type": "run.cancel", "id": "1"}',
        json.dumps({"type": "run.start", "id": "1", "text": "x" * 100_001}),
        "\ud83d".encode("utf-8", "surrogatepass").decode("utf-8", "replace"),
    ],
    ids=lambda frame: frame[:60],
)
def test_a_command_that_makes_no_sense_is_answered_and_the_socket_lives(socket_of, alice, frame):
    socket = socket_of(alice)

    answer = socket.send_raw(frame)

    assert answer["type"] == "nack"
    assert answer["error"]
    assert socket.send("ping")["type"] == "ack"


def test_bytes_are_no_commands_either(socket_of, alice):
    socket = socket_of(alice)

    assert socket.send_raw(b'{"type": "ping", "id": "1"}')["type"] == "nack"
    assert socket.send("ping")["type"] == "ack"


def test_a_socket_without_a_login_is_closed(live_stack):
    with connect(live_stack.url.replace("http", "ws") + "/ws/", origin=live_stack.url, proxy=None) as socket:
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(10)
        assert closed.value.rcvd.code == 4401


@pytest.mark.parametrize("origin", ["https://evil.example", None])
def test_a_socket_from_another_site_is_refused_even_with_the_cookie(live_stack, alice, origin):
    headers = {"Cookie": live_stack.cookie_of(alice)}

    with pytest.raises(InvalidStatus) as refused:
        connect(live_stack.url.replace("http", "ws") + "/ws/", additional_headers=headers, origin=origin, proxy=None)

    assert refused.value.response.status_code == 403
