"""The loop with a long transcript in its hands, and no rows behind it."""

from collections.abc import AsyncIterator

import pytest
from uuid_utils.compat import uuid7

from agents import loop
from agents.context import AgentConfig, RunContext
from agents.facts import Fact, ReplyReceived, SummaryReceived, TurnStarted
from agents.llm.base import LLM
from agents.llm.demo import DemoLLM
from agents.llm.openai import Clocks, OpenAICompatible
from agents.memory_settings import MemorySettings
from agents.transcript import Answer, Entry, Question
from tests.agents.compaction.talk import BUDGET, NEEDLE, size, words


@pytest.fixture
async def endpoint(llm) -> AsyncIterator[OpenAICompatible]:
    clocks = Clocks(connect=1, first_token=1, idle=1, total=5)
    client = OpenAICompatible(base_url=llm.base_url, api_key="sk-test", clocks=clocks)
    yield client
    await client.close()


def context(llm: LLM, transcript: list[Entry], *, budget: int | None = BUDGET) -> RunContext:
    agent = AgentConfig(
        slug="clerk",
        name="Clerk",
        version=1,
        instructions="Be brief.",
        llm_name="gpt-4o",
        fallback_llm_names=(),
        parameters={"temperature": 0.2, "response_format": {"type": "text"}, "max_tokens": 50},
        tools={},
        max_turns=5,
        max_tool_calls=6,
        memory=MemorySettings(context_tokens=budget),
    )
    return RunContext(
        run_id=uuid7(),
        thread_id=uuid7(),
        user_id=1,
        user_name="Alice",
        agent=agent,
        llm=llm,
        transcript=transcript,
        turn=0,
    )


def long_talk(turns: int) -> list[Entry]:
    """Turns of some two hundred tokens, the needle in the first, and one more question."""
    said: list[Entry] = [Question(f"{NEEDLE} {words(100)}"), Answer(words(100))]
    for number in range(1, turns):
        said += [Question(f"Question {number}. {words(100)}"), Answer(words(100))]
    return [*said, Question("Which locker is mine?")]


async def facts_of(ctx: RunContext) -> list[Fact]:
    return [fact async for fact in loop.run(ctx)]


async def test_what_is_too_long_to_be_summarised_at_once_is_summarised_bit_by_bit(llm, endpoint):
    for number in range(4):
        llm.reply(f"Summary {number}.")
    llm.reply("It is 4711.")

    facts = await facts_of(context(endpoint, long_talk(30)))

    made = [fact.summary for fact in facts if isinstance(fact, SummaryReceived)]
    assert len(made) == 4
    llm_was_shown = [request.messages[-1]["content"] for request in llm.requests[:-1]]
    assert NEEDLE in llm_was_shown[0]
    for number, shown in enumerate(llm_was_shown[1:]):
        assert f"Summary {number}." in shown
    last = made[-1]
    assert last is not None
    assert last.text in llm.requests[-1].messages[0]["content"]
    assert max(map(size, llm.requests)) <= BUDGET
    whole = len(llm.requests[-1].messages) - 1
    assert last.turns == 31 - (whole + 1) // 2


async def test_the_llm_is_spoken_to_as_the_agent_does_but_not_about_the_form_of_answers(llm, endpoint):
    llm.reply("A summary.")
    llm.reply("It is 4711.")

    await facts_of(context(endpoint, long_talk(11)))

    body = llm.requests[0].body
    assert (body["model"], body["temperature"]) == ("gpt-4o", 0.2)
    assert not {"response_format", "max_tokens", "tools"} & body.keys()


async def test_a_summary_that_is_too_long_is_cut(llm, endpoint):
    llm.reply(words(3_000))
    llm.reply("It is 4711.")

    facts = await facts_of(context(endpoint, long_talk(11)))

    (made,) = (fact.summary for fact in facts if isinstance(fact, SummaryReceived))
    assert made is not None
    assert made.tokens <= BUDGET // 12 + 2
    assert size(llm.requests[-1]) <= BUDGET


async def test_a_short_conversation_is_sent_whole(llm, endpoint):
    llm.reply("It is 4711.")

    await facts_of(context(endpoint, long_talk(2), budget=None))

    assert len(llm.requests[0].messages) == 6


async def test_the_demo_model_summarises_by_its_rules():
    ctx = context(DemoLLM(seconds_per_word=0), long_talk(12))

    facts = await facts_of(ctx)

    (made,) = (fact.summary for fact in facts if isinstance(fact, SummaryReceived))
    assert made is not None
    assert f"The person said: {NEEDLE}" in made.text
    (turn,) = (fact for fact in facts if isinstance(fact, TurnStarted))
    assert made.text in turn.request.messages[0]["content"]
    assert [type(fact) for fact in facts].count(ReplyReceived) == 1
