"""What is known about Alice reaches nobody else in an answer, by a tool or in a trace."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from accounts.models import User
from agents.models import Agent, Run, Thread
from memory import forget, pausing
from memory.models import Memory, Window
from observability.models import Payload, Trace
from tests.agents.running import at_rest, started
from tests.api.agui_client import Client as AguiClient
from tests.api.programs import program_for
from tests.cast import person
from tests.chat.knowing import conversation_of, knows, said_before
from tests.drills.agents import ledger_agent
from tests.llm import call
from tests.memory.parrot import HERS, QUESTION, SECRET, parrot_of, places_of, rows_of, told, triggered

ClientOf = Callable[[User], Client]


@pytest.fixture
def hers(alice: User) -> Memory:
    return parrot_of(alice)


@pytest.fixture
def assistant(live_stack: Any) -> Agent:
    return ledger_agent("minded", tools=["calculator"])


@pytest.fixture
def practised(live_stack: Any, llm: Any, assistant: Agent) -> None:
    """The worker has looked something up before: it loads a model for that, for which an answer may not wait."""
    somebody = person("Somebody")
    knows(somebody, HERS)

    def is_reminded() -> bool:
        llm.reply("Let me think.")
        at_rest(live_stack, started(assistant, somebody, QUESTION))
        return SECRET in told(llm)

    live_stack.until(is_reminded, "an answer is reminded of something")
    llm.forget()


def test_an_answer_to_alice_is_reminded_and_one_to_bob_is_not(
    live_stack: Any, practised: None, socket_of: Any, llm: Any, hers: Memory, bob: User, alice: User, assistant: Agent
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
    live_stack: Any, practised: None, socket_of: Any, llm: Any, hers: Memory, alice: User, dana: User,
    client_of: ClientOf, assistant: Agent,
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
    live_stack: Any, practised: None, llm: Any, hers: Memory, alice: User, bob: User
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
    live_stack: Any, practised: None, llm: Any, hers: Memory, alice: User, bob: User, rememberer: Agent, query: str
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
    live_stack: Any, practised: None, socket_of: Any, llm: Any, alice: User, assistant: Agent
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
