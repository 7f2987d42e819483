"""What is known about Alice reaches nobody else: tried on every way to it. A new way must be tried here, too."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client

from accounts.models import Scope, User
from agents.models import Agent, Run, Thread, Trigger
from agents.triggers.firing import fire
from agents.triggers.keys import give_keys
from chat import memory_urls
from config.api import api
from memory import forget, pausing
from memory.models import Memory, MemoryEvent, MemoryPreference, Window
from observability.models import Payload, Trace
from tests.agents.running import at_rest, started
from tests.api.agui_client import Client as AguiClient
from tests.api.programs import program_for
from tests.chat.knowing import conversation_of, knows, said_before
from tests.drills.agents import ledger_agent
from tests.llm import call

ClientOf = Callable[[User], Client]

SECRET = "Xylander"
HERS = f"Has a parrot called {SECRET}"
QUESTION = "What is my parrot called?"

# Every address of the page and of the API, with what Bob sends there and what he gets when it is about Alice's.
PAGES: dict[str, tuple[str, dict[str, Any], int]] = {
    "everything": ("get", {}, 200),
    "list": ("get", {"q": SECRET}, 200),
    "export": ("get", {}, 200),
    "add": ("post", {"text": "Likes tea", "kind": "fact"}, 200),
    "pause": ("post", {"isOn": False}, 200),
    "forget-everything": ("post", {"typed": "forget everything"}, 200),
    "from-conversation": ("get", {}, 200),
    "forget-conversation": ("post", {}, 200),
    "one": ("get", {}, 404),
    "history": ("get", {}, 404),
    "edit": ("post", {"text": "Mine now"}, 404),
    "pin": ("post", {"isOn": True}, 404),
    "put-away": ("post", {}, 404),
    "restore": ("post", {}, 404),
    "undo": ("post", {}, 404),
    "delete": ("post", {}, 404),
}
ELSEWHERE = {"delete-procedure"}  # tests/chat/test_procedures.py
ENDPOINTS: dict[tuple[str, str], tuple[dict[str, Any], int]] = {
    ("get", "/api/memories"): ({}, 200),
    ("post", "/api/memories"): ({"text": "Likes tea"}, 201),
    ("delete", "/api/memories"): ({}, 200),
    ("get", "/api/memories/state"): ({}, 200),
    ("put", "/api/memories/state"): ({"isPaused": True}, 200),
    ("get", "/api/memories/export"): ({}, 200),
    ("get", "/api/memories/{memory_id}"): ({}, 404),
    ("patch", "/api/memories/{memory_id}"): ({"text": "Mine now"}, 404),
    ("delete", "/api/memories/{memory_id}"): ({}, 404),
    ("post", "/api/memories/{memory_id}/archive"): ({}, 404),
    ("post", "/api/memories/{memory_id}/restore"): ({}, 404),
    ("post", "/api/memories/{memory_id}/undo"): ({}, 404),
    ("get", "/api/memories/{memory_id}/history"): ({}, 404),
}


@pytest.fixture
def hers(alice: User) -> Memory:
    """What Alice said, in a conversation of hers that can be looked up."""
    place = conversation_of(alice, f"About {SECRET}")
    said_before(alice, f"Alice: my parrot is called {SECRET}", place.id)
    return knows(alice, HERS, thread_id=place.id, quote=f"My parrot is called {SECRET}")


def rows_of(user: User) -> list[Any]:
    models = (Memory, MemoryEvent, Window, MemoryPreference)
    return [list(model.objects.filter(user=user).order_by("pk").values()) for model in models]


# The page and the API


def test_every_address_of_the_page_is_tried() -> None:
    assert {pattern.name for pattern in memory_urls.urlpatterns} == set(PAGES) | ELSEWHERE


@pytest.mark.parametrize("name", PAGES)
def test_on_the_page_nobody_meets_anothers(
    hers: Memory, alice: User, bob: User, client_of: ClientOf, name: str
) -> None:
    method, data, status = PAGES[name]
    pattern = next(one for one in memory_urls.urlpatterns if one.name == name)
    path = "/memory/" + str(pattern.pattern).replace("<uuid:memory_id>", str(hers.pk)).replace(
        "<uuid:thread_id>", str(hers.thread_id)
    )
    before = rows_of(alice)
    kind = {"content_type": "application/json"} if method == "post" else {}

    answer = getattr(client_of(bob), method)(path, data, **kind)

    assert answer.status_code == status
    assert SECRET not in answer.content.decode().replace(f"Nothing found for “{SECRET}”", "")
    assert rows_of(alice) == before
    assert getattr(Client(), method)(path, data, **kind).status_code == 302, "only who is logged in"


@pytest.mark.parametrize("name", [name for name, (_, _, status) in PAGES.items() if status == 404])
def test_on_the_page_their_owner_may(hers: Memory, alice: User, client_of: ClientOf, name: str) -> None:
    """The same set-up, so that the refusal above is for the right reason."""
    method, data, _ = PAGES[name]
    path = f"/memory/{hers.pk}" + ("" if name == "one" else f"/{name}")
    kind = {"content_type": "application/json"} if method == "post" else {}

    assert getattr(client_of(alice), method)(path, data, **kind).status_code == 200


def test_every_operation_of_the_api_is_tried() -> None:
    document = json.loads(json.dumps(api.get_openapi_schema(path_prefix="/api/"), default=str))
    paths = {path: methods for path, methods in document["paths"].items() if path.startswith("/api/memories")}
    assert {(method, path) for path, methods in paths.items() for method in methods} == set(ENDPOINTS)


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_over_the_api_nobody_meets_anothers(hers: Memory, alice: User, bob: User, method: str, path: str) -> None:
    body, status = ENDPOINTS[method, path]
    query = "?confirm=forget%20everything" if (method, path) == ("delete", "/api/memories") else ""
    before = rows_of(alice)

    answer = getattr(program_for(bob), method)(
        path.format(memory_id=hers.pk) + query, body if method != "get" else {}, content_type="application/json"
    )

    assert answer.status_code == status
    assert SECRET not in answer.content.decode()
    assert rows_of(alice) == before


@pytest.mark.parametrize(("method", "path"), [key for key, (_, status) in ENDPOINTS.items() if status == 404])
def test_over_the_api_their_owner_may(hers: Memory, alice: User, method: str, path: str) -> None:
    body, _ = ENDPOINTS[method, path]

    answer = getattr(program_for(alice, Scope.MEMORY), method)(
        path.format(memory_id=hers.pk), body if method != "get" else {}, content_type="application/json"
    )

    assert answer.status_code in (200, 204)


def test_a_thread_of_anothers_gives_nothing_and_takes_nothing(hers: Memory, alice: User, bob: User) -> None:
    before = rows_of(alice)
    program = program_for(bob)

    listed = program.get(f"/api/memories?threadId={hers.thread_id}").json()
    forgotten = program.delete(f"/api/memories?confirm=forget%20everything&threadId={hers.thread_id}").json()

    assert (listed["items"], forgotten) == ([], {"number": 0})
    assert rows_of(alice) == before


def test_one_person_pauses_and_another_does_not(alice: User, bob: User) -> None:
    pausing.pause(bob.pk)

    assert pausing.consent_of(bob.pk).is_paused
    assert not pausing.consent_of(alice.pk).is_paused


def test_a_memory_that_says_the_same_belongs_to_each_by_itself(alice: User, bob: User) -> None:
    hers, his = knows(alice, "Likes tea"), knows(bob, "Likes tea")

    forget.delete(hers, by=alice)

    assert list(Memory.objects.all()) == [his]
    assert his.times_said == 1


# Answers


def told(llm: Any, number: int = -1) -> str:
    """Everything the LLM was told in that request."""
    return json.dumps(llm.requests[number].body, ensure_ascii=False)


@pytest.fixture
def assistant(live_stack: Any) -> Iterator[Agent]:
    yield ledger_agent("minded", tools=["calculator"])


def test_an_answer_to_alice_is_reminded_and_one_to_bob_is_not(
    live_stack: Any, socket_of: Any, llm: Any, hers: Memory, bob: User, alice: User, assistant: Agent
) -> None:
    for _ in range(2):
        llm.reply("Let me think.")

    alices, bobs = socket_of(alice), socket_of(bob)
    alices.answer_to(QUESTION, agent=assistant.slug)
    bobs.answer_to(QUESTION, agent=assistant.slug)

    assert HERS in told(llm, 0)
    assert SECRET not in told(llm, 1)
    assert SECRET not in json.dumps(bobs.events)


def test_a_trace_of_alices_answer_tells_nobody_what_it_was_reminded_of(
    live_stack: Any, socket_of: Any, llm: Any, hers: Memory, alice: User, dana: User, client_of: ClientOf,
    assistant: Agent,
) -> None:  # fmt: skip
    llm.reply("Let me think.")
    socket = socket_of(alice)
    run = socket.ask(QUESTION, agent=assistant.slug)["runId"]
    socket.end(run)

    spans = Trace.objects.get(pk=run).spans.all()
    page = client_of(dana).get(f"/admin/observability/trace/{run}/change/").content.decode()

    assert HERS in told(llm)
    assert "recall" in [span.name for span in spans]
    for payload in Payload.objects.filter(span__in=spans):
        assert SECRET not in json.dumps([payload.input, payload.output, payload.attributes])
    assert SECRET not in page


@pytest.mark.parametrize("how", ["temporary", "paused", "triggered"])
def test_alices_own_answer_is_reminded_of_nothing_where_she_wants_or_sees_none(
    live_stack: Any, llm: Any, hers: Memory, alice: User, assistant: Agent, how: str
) -> None:
    llm.reply("Let me think.")
    if how == "triggered":
        run = triggered(alice, assistant)
    else:
        thread = Thread.objects.create(owner=alice, agent=assistant, is_temporary=how == "temporary")
        if how == "paused":
            pausing.pause(alice.pk)
        run = started(assistant, alice, QUESTION, thread=thread)

    at_rest(live_stack, run)

    assert QUESTION in told(llm)
    assert SECRET not in told(llm)
    assert not Window.objects.filter(run_id=run.pk).exists(), "and nothing said there can be looked up"


def test_a_task_of_bobs_is_not_told_of_alice_and_one_of_hers_is(
    live_stack: Any, llm: Any, hers: Memory, alice: User, bob: User
) -> None:
    ledger_agent("minded-helper", tools=["calculator"])
    manager = ledger_agent("minded-manager", tools=[], children=["minded-helper"])
    for user in (bob, alice):
        llm.asks(call("ask_minded_helper", task=QUESTION))
        llm.reply("I do not know.")
        llm.reply("Nobody knows.")
        run = started(manager, user, QUESTION)
        live_stack.until(lambda run=run: Run.objects.get(pk=run.pk).is_finished, "the team is done")

    bobs, alices = llm.requests[:3], llm.requests[3:]
    assert not any(SECRET in json.dumps(request.body) for request in bobs)
    assert HERS in json.dumps(alices[1].body), "the child answers its root's person"


def test_a_task_below_a_temporary_conversation_is_reminded_of_nothing(
    live_stack: Any, llm: Any, hers: Memory, alice: User
) -> None:
    ledger_agent("minded-helper", tools=["calculator"])
    manager = ledger_agent("minded-manager", tools=[], children=["minded-helper"])
    llm.asks(call("ask_minded_helper", task=QUESTION))
    llm.reply("I do not know.")
    llm.reply("Nobody knows.")
    run = started(manager, alice, QUESTION, thread=Thread.objects.create(owner=alice, agent=manager, is_temporary=True))
    live_stack.until(lambda: Run.objects.get(pk=run.pk).is_finished, "the team is done")

    assert not any(SECRET in json.dumps(request.body) for request in llm.requests)


def test_over_ag_ui_bob_is_not_told_of_alice(
    live_stack: Any, llm: Any, hers: Memory, bob: User, assistant: Agent
) -> None:
    llm.reply("I do not know.")

    events = AguiClient(live_stack, bob, agent=assistant.slug).run(QUESTION).rest()

    assert events[-1]["type"] == "RUN_FINISHED"
    assert SECRET not in told(llm)
    assert SECRET not in json.dumps(events)


def test_a_program_begins_a_temporary_thread_over_ag_ui(
    live_stack: Any, llm: Any, hers: Memory, alice: User, assistant: Agent
) -> None:
    llm.reply("I do not know.")

    AguiClient(live_stack, alice, agent=assistant.slug).run(QUESTION, forwardedProps={"temporary": True}).rest()

    assert Thread.objects.latest("created_at").is_temporary
    assert SECRET not in told(llm)


@pytest.fixture
def rememberer(live_stack: Any) -> Agent:
    return ledger_agent("rememberer", tools=["recall", "remember", "forget"])


def result_of(llm: Any) -> str:
    """What the tool said, as the LLM read it in the last request."""
    return str(llm.requests[-1].messages[-1]["content"])


@pytest.mark.parametrize("query", ["parrot", HERS, ""])
def test_the_tool_finds_what_alice_said_for_her_and_not_for_bob(
    live_stack: Any, llm: Any, hers: Memory, alice: User, bob: User, rememberer: Agent, query: str
) -> None:
    for user, knows_it in ((alice, True), (bob, False)):
        llm.asks(call("recall", query=query))
        llm.reply("So it is.")
        at_rest(live_stack, started(rememberer, user, "Look it up."))
        assert (SECRET in result_of(llm)) is knows_it


@pytest.mark.parametrize("how", ["temporary", "paused", "triggered"])
@pytest.mark.parametrize("tool", ["recall", "remember", "forget"])
def test_the_tools_do_nothing_where_alice_wants_or_sees_none(
    live_stack: Any, llm: Any, hers: Memory, alice: User, rememberer: Agent, how: str, tool: str
) -> None:
    asked = {"recall": {"query": "parrot"}, "remember": {"text": "Likes tea"}, "forget": {"what": "parrot"}}[tool]
    llm.asks(call(tool, **asked))
    llm.reply("I could not.")
    if how == "paused":
        pausing.pause(alice.pk)
    before = rows_of(alice)
    thread = Thread.objects.create(owner=alice, agent=rememberer, is_temporary=how == "temporary")
    run = triggered(alice, rememberer) if how == "triggered" else started(rememberer, alice, "Do it.", thread=thread)

    at_rest(live_stack, run)

    assert SECRET not in result_of(llm)
    assert run.tool_calls.get().status == "failed"
    assert rows_of(alice) == before


def test_bob_forgets_nothing_of_alices(
    live_stack: Any, llm: Any, hers: Memory, alice: User, bob: User, rememberer: Agent
) -> None:
    knows(bob, "Has a parrot called Quillfeather")
    llm.asks(call("forget", what="the parrot"))
    llm.reply("Forgotten.")
    before = rows_of(alice)

    at_rest(live_stack, started(rememberer, bob, "Forget my parrot."))

    assert SECRET not in result_of(llm)
    assert rows_of(alice) == before
    assert not Memory.objects.of(bob.pk).current().exists()


def test_what_one_agent_may_recall_another_is_not_told(
    live_stack: Any, llm: Any, alice: User, assistant: Agent
) -> None:
    knows(alice, HERS, agent_id=ledger_agent("minded-other").pk)
    llm.reply("I do not know.")

    at_rest(live_stack, started(assistant, alice, QUESTION))

    assert SECRET not in told(llm)


def test_deleted_nothing_of_it_is_left_but_the_transcript(
    live_stack: Any, socket_of: Any, llm: Any, alice: User, assistant: Agent
) -> None:
    parrot, second = f"Parrot{uuid4().hex}", f"Parrot{uuid4().hex}"
    llm.reply("Let me think.")
    memory = knows(alice, f"Has a parrot called {parrot}", quote=f"My parrot is called {parrot}")
    socket_of(alice).answer_to(QUESTION, agent=assistant.slug)
    forget.edit(memory, text=f"Has two parrots, {parrot} and {second}", by=alice, reason=f"{second} came")
    spoken = conversation_of(alice, f"About {parrot}")
    said_before(alice, f"Alice: my parrot is called {parrot}", spoken.id)
    assert parrot in told(llm)
    assert {"memory_memory.text", "memory_window.text", "memory_memoryevent.before"} <= places_of(parrot)

    program_for(alice).delete(f"/api/memories/{memory.pk}")
    assert places_of(parrot, second) - {"memory_window.tsv"} == {"chat_conversation.title", "memory_window.text"}

    program_for(alice).delete(f"/api/threads/{spoken.id}")
    assert places_of(parrot, second) == set()


def triggered(user: User, agent: Agent) -> Run:
    trigger = Trigger(name=f"Minded {user.pk}", agent=agent, run_as=user, created_by=user, template=QUESTION)
    give_keys(trigger)
    trigger.save()
    run = fire(trigger, body="{}").run
    assert run
    return run


def places_of(*words: str) -> set[str]:
    """Every column of the database in which one of the words stands, whatever its type."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
            " AND data_type IN ('text', 'character varying', 'jsonb', 'json', 'tsvector', 'ARRAY')"
        )
        found = set()
        for table, column in cursor.fetchall():
            looks = " OR ".join([f'"{column}"::text ILIKE %s'] * len(words))
            cursor.execute(f'SELECT EXISTS (SELECT 1 FROM "{table}" WHERE {looks})', [f"%{word}%" for word in words])
            if cursor.fetchone()[0]:
                found.add(f"{table}.{column}")
    return found
