"""The client of an OpenAI-compatible endpoint, against endpoints good and bad."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from agents.llm.base import AskedCall, LLMError, LLMProblem, LLMRequest, Reply, TextDelta
from agents.llm.openai import MOST_CHARACTERS, Clocks, OpenAICompatible
from tests import loopback
from tests.llm import Call, ScriptedLLM, call

HELLO = LLMRequest("gpt-4o", [{"role": "user", "content": "Hello"}])
QUICK = Clocks(connect=0.3, first_token=0.3, idle=0.3, total=2)


@pytest.fixture
async def client(llm: ScriptedLLM) -> AsyncIterator[OpenAICompatible]:
    client = OpenAICompatible(base_url=llm.base_url, api_key="sk-secret", clocks=QUICK)
    yield client
    await client.close()


async def answer(client: OpenAICompatible) -> tuple[str, Reply]:
    """The text as it was streamed, and the reply at the end."""
    async with aclosing(client.stream(HELLO)) as stream:
        *pieces, reply = [piece async for piece in stream]
    assert isinstance(reply, Reply)
    return "".join(piece.text for piece in pieces if isinstance(piece, TextDelta)), reply


async def problem(client: OpenAICompatible) -> LLMError:
    with pytest.raises(LLMError) as caught:
        await answer(client)
    assert caught.value.words
    assert "sk-secret" not in f"{caught.value} {caught.value.words}"
    return caught.value


@pytest.mark.parametrize("packets", ["each", "joined", "split"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
async def test_the_text_is_the_same_however_it_travels(llm, client, packets, line_end):
    llm.reply("Über große Bögen 🌉", packets=packets, line_end=line_end, cached_tokens=5)

    streamed, reply = await answer(client)

    assert streamed == reply.text == "Über große Bögen 🌉"
    assert reply.finish_reason == "stop"
    assert (reply.usage.input, reply.usage.cached, reply.usage.output) == (20, 5, 10)
    assert not reply.usage.is_estimated


@pytest.mark.parametrize("style", ["counted", "zero", "omit"])
async def test_tool_calls_are_put_together_whatever_index_they_carry(llm, client, style):
    llm.asks(
        call("calculator", expression="1+1"),
        Call("current_time", "{}", id="call_b"),
        call("calculator", expression="2+2"),
        tool_index=style,
    )

    _, reply = await answer(client)

    assert reply.calls == (
        AskedCall("call_0", "calculator", '{"expression": "1+1"}'),
        AskedCall("call_b", "current_time", "{}"),
        AskedCall("call_2", "calculator", '{"expression": "2+2"}'),
    )


@pytest.mark.parametrize(
    ("script", "expected", "is_transient"),
    [
        ({"truncate": True}, LLMProblem.BROKEN_REPLY, True),
        ({"cut_after": 1}, LLMProblem.BROKEN_REPLY, True),
        ({"cut_after": 0}, LLMProblem.BROKEN_REPLY, True),
        ({"broken_json": True}, LLMProblem.BROKEN_REPLY, True),
        ({"html": True}, LLMProblem.BROKEN_REPLY, True),
        ({"deltas": ()}, LLMProblem.BROKEN_REPLY, True),
        ({"error_event": True}, LLMProblem.SERVER_ERROR, True),
        ({"comments_only": True}, LLMProblem.SLOW, True),
        ({"stall_after": 0}, LLMProblem.SLOW, True),
        ({"stall_after": 1}, LLMProblem.SLOW, True),
        ({"hang": True}, LLMProblem.SLOW, True),
        ({"deltas": ("slow ",) * 20, "delay": 0.2}, LLMProblem.SLOW, True),
        ({"status": 500}, LLMProblem.SERVER_ERROR, True),
        ({"status": 503, "error_body": "plain"}, LLMProblem.SERVER_ERROR, True),
        ({"status": 429}, LLMProblem.RATE_LIMITED, True),
        ({"status": 401}, LLMProblem.REFUSED_KEY, False),
        ({"status": 403, "error_body": "plain"}, LLMProblem.REFUSED_KEY, False),
        ({"status": 404}, LLMProblem.UNKNOWN_LLM, False),
        ({"status": 400}, LLMProblem.BAD_REQUEST, False),
    ],
    ids=str,
)
async def test_no_bad_endpoint_passes_for_a_good_one(llm, client, script, expected, is_transient):
    llm.reply("one two three", **script)

    error = await problem(client)

    assert (error.problem, error.is_transient) == (expected, is_transient)


async def test_a_refusal_says_how_long_to_wait_and_why(llm, client):
    llm.fails(429, retry_after=7, error="Your organisation has used its quota")

    error = await problem(client)

    assert error.retry_after == 7
    assert "Your organisation has used its quota" in error.words


async def test_an_address_where_nobody_listens_is_said_to_be_unreachable():
    nobody = OpenAICompatible(base_url=f"http://127.0.0.1:{loopback.free_port()}/v1", api_key="sk-secret", clocks=QUICK)

    error = await problem(nobody)

    assert (error.problem, error.is_transient) == (LLMProblem.UNREACHABLE, True)


async def test_tool_arguments_cut_off_by_length_are_told_as_such(llm, client):
    llm.asks(call("calculator", expression="1+1"), half_arguments=True)

    _, reply = await answer(client)

    assert reply.finish_reason == "length"
    assert reply.calls[0].raw_arguments == '{"expressi'


async def test_an_endless_answer_is_stopped(llm, client):
    exchange = llm.reply(deltas=("x" * 50_000,) * (MOST_CHARACTERS // 50_000 + 2), stall_after=9)
    exchange.release()

    error = await problem(client)

    assert (error.problem, error.is_transient) == (LLMProblem.BROKEN_REPLY, False)


async def test_usage_that_is_left_out_is_counted_and_marked_as_an_estimate(llm, client):
    llm.reply("Hello, how are you today?", omit_usage=True)

    _, reply = await answer(client)

    assert reply.usage.is_estimated
    assert reply.usage.input > 0
    assert 4 <= reply.usage.output <= 12


async def test_closing_the_stream_hangs_up_on_the_llm(llm, client):
    exchange = llm.reply("one two three", stall_after=1)
    stream = client.stream(HELLO)
    assert await anext(stream) == TextDelta("one")

    await stream.aclose()

    await exchange.client_left.soon()


async def test_cancelling_a_reader_hangs_up_on_the_llm(llm, client):
    exchange = llm.reply("one two three", hang=True)
    reading = asyncio.create_task(answer(client))
    await exchange.asked.soon()

    reading.cancel()

    await exchange.client_left.soon()


async def test_one_connection_serves_one_answer_after_the_other(llm, client):
    for number in range(3):
        llm.reply(f"answer {number}")

    for _ in range(3):
        await answer(client)

    assert llm.connections == 1
