"""Nothing is lost: reloads, lost sockets and second looks all come to the same."""

import json

from tests.fold import View
from tests.llm import call
from tests.order import Verifier


def test_a_reload_in_mid_answer_goes_on_where_the_answer_is(live_stack, socket_of, llm, alice):
    reply = llm.reply("one two three", pause_after=2)
    socket = socket_of(alice)
    ack = socket.ask("Count")
    socket.until_answer(ack["runId"], "one two")

    reloaded = socket_of(alice)
    reloaded.load(live_stack.page_data(ack["threadId"], alice)["events"])
    reloaded.catch_up(ack["threadId"], ack["runId"])
    reloaded.until_answer(ack["runId"], "one two")
    reply.release()

    assert reloaded.end(ack["runId"]) == socket.end(ack["runId"])
    assert reloaded.view.lasting == socket.view.lasting


def test_a_lost_socket_gets_only_what_it_missed(socket_of, llm, alice):
    reply = llm.reply("one two three four", pause_after=1)
    socket, witness = socket_of(alice), socket_of(alice)
    ack = socket.ask("Count")
    socket.until_answer(ack["runId"], "one")
    witness.send("subscribe", threadId=ack["threadId"])
    seen = len(socket.events)

    socket.close()
    reply.release()
    witness.end(ack["runId"])
    socket.reconnect(ack["threadId"], ack["runId"])

    socket.end(ack["runId"])
    assert socket.view.run(ack["runId"]).answer == "one two three four"
    assert "RUN_STARTED" not in [event["type"] for event in socket.events[seen:]]
    assert socket.view.lasting == witness.view.lasting


def test_a_closed_page_stops_nothing(live_stack, socket_of, llm, alice):
    reply = llm.reply("one two", pause_after=1)
    socket = socket_of(alice)
    ack = socket.ask("Count")
    reply.held.wait()

    socket.close()
    reply.release()
    later = socket_of(alice)
    later.send("subscribe", threadId=ack["threadId"])

    later.end(ack["runId"])
    assert later.view.run(ack["runId"]).answer == "one two"


def test_catching_up_with_a_number_nobody_has_ends_at_the_truth(socket_of, llm, alice):
    llm.reply("one two")
    socket = socket_of(alice)
    ack = socket.ask("Count")
    socket.end(ack["runId"])

    for after, epoch in ((10_000, 1), (-10_000, 1), (3, 99)):
        other = socket_of(alice)
        other.send("subscribe", threadId=ack["threadId"], runId=ack["runId"], after=after, epoch=epoch)
        other.end(ack["runId"])
        assert other.view.lasting == socket.view.lasting


def test_a_whole_story_is_the_same_live_on_the_page_and_on_a_fresh_socket(live_stack, socket_of, llm, alice):
    socket = socket_of(alice)
    llm.asks(call("calculator", expression="2 ** 10"), call("shred"), call("calculator", wrong=1), text="Let me see.")
    llm.reply("It is 1024, I th", cut_after=2)
    llm.reply("It is 1024.")
    thread = socket.ask("What is 2 to the 10?")["threadId"]
    socket.until("RUN_FINISHED")
    stopped = llm.reply("A long story", pause_after=2)
    run = socket.ask("Tell me a story", threadId=thread)["runId"]
    stopped.held.wait()
    socket.until_answer(run, "A long")
    socket.send("run.cancel", runId=run)
    socket.end(run)
    llm.fails(401)
    failed = socket.ask("Are you there?", threadId=thread)["runId"]
    socket.end(failed)
    llm.reply("I am here.")
    again = socket.send("run.retry", runId=failed)["runId"]
    socket.end(again)

    page = live_stack.page_data(thread, alice)["events"]
    fresh = socket_of(alice)
    fresh.send("subscribe", threadId=thread)
    fresh.end(again)

    assert [run.status for run in socket.view.runs] == ["success", "cancelled", "success"]
    assert [tool.status for tool in socket.view.runs[0].tools] == ["succeeded", "invalid", "invalid"]
    assert socket.view.runs[0].answer == "Let me see.It is 1024."
    assert View(page).lasting == socket.view.lasting
    assert fresh.view.lasting == socket.view.lasting
    verifier = Verifier()
    for event in page:
        verifier.check(event)


def test_the_text_so_far_is_kept_for_those_who_come_without_redis(live_stack, socket_of, llm, alice):
    reply = llm.reply("one two three", pause_after=2)
    socket = socket_of(alice)
    ack = socket.ask("Count")
    socket.until_answer(ack["runId"], "one two")

    while View(live_stack.page_data(ack["threadId"], alice)["events"]).runs[0].answer != "one two":
        assert live_stack.get("/healthz")  # the draft is saved every two seconds
    reply.release()

    socket.end(ack["runId"])


def test_the_page_of_a_thread_holds_the_same_json_the_socket_sends(live_stack, socket_of, llm, alice):
    llm.reply("Hello.")
    socket = socket_of(alice)
    ack = socket.ask("Hello")
    socket.end(ack["runId"])

    page = live_stack.page_data(ack["threadId"], alice)

    assert page["threadId"] == ack["threadId"]
    assert page["events"][-1] == json.loads(json.dumps(socket.events[-1]))
