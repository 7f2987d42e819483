"""Where a conversation was summarised is seen: live, after a reload, by programs, and when the worker dies."""

import pytest
from django.db.models.functions import Now

from agents.models import Compaction, Run, RunStatus
from observability.models import Span
from tests.api.agui_client import Client
from tests.api.programs import program_for
from tests.api.streams import assert_strict
from tests.drills.agents import ledger_agent
from tests.drills.talk import let_bells_be_missed
from tests.fold import View
from tests.llm import call

SUMMARY = "The person's locker has the number 4711."
LONG = " ".join(["word"] * 350)


@pytest.fixture
def talk(live_stack, socket_of, llm, alice):
    """Alice's socket, and a conversation in it that has no room for one more question."""
    agent = ledger_agent("short-memory", tools=["calculator"], memory={"context_tokens": 2_000})
    socket = socket_of(alice)
    return socket, grown(socket, llm, agent.slug, LONG * 2, LONG)


def grown(socket, llm, agent: str, *questions: str) -> str:
    """A conversation in which these questions were asked and repeated as answers."""
    thread = ""
    for question in questions:
        llm.reply(question)
        ack = socket.ask(question, **({"threadId": thread} if thread else {"agent": agent}))
        socket.end(ack["runId"])
        thread = ack["threadId"]
    return thread


def summarised(events):
    return [event["value"]["summary"] for event in events if event.get("name") == "memory.compacted"]


def test_the_place_of_a_summary_is_the_same_live_on_the_page_and_on_a_fresh_socket(
    live_stack, socket_of, llm, alice, talk
):
    socket, thread = talk
    llm.reply(SUMMARY)
    llm.asks(call("calculator", expression="6 * 7"), text="Let me see.")
    llm.reply("It is 42.")

    run = socket.ask("What is 6 × 7?", threadId=thread)["runId"]
    socket.end(run)

    shown = socket.view.run(run)
    assert [one["summary"] for one in shown.summaries] == [SUMMARY]
    assert len(shown.summaries[0]["behind"]) == 1  # the question
    page = View(live_stack.page_data(thread, alice)["events"])
    assert page.run(run).summaries == shown.summaries
    fresh = socket_of(alice)
    fresh.send("subscribe", threadId=thread)
    fresh.end(run)
    assert fresh.view.run(run).summaries == shown.summaries
    assert socket.view.run(run).answer == "Let me see.It is 42."  # nothing of the summary


def test_a_summary_made_in_the_middle_of_an_answer_stands_there(live_stack, socket_of, llm, alice):
    agent = ledger_agent("short-reader-of-notes", tools=["ledger_read"], memory={"context_tokens": 2_000})
    socket = socket_of(alice)
    thread = grown(socket, llm, agent.slug, LONG)
    llm.asks(call("ledger_read", note=LONG * 2), text="Let me see.")
    llm.reply(SUMMARY)
    llm.reply("That was long.")

    run = socket.ask("Read it.", threadId=thread)["runId"]
    socket.end(run)

    shown = socket.view.run(run)
    assert len(shown.summaries[0]["behind"]) == 3  # the question, the text before the call, the call
    assert View(live_stack.page_data(thread, alice)["events"]).run(run).summaries == shown.summaries


def test_who_stops_while_it_is_summarised_pays_for_what_was_said_and_sees_none_of_it(live_stack, llm, alice, talk):
    socket, thread = talk
    reply = llm.reply(SUMMARY, pause_after=3)
    run = socket.ask("Are you there?", threadId=thread)["runId"]
    reply.held.wait()

    socket.send("run.cancel", runId=run)

    assert socket.end(run)["outcome"] == {"type": "cancelled"}
    shown = socket.view.run(run)
    assert (shown.answer, shown.summaries) == ("", [])
    stopped = Run.objects.get(pk=run)
    (span,) = Span.objects.filter(trace=run, name="compaction")
    assert (stopped.llm_calls, stopped.input_tokens > 1_000) == (1, True)
    assert (span.status, span.input_tokens) == ("cancelled", stopped.input_tokens)
    assert not Compaction.objects.filter(run=run).exists()
    assert View(live_stack.page_data(thread, alice)["events"]).lasting == socket.view.lasting


def test_a_retry_of_the_summary_is_told_and_over_when_the_answer_comes(live_stack, llm, alice, talk):
    socket, thread = talk
    llm.reply(SUMMARY, cut_after=3)
    llm.reply(SUMMARY)
    llm.reply("Here I am.")

    run = socket.ask("Are you there?", threadId=thread)["runId"]
    socket.end(run)

    shown = socket.view.run(run)
    assert (len(shown.retries), len(shown.summaries), shown.answer) == (1, 1, "Here I am.")
    assert View(live_stack.page_data(thread, alice)["events"]).lasting == socket.view.lasting


def test_a_watcher_sees_one_summary_when_the_worker_dies_behind_it(live_stack, llm, alice, talk):
    socket, thread = talk
    llm.reply(SUMMARY)
    llm.reply("Here I am.")
    for worker in live_stack.workers:
        worker.kill()
    doomed = live_stack.start_worker(fault="after_compaction_commit")

    run = socket.ask("Are you there?", threadId=thread)["runId"]
    live_stack.until(lambda: not doomed.is_running, "the worker dies")
    Run.objects.filter(pk=run, status=RunStatus.RUNNING).update(lease_expires_at=Now())
    let_bells_be_missed(run)
    live_stack.start_worker(wait=False)
    socket.end(run)

    shown = socket.view.run(run)
    assert (len(shown.summaries), shown.answer) == (1, "Here I am.")
    assert Compaction.objects.filter(run=run).count() == 1
    assert View(live_stack.page_data(thread, alice)["events"]).lasting == socket.view.lasting


def test_programs_are_told_too(live_stack, llm, alice):
    agent = ledger_agent("short-for-programs", tools=[], memory={"context_tokens": 2_000})
    client = Client(live_stack, alice, agent=agent.slug)
    for length in (2, 1):
        llm.reply(LONG * length)
        client.run(LONG * length).rest()
    llm.reply(SUMMARY)
    llm.reply("Here I am.")

    stream = client.run("Are you there?")
    stream.rest()

    assert_strict(stream.events)
    assert summarised(stream.events) == [SUMMARY]
    assert stream.text() == "Here I am."
    run = Run.objects.get(pk=stream.events[0]["metadata"]["runId"])
    told = program_for(alice).get(f"/api/runs/{run.id}/events").json()["events"]
    assert summarised(told) == [SUMMARY]


def test_nobody_else_reads_a_summary(llm, alice, bob, talk):
    socket, thread = talk
    llm.reply(SUMMARY)
    llm.reply("Here I am.")
    run = socket.ask("Are you there?", threadId=thread)["runId"]
    socket.end(run)

    theirs = program_for(bob).get(f"/api/runs/{run}/events")
    own = program_for(alice).get(f"/api/runs/{run}/events")

    assert (theirs.status_code, SUMMARY in theirs.content.decode()) == (404, False)
    assert SUMMARY in own.content.decode()
