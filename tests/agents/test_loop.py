"""The loop as whoever iterates it sees it: facts out, no database, a real endpoint at the other end."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

import pytest
from pydantic import Field
from uuid_utils.compat import uuid7

from agents import loop
from agents.context import AgentConfig, RunContext
from agents.facts import CallFinished, CallStarted, Fact, ReplyReceived, RunEnded
from agents.llm.openai import Clocks, OpenAICompatible
from agents.models import CallStatus, Effect, StopReason
from agents.tools.base import Tool, ToolContext, ToolError, tool
from agents.transcript import Answer, Question
from agents.transcript import Call as AskedFor
from tests.llm import Call, ScriptedLLM, call


class Desk:
    """Tools that write down what they did."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.at_once = self.most_at_once = 0
        self.keys: list[Any] = []

    def tools(self) -> list[Tool]:
        @tool(effect=Effect.READ)
        async def note(text: Annotated[str, Field(min_length=1)]) -> str:
            """Write something down."""
            await self._work(text)
            return f"noted {text}"

        @tool(effect=Effect.UNSAFE, is_sequential=True)
        async def alone(context: ToolContext) -> str:
            """Work while nobody else does."""
            self.keys.append(context.idempotency_key)
            await self._work("alone")
            return "done alone"

        @tool(effect=Effect.READ, timeout=0.05)
        async def endless() -> str:
            """Never finish."""
            await asyncio.Event().wait()
            return "unreachable"

        @tool(effect=Effect.READ)
        async def refuse() -> str:
            """Say why not."""
            raise ToolError("the drawer is locked")

        @tool(effect=Effect.READ)
        async def crash() -> str:
            """Have a bug."""
            raise KeyError("drawer")

        @tool(effect=Effect.READ)
        async def copy(times: int = 100_000) -> str:
            """Say it again and again."""
            return "again " * times

        return [note, alone, endless, refuse, crash, copy]

    async def _work(self, text: str) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        for _ in range(5):
            await asyncio.sleep(0)
        self.at_once -= 1
        self.done.append(text)


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
async def ctx(llm: ScriptedLLM, desk: Desk) -> AsyncIterator[RunContext]:
    """Alice's question, and an agent with a desk of tools."""
    clocks = Clocks(connect=1, first_token=1, idle=1, total=5)
    client = OpenAICompatible(base_url=llm.base_url, api_key="sk-test", clocks=clocks)
    agent = AgentConfig(
        slug="clerk",
        name="Clerk",
        version=1,
        instructions="Keep the desk in order.",
        llm_name="gpt-4o",
        fallback_llm_names=(),
        parameters={"temperature": 0.2},
        tools={tool.name: tool for tool in desk.tools()},
        max_turns=5,
        max_tool_calls=6,
    )
    yield RunContext(
        run_id=uuid7(),
        thread_id=uuid7(),
        user_id=1,
        user_name="Alice",
        agent=agent,
        llm=client,
        transcript=[Question("Tidy up, please.")],
        turn=0,
    )
    await client.close()


async def facts_of(ctx: RunContext) -> list[Fact]:
    return [fact async for fact in loop.run(ctx)]


async def results_of(ctx: RunContext) -> list[tuple[str, str]]:
    """How each call ended and what the LLM is told about it, in the order the LLM asked."""
    facts = await facts_of(ctx)
    finished = {fact.call.id: fact.result for fact in facts if isinstance(fact, CallFinished)}
    asked = [call for fact in facts if isinstance(fact, ReplyReceived) for call in fact.answer.calls]
    return [(finished[call.id].status, finished[call.id].text) for call in asked]


def ended(facts: list[Fact]) -> RunEnded:
    """The one end, and nothing after it."""
    assert [type(fact) for fact in facts].count(RunEnded) == 1
    assert isinstance(facts[-1], RunEnded)
    return facts[-1]


