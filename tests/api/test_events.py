"""Following runs over HTTP: as JSON, as a stream, and on from where one was cut off."""

import http.client
import json
from urllib.parse import urlsplit

import pytest

from accounts.models import User
from tests.api.programs import token_for
from tests.api.streams import Stream, of_type
from tests.drills.agents import ledger_agent
from tests.fold import View
from tests.llm import ScriptedLLM, call
from tests.stack import Stack


class Program:
    """Talks to the live stack in a person's name."""

    def __init__(self, stack: Stack, user: User) -> None:
        self._url = stack.url
        self.token = token_for(user)

    def send(self, method: str, path: str, body: object = None) -> dict:
        connection = http.client.HTTPConnection(urlsplit(self._url).netloc, timeout=20)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        return json.loads(connection.getresponse().read() or b"{}")

    def ask(self, text: str, **fields: object) -> dict:
        return self.send("POST", "/api/runs", {"text": text, **fields})

    def follow(self, path: str, *, last_event_id: str | None = None) -> Stream:
        return Stream(self._url, self.token, path, last_event_id=last_event_id)


@pytest.fixture
def program(live_stack: Stack, alice: User) -> Program:
    return Program(live_stack, alice)


def test_a_run_is_followed_to_its_end(program: Program, llm: ScriptedLLM) -> None:
    llm.asks(call("calculator", expression="6*7"))
    llm.reply("It is 42.")
    run = program.ask("What is 6 × 7?")["id"]

    stream = program.follow(f"/api/runs/{run}/events")
    stream.rest()

    assert stream.answer.headers["Content-Type"].startswith("text/event-stream")
    assert "no-store" in stream.answer.headers["Cache-Control"]
    assert stream.kinds()[-1] == "RUN_FINISHED"
    assert View(stream.events).run(run).answer == "It is 42."


def test_what_is_streamed_is_what_is_read_afterwards(program: Program, llm: ScriptedLLM) -> None:
    llm.asks(call("calculator", expression="6*7"))
    llm.reply("It is 42.")
    run = program.ask("What is 6 × 7?")["id"]
    stream = program.follow(f"/api/runs/{run}/events")
    stream.rest()

    told = program.send("GET", f"/api/runs/{run}/events")

    assert View(told["events"]).lasting == View(stream.events).lasting
    assert program.send("GET", f"/api/runs/{run}/events?after={told['cursor']}")["events"] == []
    again = program.follow(f"/api/runs/{run}/events")
    assert View(again.rest()).lasting == View(stream.events).lasting


def test_a_stream_that_was_cut_goes_on_where_it_was(program: Program, llm: ScriptedLLM) -> None:
    llm.reply("one two three four", pause_after=2)
    run = program.ask("Count")["id"]
    path = f"/api/runs/{run}/events"
    first = program.follow(path)
    first.until(lambda event: "two" in event.get("delta", ""))
    first.cut()

    second = program.follow(path, last_event_id=first.last_id)
    llm.release()
    second.rest()

    assert "RUN_STARTED" not in second.kinds()
    assert View([*first.events, *second.events]).run(run).answer == "one two three four"


def test_a_place_nobody_knows_begins_again(program: Program, llm: ScriptedLLM) -> None:
    llm.reply("Hello")
    run = program.ask("Hi")["id"]
    program.follow(f"/api/runs/{run}/events").rest()

    for place in ("nonsense", f"{run}.9.9", f"{run}.1."):
        stream = program.follow(f"/api/runs/{run}/events", last_event_id=place)
        assert [event["type"] for event in stream.rest()][0] == "RUN_STARTED"


def test_a_thread_is_followed_over_its_runs(program: Program, llm: ScriptedLLM) -> None:
    llm.reply("One")
    llm.reply("Two")
    first = program.ask("First")
    stream = program.follow(f"/api/threads/{first['threadId']}/events")
    stream.until(of_type("RUN_FINISHED"))

    second = program.ask("Second", threadId=first["threadId"])
    stream.until(of_type("RUN_FINISHED", runId=second["id"]))
    stream.cut()

    view = View(stream.events)
    assert [view.run(run["id"]).answer for run in (first, second)] == ["One", "Two"]
    told = program.send("GET", f"/api/threads/{first['threadId']}/events")
    assert View(told["events"]).lasting == view.lasting


