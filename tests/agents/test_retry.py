"""The one retry layer, against a real endpoint. `retry-after` keeps the waits short."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from agents.llm.base import LLMError, LLMProblem, LLMRequest, Reply, TextDelta
from agents.llm.openai import Clocks, OpenAICompatible
from agents.llm.retry import AttemptFailed, AttemptStarted, ask
from tests.llm import ScriptedLLM

HELLO = LLMRequest("gpt-4o", [{"role": "user", "content": "Hello"}])
SOON = {"retry_after": 0.01}


@pytest.fixture
async def client(llm: ScriptedLLM) -> AsyncIterator[OpenAICompatible]:
    client = OpenAICompatible(
        base_url=llm.base_url, api_key="sk-test", clocks=Clocks(connect=1, first_token=1, idle=1, total=5)
    )
    yield client
    await client.close()


async def asked(client: OpenAICompatible, **options: Any) -> tuple[list[Any], LLMError | None]:
    """Everything that happened, and the error it ended with."""
    happened = []
    try:
        async for piece in ask(client, HELLO, **{"attempts": 3, "total_seconds": 10} | options):
            happened.append(piece)
    except LLMError as error:
        return happened, error
    return happened, None


def kinds(happened: list[Any]) -> list[type]:
    return [type(piece) for piece in happened]


async def test_a_passing_failure_is_told_and_tried_again(llm, client):
    llm.fails(503, **SOON)
    llm.fails(429, **SOON)
    llm.reply("Hello")

    happened, error = await asked(client)

    assert error is None
    assert kinds(happened) == [AttemptStarted, AttemptFailed] * 2 + [AttemptStarted, TextDelta, Reply]
    assert [failed.attempt for failed in happened if isinstance(failed, AttemptFailed)] == [1, 2]
    assert happened[1].delay == pytest.approx(0.01)


async def test_after_the_last_try_the_last_error_is_raised(llm, client):
    for _ in range(3):
        llm.fails(500, **SOON)

    happened, error = await asked(client)

    assert error and error.problem == LLMProblem.SERVER_ERROR
    assert happened[-1].delay is None


async def test_a_refused_key_is_not_tried_again(llm, client):
    llm.fails(401)

    _, error = await asked(client, fallbacks=("gpt-4o-mini",))

    assert error and error.problem == LLMProblem.REFUSED_KEY
    assert len(llm.requests) == 1


async def test_a_provider_that_asks_for_an_hour_has_said_no(llm, client):
    llm.fails(429, retry_after=3600)

    _, error = await asked(client)

    assert error and error.problem == LLMProblem.RATE_LIMITED
    assert len(llm.requests) == 1


async def test_the_fallback_models_are_asked_once_each_after_the_tries(llm, client):
    for _ in range(3):
        llm.fails(503, **SOON)
    llm.reply("Hello from the other one")

    happened, error = await asked(client, attempts=2, fallbacks=("small", "tiny"))

    assert error is None
    assert [request.body["model"] for request in llm.requests] == ["gpt-4o", "gpt-4o", "small", "tiny"]
    assert happened[-1].text == "Hello from the other one"


async def test_a_stream_that_breaks_in_the_middle_is_told_before_the_next_try(llm, client):
    llm.reply("one two three", cut_after=1)
    llm.reply("four")

    happened, error = await asked(client)

    assert error is None
    texts = [getattr(piece, "text", type(piece).__name__) for piece in happened]
    assert texts == ["AttemptStarted", "one", "AttemptFailed", "AttemptStarted", "four", "four"]