async def test_a_question_is_answered_with_the_help_of_a_tool(llm, ctx, desk):
    llm.asks(call("note", text="pens"), text="Let me see.")
    llm.reply("All tidy.")

    facts = await facts_of(ctx)

    assert desk.done == ["pens"]
    assert ended(facts) == RunEnded(StopReason.FINAL)
    first, second = llm.requests
    assert first.messages[0]["role"] == "system"
    assert "Keep the desk in order." in first.messages[0]["content"]
    assert first.question == "Tidy up, please."
    assert first.body["temperature"] == 0.2
    assert "note" in [tool["function"]["name"] for tool in first.body["tools"]]
    asked, result = second.messages[-2:]
    assert asked["content"] == "Let me see."
    assert result == {"role": "tool", "tool_call_id": asked["tool_calls"][0]["id"], "content": "noted pens"}


async def test_a_tool_starts_only_after_its_start_was_told(llm, ctx, desk):
    llm.asks(call("note", text="pens"))
    facts = loop.run(ctx)

    async for fact in facts:
        if isinstance(fact, CallStarted):
            break
    assert fact.call.status == CallStatus.STARTED

    assert desk.done == []
    await facts.aclose()


async def test_calls_of_one_reply_run_together_but_at_most_four_at_once(llm, ctx, desk):
    llm.asks(*(call("note", text=str(number)) for number in range(6)))
    llm.reply("All six.")

    results = await results_of(ctx)

    assert desk.most_at_once == 4
    assert [text for _, text in results] == [f"noted {number}" for number in range(6)]
    told = [message["content"] for message in llm.requests[1].messages if message["role"] == "tool"]
    assert told == [f"noted {number}" for number in range(6)]


async def test_a_sequential_tool_is_alone_and_keeps_the_order(llm, ctx, desk):
    llm.asks(call("note", text="before"), call("alone"), call("note", text="after"))
    llm.reply("Done.")

    await facts_of(ctx)

    assert desk.most_at_once == 1
    assert desk.done == ["before", "alone", "after"]


@pytest.mark.parametrize(
    ("asked", "status", "words"),
    [
        (call("shred", text="all"), CallStatus.INVALID, "no tool named 'shred'"),
        (call("note"), CallStatus.INVALID, "text: Field required"),
        (call("note", text=""), CallStatus.INVALID, "at least 1 character"),
        (call("note", text="pens", colour="red"), CallStatus.INVALID, "colour"),
        (Call("note", '{"text": "pe'), CallStatus.INVALID, "not valid"),
        (Call("note", '["pens"]'), CallStatus.INVALID, "not valid"),
        (call("refuse"), CallStatus.FAILED, "the drawer is locked"),
        (call("crash"), CallStatus.FAILED, "KeyError"),
        (call("endless"), CallStatus.TIMED_OUT, "longer than 0.05 s"),
    ],
    ids=lambda value: value.name if isinstance(value, Call) else str(value),
)
async def test_a_call_that_goes_wrong_is_explained_to_the_llm_which_goes_on(llm, ctx, desk, asked, status, words):
    llm.asks(asked)
    llm.reply("I see.")

    facts = await facts_of(ctx)

    (finished,) = (fact for fact in facts if isinstance(fact, CallFinished))
    assert finished.result.status == status
    assert words in llm.requests[1].messages[-1]["content"]
    assert desk.done == []
    assert ended(facts).stop_reason == StopReason.FINAL


async def test_arguments_cut_off_by_length_are_never_executed(llm, ctx, desk):
    llm.asks(call("note", text="pens and paper"), half_arguments=True)
    llm.reply("I ran out of words.")

    results = await results_of(ctx)

    assert desk.done == []
    assert [status for status, _ in results] == [CallStatus.INVALID]


async def test_a_huge_result_is_cut_for_the_llm(llm, ctx):
    llm.asks(call("copy"))
    llm.reply("That was long.")

    ((_, text),) = await results_of(ctx)

    assert len(text) < 20_000
    assert "600,000 characters" in text