def test_a_thread_tells_of_tasks_too_and_each_is_followed_by_its_own_id(program: Program, llm: ScriptedLLM) -> None:
    ledger_agent("reading", tools=["ledger_read"])
    ledger_agent("leading", tools=[], children=["reading"])
    llm.asks(call("ask_reading", task="Look it up."))
    llm.reply("It is 5.", pause_after=1)
    llm.reply("You have 5.")
    run = program.ask("How much?", agent="leading")
    stream = program.follow(f"/api/threads/{run['threadId']}/events")
    child = stream.until(lambda event: event["type"] == "RUN_STARTED" and "parent" in event["metadata"])["runId"]
    own = program.follow(f"/api/runs/{child}/events")
    llm.release()

    own.rest()
    stream.until(of_type("RUN_FINISHED", runId=run["id"]))
    stream.cut()

    assert {event["metadata"]["runId"] for event in own.events} == {child}
    assert View(own.events).run(child).answer == "It is 5."
    told = program.send("GET", f"/api/threads/{run['threadId']}/events")["events"]
    assert [View(told).run(one).answer for one in (run["id"], child)] == ["You have 5.", "It is 5."]
    assert View(program.send("GET", f"/api/runs/{child}/events")["events"]).run(child).answer == "It is 5."


def test_a_stranger_follows_no_task(program: Program, llm: ScriptedLLM, live_stack: Stack, charlie: User) -> None:
    ledger_agent("reading", tools=["ledger_read"])
    ledger_agent("leading", tools=[], children=["reading"])
    llm.asks(call("ask_reading", task="Look it up."))
    llm.reply("It is 5.")
    llm.reply("You have 5.")
    run = program.ask("How much?", agent="leading")["id"]
    program.follow(f"/api/runs/{run}/events").rest()
    (task,) = program.send("GET", f"/api/runs/{run}")["children"]
    stranger = Stream(live_stack.url, token_for(charlie), f"/api/runs/{task['id']}/events")

    assert stranger.refusal[0] == 404
    assert program.send("GET", f"/api/runs/{task['id']}/events")["events"]


def test_polling_gets_each_piece_once(program: Program, llm: ScriptedLLM, live_stack: Stack) -> None:
    llm.reply("one two three", pause_after=1)
    run = program.ask("Count")["id"]
    events: list[dict] = []
    cursor = ""

    def poll() -> bool:
        nonlocal cursor
        told = program.send("GET", f"/api/runs/{run}/events?after={cursor}")
        events.extend(told["events"])
        cursor = told["cursor"]
        return events[-1]["type"] == "RUN_FINISHED"

    live_stack.until(lambda: poll() or any("one" in event.get("delta", "") for event in events), "the first word")
    llm.release()
    live_stack.until(poll, "the run ends")

    assert View(events).run(run).answer == "one two three"


def test_a_closed_stream_stops_nothing(program: Program, llm: ScriptedLLM) -> None:
    reply = llm.reply("one two", pause_after=1)
    run = program.ask("Count")["id"]
    stream = program.follow(f"/api/runs/{run}/events")
    stream.until(of_type("TEXT_MESSAGE_CONTENT", delta="one"))

    stream.cut()
    reply.release()

    program.follow(f"/api/runs/{run}/events").rest()
    assert program.send("GET", f"/api/runs/{run}")["answer"] == "one two"


def test_the_stream_of_a_question_that_is_withdrawn_ends(program: Program, llm: ScriptedLLM) -> None:
    reply = llm.reply("one two", pause_after=1)
    first = program.ask("Count")
    second = program.ask("And then?", threadId=first["threadId"])["id"]
    stream = program.follow(f"/api/runs/{second}/events")
    stream.until(of_type("RUN_STARTED"))

    program.send("DELETE", f"/api/runs/{second}")

    assert stream.rest()[-1]["name"] == "run.removed"
    reply.release()
    program.follow(f"/api/runs/{first['id']}/events").rest()


def test_many_idle_streams_leave_the_database_to_others(program: Program, llm: ScriptedLLM) -> None:
    reply = llm.reply("one two", pause_after=1)
    run = program.ask("Count")["id"]
    streams = [program.follow(f"/api/runs/{run}/events") for _ in range(30)]
    for stream in streams:
        stream.until(of_type("RUN_STARTED"))

    assert program.send("GET", f"/api/runs/{run}")["status"] == "running"

    reply.release()
    for stream in streams:
        assert stream.rest()[-1]["type"] == "RUN_FINISHED"


def test_a_stranger_follows_nothing(program: Program, llm: ScriptedLLM, live_stack: Stack, charlie: User) -> None:
    llm.reply("Hello")
    run = program.ask("Hi")
    program.follow(f"/api/runs/{run['id']}/events").rest()
    stranger = Program(live_stack, charlie)

    for path in (f"/api/runs/{run['id']}/events", f"/api/threads/{run['threadId']}/events"):
        assert stranger.follow(path).refusal == (404, "There is nothing here with that id.")
