"""The tools `remember` and `forget`, as an LLM asks for them in a real run."""

import json

import pytest

from agents.models import Agent, Run, RunStatus, Thread
from memory import pausing
from memory.models import Memory, MemoryEvent, MemoryStatus
from tests.agents.running import at_rest, started
from tests.drills.talk import let_leases_run_out
from tests.learning.talking import agent
from tests.llm import call


@pytest.fixture
def listener(live_stack) -> Agent:
    found = agent("memory-keeper")
    found.live.tools = ["remember", "forget"]
    found.live.save()
    return found


@pytest.fixture
def run_of(live_stack, llm, listener):
    """Has a person ask for something, and the LLM call these tools for it."""

    def running(user, text: str, *calls, thread: Thread | None = None) -> Run:
        for each in calls:
            llm.asks(each)
        llm.reply("Done.")
        run = at_rest(live_stack, started(listener, user, text, thread=thread))
        assert run.status == RunStatus.COMPLETED, run.error
        return run

    return running


def result(run: Run, number: int = 0) -> str:
    return run.tool_calls.order_by("message__position", "position")[number].result


def known(user) -> list[str]:
    return list(Memory.objects.of(user.pk).current().order_by("created_at").values_list("text", flat=True))


def test_what_somebody_asks_to_remember_is_known_at_once_and_says_what_it_replaced(run_of, alice, bob):
    run_of(alice, "I live in Rome, remember that.", call("remember", text="Lives in Rome", key="home", value="Rome"))

    again = run_of(
        alice, "I moved to Oslo, remember it.", call("remember", text="Lives in Oslo", key="home", value="Oslo")
    )

    assert json.loads(result(again)) == {"remembered": ["Lives in Oslo"], "in_the_place_of": ["Lives in Rome"]}
    assert known(alice) == ["Lives in Oslo"]
    assert known(bob) == []
    memory = Memory.objects.of(alice.pk).current().get()
    assert (memory.origin, memory.thread_id, memory.quote) == (
        "asked",
        again.thread_id,
        "I moved to Oslo, remember it.",
    )


def test_asked_for_twice_in_one_answer_it_is_remembered_once(run_of, alice):
    tea = call("remember", text="Likes tea")

    run = run_of(alice, "Remember that I like tea.", tea, call("remember", text="likes tea."))

    assert result(run, 1) == result(run, 0)
    memory = Memory.objects.of(alice.pk).get()
    assert memory.times_said == 1
    assert MemoryEvent.objects.filter(memory_id=memory.pk).count() == 1


def test_a_password_is_not_remembered_whoever_asks(run_of, alice):
    run = run_of(alice, "Remember my password.", call("remember", text="The password is hunter2"))

    assert "not remembered" in result(run)
    assert known(alice) == []


def test_one_thing_is_forgotten_and_of_several_the_person_is_asked_which(run_of, alice, bob):
    for text in ("Plays chess on Mondays", "Plays tennis on Mondays"):
        run_of(alice, f"Remember: {text}", call("remember", text=text))
    run_of(bob, "Remember it.", call("remember", text="Plays chess on Mondays"))

    unsure = run_of(alice, "Forget what I play.", call("forget", what="what I play on Mondays"))
    sure = run_of(alice, "The chess.", call("forget", what="chess"))

    assert sorted(json.loads(result(unsure))["which_one"]) == ["Plays chess on Mondays", "Plays tennis on Mondays"]
    assert json.loads(result(sure))["forgotten"] == "Plays chess on Mondays"
    assert known(alice) == ["Plays tennis on Mondays"]
    assert known(bob) == ["Plays chess on Mondays"]
    gone = Memory.objects.of(alice.pk).get(status=MemoryStatus.ARCHIVED)
    assert MemoryEvent.objects.filter(memory_id=gone.pk, operation="archived", actor=alice).exists()


@pytest.mark.parametrize("what", ["my boat", "everything"])
def test_what_is_not_known_and_everything_at_once_is_not_forgotten(run_of, alice, what):
    run_of(alice, "Remember it.", call("remember", text="Has a dog called Rex"))

    run = run_of(alice, "Forget it.", call("forget", what=what))

    assert result(run).startswith("Error: Nothing was forgotten.")
    assert known(alice) == ["Has a dog called Rex"]


@pytest.mark.parametrize(("tool", "given"), [("remember", {"text": "Likes tea"}), ("forget", {"what": "Likes cocoa"})])
def test_paused_or_in_a_temporary_conversation_both_are_refused_in_words(run_of, alice, listener, tool, given):
    run_of(alice, "Remember it.", call("remember", text="Likes cocoa"))
    temporary = Thread.objects.create(owner=alice, agent=listener, is_temporary=True)
    run = run_of(alice, "Do it.", call(tool, **given), thread=temporary)
    assert "This conversation is temporary" in result(run)

    pausing.pause(alice.pk)
    run = run_of(alice, "Do it.", call(tool, **given))
    assert "paused their memory" in result(run)

    assert Memory.objects.of(alice.pk).get().status == MemoryStatus.ACTIVE


def test_what_was_asked_for_is_not_learned_a_second_time(run_of, alice, settings):
    from agents.learning.job import learn_waiting
    from agents.models import Reading

    settings.MEMORY_EXTRACTION, settings.EMBEDDING_MODEL = "rules", "none"
    run = run_of(alice, "Remember that I work at Acme.", call("remember", text="I work at Acme"))
    learn_waiting()
    Reading.objects.filter(thread=run.thread).update(last_finished_at="2026-01-01T00:00Z")

    learn_waiting()

    memory = Memory.objects.of(alice.pk).get()
    assert (memory.text, memory.times_said, memory.origin) == ("Works at Acme", 1, "asked")


@pytest.mark.parametrize("tool", ["remember", "forget"])
def test_done_again_because_its_worker_died_it_is_done_once(live_stack, llm, listener, run_of, alice, tool):
    run_of(alice, "Remember it.", call("remember", text="Plays chess"))
    for worker in live_stack.workers:
        worker.kill()
    doomed = live_stack.start_worker(wait=False, fault="before_result_commit")
    llm.asks(call("remember", text="Likes tea") if tool == "remember" else call("forget", what="chess"))
    llm.reply("Done.")
    run = started(listener, alice, "I like tea, and I play no chess any more.")
    live_stack.until(lambda: not doomed.is_running, "the worker dies after the tool has done it")
    let_leases_run_out(live_stack)
    live_stack.start_worker(wait=False)

    run = at_rest(live_stack, run)

    assert run.tool_calls.get().attempt == 2
    assert not result(run).startswith("Error")
    assert known(alice) == (["Plays chess", "Likes tea"] if tool == "remember" else [])
    assert MemoryEvent.objects.filter(user=alice).count() == 2
