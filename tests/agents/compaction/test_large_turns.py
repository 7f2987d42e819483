"""One turn that is too large by itself, and models that can read less."""

from agents.models import RunStatus
from tests.agents.compaction.talk import BUDGET, SUMMARY, Talk, words
from tests.drills.agents import ledger_agent
from tests.drills.obedient import imbalances
from tests.llm import call


def test_the_oldest_results_of_a_turn_are_left_out_and_the_newest_is_whole(live_stack, llm, alice):
    agent = ledger_agent("reader-of-little", tools=["ledger_read"], memory={"context_tokens": BUDGET})
    notes = [f"note {number} {words(150)}" for number in range(6)]
    for note in notes:
        llm.asks(call("ledger_read", note=note))
    llm.reply("All six are read.")
    talk = Talk(live_stack, llm, alice, agent)

    run = talk.ask("Read them.")

    assert run.status == RunStatus.COMPLETED
    last = llm.requests[-1]
    results = [message["content"] for message in last.messages if message["role"] == "tool"]
    assert imbalances(last.messages) == []
    assert results[-1] == f"done {notes[-1]}"
    assert results[0] == f"[left out: {len(notes[0]) + 5:,} characters of this result]"
    assert run.tool_calls.order_by("message__position").first().result == f"done {notes[0]}"


def test_a_question_that_cannot_fit_is_refused_in_words_before_anybody_is_asked(talk, llm):
    run = talk.ask(words(4_000))

    assert (run.status, run.stop_reason) == (RunStatus.FAILED, "llm_error")
    assert "too long for the model" in run.error
    assert "2,000 fit" in run.error
    assert llm.requests == []


def test_a_model_that_can_read_more_than_it_should_is_given_a_long_question(live_stack, llm, alice):
    agent = ledger_agent("patient", tools=[])
    llm.reply("That was long.")

    run = Talk(live_stack, llm, alice, agent).ask("a " * 30_000)

    assert run.status == RunStatus.COMPLETED


def test_a_small_model_has_a_small_budget(live_stack, llm, alice):
    agent = ledger_agent("small", tools=[], llm_name="gpt-4")  # it is known to take 8,192 tokens
    talk = Talk(live_stack, llm, alice, agent)
    for _ in range(3):
        llm.reply(words(1_200))
        talk.ask(words(1_200))
    llm.reply(SUMMARY)
    llm.reply("Yes.")

    talk.ask("Are you there?")

    assert SUMMARY in llm.requests[-1].messages[0]["content"]
