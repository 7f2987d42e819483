"""The one retry layer around LLM calls: exponential backoff with full jitter, `retry-after` honoured, fallbacks."""

import asyncio
import dataclasses
import random
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from agents.llm.base import LLM, LLMError, LLMRequest, Reply, TextDelta

FIRST_DELAY = 0.5
LONGEST_DELAY = 20.0
LONGEST_PATIENCE = 60.0  # a provider that asks for more has said no


@dataclass(frozen=True)
class AttemptFailed:
    """One try that brought no reply. `delay` is in seconds; None: it was the last one."""

    attempt: int
    of: int
    llm_name: str
    error: LLMError
    delay: float | None


@dataclass(frozen=True)
class AttemptStarted:
    attempt: int
    llm_name: str


async def ask(
    llm: LLM, request: LLMRequest, *, attempts: int, total_seconds: float, fallbacks: tuple[str, ...] = ()
) -> AsyncGenerator[AttemptStarted | TextDelta | AttemptFailed | Reply]:
    """Stream a reply, trying again after passing failures; each failed try is told before the next begins.

    Tries `attempts` times, then once with each fallback model while the trouble is one of availability, within
    `total_seconds` in all. Raises the last `LLMError`.
    """
    give_up_at = time.monotonic() + total_seconds
    names = [request.llm_name] * attempts + list(fallbacks)
    for attempt, llm_name in enumerate(names, start=1):
        yield AttemptStarted(attempt, llm_name)
        try:
            async with aclosing(llm.stream(dataclasses.replace(request, llm_name=llm_name))) as pieces:
                async for piece in pieces:
                    yield piece
            return
        except LLMError as error:
            delay = _delay(attempt, error) if attempt < len(names) else None
            if delay is not None and time.monotonic() + delay >= give_up_at:
                delay = None
            yield AttemptFailed(attempt, len(names), llm_name, error, delay)
            if delay is None:
                raise
        await asyncio.sleep(delay)


def _delay(attempt: int, error: LLMError) -> float | None:
    if not error.is_transient:
        return None
    if error.retry_after is not None:
        return error.retry_after if error.retry_after <= LONGEST_PATIENCE else None
    return random.uniform(0, min(LONGEST_DELAY, FIRST_DELAY * 2 ** (attempt - 1)))  # noqa: S311 - jitter, no secret
