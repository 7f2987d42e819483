"""One structured answer of an LLM outside of any run: asked for by a schema, checked, and asked for once more."""

import asyncio
import dataclasses
import json
from contextlib import aclosing
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.conf import settings

from agents import output
from agents.llm import pricing
from agents.llm.base import LLMError, LLMProblem, LLMRequest, Reply
from agents.llm.connection import Connection
from agents.llm.openai import Clocks, OpenAICompatible
from agents.llm.retry import ask
from agents.spans import Timer

TRIES = 2


@dataclass(frozen=True)
class Exchange:
    """One request, and the reply or what went wrong."""

    llm_name: str
    timer: Timer
    reply: Reply | None = None
    error: str = ""
    cost: Decimal | None = None


@dataclass
class Structured:
    """What was answered. No value: `trouble` says why, and a passing one may be over later."""

    provider: str
    value: Any = None
    exchanges: list[Exchange] = field(default_factory=list)
    trouble: str = ""
    is_passing: bool = False

    @property
    def tokens(self) -> int:
        return sum(one.reply.usage.input + one.reply.usage.output for one in self.exchanges if one.reply)

    @property
    def cost(self) -> Decimal | None:
        """None where a price is unknown."""
        costs = [one.cost for one in self.exchanges if one.reply]
        known = [cost for cost in costs if cost is not None]
        return sum(known, Decimal()) if len(known) == len(costs) else None


def answer(request: LLMRequest, connected: Connection, schema: dict[str, Any]) -> Structured:
    """The JSON value an LLM answers with. Blocks, and holds no database connection of its own."""
    return asyncio.run(_answer(request, connected, schema))


async def _answer(request: LLMRequest, connected: Connection, schema: dict[str, Any]) -> Structured:
    llm = OpenAICompatible(base_url=connected.base_url, api_key=connected.api_key, clocks=Clocks.from_settings())
    result = Structured(llm.provider)
    asked = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
    request = dataclasses.replace(request, parameters={**request.parameters, "response_format": asked})
    try:
        for _ in range(TRIES):
            try:
                reply = await _reply(llm, request, result)
            except LLMError as error:
                result.trouble, result.is_passing = error.words, error.is_transient
                if error.problem != LLMProblem.BAD_REQUEST:
                    break
                request = _without_format(request)  # many endpoints know no schemas; the form is checked here anyway
                continue
            result.trouble = output.complaint(schema, reply.text)
            if not result.trouble:
                result.value = json.loads(output.unfenced(reply.text))
                break
            again = [{"role": "assistant", "content": reply.text}, {"role": "user", "content": result.trouble}]
            request = dataclasses.replace(request, messages=[*request.messages, *again])
    finally:
        await llm.close()
    return result


def _without_format(request: LLMRequest) -> LLMRequest:
    rest = {name: value for name, value in request.parameters.items() if name != "response_format"}
    return dataclasses.replace(request, parameters=rest)


async def _reply(llm: OpenAICompatible, request: LLMRequest, result: Structured) -> Reply:
    timer = Timer()
    pieces = ask(llm, request, attempts=settings.LLM_ATTEMPTS, total_seconds=settings.LLM_TOTAL_SECONDS)
    try:
        async with aclosing(pieces):
            async for piece in pieces:
                if isinstance(piece, Reply):
                    timer.stop()
                    cost = pricing.price(piece.llm_name, piece.usage, provider=llm.provider)
                    result.exchanges.append(Exchange(piece.llm_name, timer, piece, cost=cost))
                    return piece
    except LLMError as error:
        timer.stop()
        result.exchanges.append(Exchange(request.llm_name, timer, error=error.words))
        raise
    raise AssertionError("A stream ends with a reply or an error.")
