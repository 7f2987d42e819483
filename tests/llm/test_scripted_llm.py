"""The fake must be believable: the official client is its judge."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import openai
import pytest

from tests.llm import Call, ScriptedLLM, call

ASK: dict[str, Any] = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}]}


@pytest.fixture
def scripted() -> Iterator[ScriptedLLM]:
    server = ScriptedLLM().start()
    yield server
    server.stop()


@pytest.fixture
async def client(scripted: ScriptedLLM) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=scripted.base_url, api_key="sk-test", max_retries=0, timeout=5) as client:
        yield client


async def chunks(client: openai.AsyncOpenAI) -> list[Any]:
    stream = await client.chat.completions.create(**ASK, stream=True, stream_options={"include_usage": True})
    return [chunk async for chunk in stream]


def text_of(chunks: list[Any]) -> str:
    return "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)


async def test_a_reply_is_streamed_in_its_pieces_and_ends_with_reason_and_usage(scripted, client):
    scripted.reply(deltas=("Hel", "lo ", "there"))

    got = await chunks(client)

    assert [choice.delta.content for chunk in got for choice in chunk.choices] == ["Hel", "lo ", "there", None]
    assert got[-2].choices[0].finish_reason == "stop"
    assert got[-1].usage.total_tokens == 30
    assert scripted.requests[0].question == "Hello"
    scripted.assert_complete()


@pytest.mark.parametrize("packets", ["each", "joined", "split"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
async def test_however_the_packets_fall_the_text_is_the_same(scripted, client, packets, line_end):
    scripted.reply("Über große Bögen", packets=packets, line_end=line_end)

    assert text_of(await chunks(client)) == "Über große Bögen"


async def test_without_streaming_the_reply_comes_whole(scripted, client):
    scripted.asks(call("calculator", expression="1+1"), text="One moment.")

    whole = await client.chat.completions.create(**ASK)

    assert whole.choices[0].message.content == "One moment."
    assert whole.choices[0].message.tool_calls[0].function.arguments == '{"expression": "1+1"}'
    assert whole.choices[0].finish_reason == "tool_calls"


@pytest.mark.parametrize(("style", "indexes"), [("counted", [0, 0, 1, 1]), ("zero", [0] * 4), ("omit", [None] * 4)])
async def test_tool_calls_come_in_pieces_with_the_index_the_endpoint_likes(scripted, client, style, indexes):
    scripted.asks(call("calculator", expression="1+1"), Call("current_time", "{}"), tool_index=style)

    deltas = [
        delta for chunk in await chunks(client) for choice in chunk.choices for delta in choice.delta.tool_calls or ()
    ]

    assert [delta.index for delta in deltas] == indexes
    assert "".join(delta.function.arguments for delta in deltas) == '{"expression": "1+1"}{}'


@pytest.mark.parametrize("options", [{"stall_after": 1}, {"pause_after": 1}])
async def test_a_stalled_reply_goes_on_when_it_is_released(scripted, client, options):
    exchange = scripted.reply("one two", **options)
    reading = asyncio.create_task(chunks(client))
    await exchange.held.soon()
    assert not exchange.answered.is_set

    exchange.release()

    assert text_of(await reading) == "one two"
    await exchange.answered.soon()


@pytest.mark.parametrize("options", [{"stall_after": 1}, {"hang": True}, {"comments_only": True}])
async def test_a_client_that_leaves_is_noticed(scripted, client, options):
    exchange = scripted.reply("one two", **options)
    reading = asyncio.create_task(chunks(client))
    await exchange.asked.soon()

    reading.cancel()

    await exchange.client_left.soon()


async def test_a_cut_connection_is_an_error_and_a_clean_early_end_is_none(scripted, client):
    scripted.reply("one two three", cut_after=1)
    scripted.reply("one two three", truncate=True)

    with pytest.raises(openai.APIConnectionError):
        await chunks(client)
    truncated = await chunks(client)

    assert text_of(truncated) == "one two three"
    assert all(choice.finish_reason is None for chunk in truncated for choice in chunk.choices)


async def test_lies_are_told_as_endpoints_tell_them(scripted, client):
    scripted.reply(html=True)
    scripted.reply("one", broken_json=True)
    scripted.reply("one", error_event=True)
    scripted.asks(call("calculator", expression="1+1"), half_arguments=True)

    assert await chunks(client) == []
    with pytest.raises(ValueError, match="Unterminated"):
        await chunks(client)
    with pytest.raises(openai.APIError):
        await chunks(client)
    assert (await chunks(client))[-2].choices[0].finish_reason == "length"


async def test_refusals_carry_their_status_and_how_long_to_wait(scripted, client):
    scripted.fails(429, retry_after=2, error="Too many requests.")
    scripted.fails(500, error_body="plain")

    with pytest.raises(openai.RateLimitError, match="Too many") as refused:
        await chunks(client)
    with pytest.raises(openai.InternalServerError):
        await chunks(client)

    assert refused.value.response.headers["retry-after"] == "2"


async def test_another_key_is_refused_and_the_models_are_listed(scripted, client):
    assert [model.id async for model in client.models.list()] == ["gpt-4o", "gpt-4o-mini"]

    scripted.key = "sk-other"

    with pytest.raises(openai.AuthenticationError):
        await client.models.list()


async def test_what_was_not_written_down_and_what_was_not_asked_for_fail_the_test(scripted, client):
    with pytest.raises(openai.BadRequestError):
        await chunks(client)
    scripted.reply("never asked for")

    with pytest.raises(AssertionError, match=r"without a reply(.|\n)*never asked for"):
        scripted.assert_complete()