async def test_the_last_turn_is_asked_without_tools_and_ends_the_run(llm, ctx):
    for number in range(4):
        llm.asks(call("note", text=str(number)))
    llm.reply("That is all I know.")

    facts = await facts_of(ctx)

    assert ended(facts) == RunEnded(StopReason.MAX_TURNS)
    assert "tools" not in llm.requests[-1].body
    assert "tools" in llm.requests[-2].body


async def test_an_llm_that_asks_for_tools_although_it_has_none_ends_too(llm, ctx):
    for number in range(5):
        llm.asks(call("note", text=str(number)), text="Once more.")

    facts = await facts_of(ctx)

    assert ended(facts).stop_reason == StopReason.MAX_TURNS
    assert isinstance(ctx.transcript[-1], Answer)
    assert ctx.transcript[-1].calls == []


async def test_no_more_tools_run_than_the_limit_allows(llm, ctx, desk):
    llm.asks(*(call("note", text=str(number)) for number in range(9)))
    llm.reply("Enough.")

    facts = await facts_of(ctx)

    assert len(desk.done) == 6
    assert ended(facts).stop_reason == StopReason.MAX_TOOL_CALLS


async def test_the_same_call_three_times_in_a_row_stops_the_run(llm, ctx, desk):
    for _ in range(3):
        llm.asks(call("note", text="pens"))

    facts = await facts_of(ctx)

    assert desk.done == ["pens", "pens"]
    assert ended(facts).stop_reason == StopReason.REPEATED_CALL
    assert "note" in ended(facts).error


async def test_a_dead_llm_ends_the_run_in_words(llm, ctx, settings):
    settings.LLM_ATTEMPTS = 2
    for _ in range(2):
        llm.fails(503, retry_after=0.01, error="Down for maintenance")

    facts = await facts_of(ctx)

    assert ended(facts).stop_reason == StopReason.LLM_ERROR
    assert "Down for maintenance" in ended(facts).error


async def test_a_run_left_between_two_steps_goes_on_with_the_open_calls_only(llm, ctx, desk):
    finished = AskedFor(uuid7(), "note", '{"text": "pens"}', Effect.READ, CallStatus.SUCCEEDED, "noted pens", attempt=1)
    left = AskedFor(uuid7(), "note", '{"text": "paper"}', Effect.READ, CallStatus.STARTED, attempt=1)
    ctx.transcript.append(Answer("Let me see.", [finished, left]))
    ctx.turn = 1
    llm.reply("All tidy.")

    facts = await facts_of(ctx)

    assert desk.done == ["paper"]
    assert [fact.call.attempt for fact in facts if isinstance(fact, CallFinished)] == [2]
    told = [message["content"] for message in llm.requests[0].messages if message["role"] == "tool"]
    assert told == ["noted pens", "noted paper"]


async def test_a_run_left_just_before_its_end_ends_without_another_answer(llm, ctx):
    ctx.transcript.append(Answer("All tidy."))
    ctx.turn = 5

    facts = await facts_of(ctx)

    assert facts == [RunEnded(StopReason.MAX_TURNS)]
    assert llm.requests == []


async def test_the_key_of_a_call_is_the_same_on_every_attempt(llm, ctx, desk):
    left = AskedFor(uuid7(), "alone", "{}", Effect.IDEMPOTENT)
    keys = []
    for _ in range(2):
        ctx.transcript = [Question("Tidy up, please."), Answer("", [left])]
        left.status = CallStatus.READY
        llm.reply("Done.")
        await facts_of(ctx)
        keys.append(desk.keys.pop())

    assert keys[0] == keys[1]


async def test_closing_the_loop_hangs_up_on_the_llm(llm, ctx):
    exchange = llm.reply("one two three", stall_after=1)
    facts = loop.run(ctx)
    while type(await anext(facts)).__name__ != "TextDelta":
        pass

    await facts.aclose()

    await exchange.client_left.soon()
