"""Makes the tries of one call: each bounded in time, repeated only where that can do no harm, told one by one.

All tries of a call and the pauses between them share its tool's timeout; waiting for a free process does not count.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel

from agents import faults
from agents.models import CallStatus, Effect
from agents.tools.execution import processes
from agents.tools.execution.circuits import circuits
from agents.tools.results import (
    Attempt,
    OutcomeUnknown,
    Rendered,
    ToolError,
    ToolResult,
    TransientError,
    rendered,
)

if TYPE_CHECKING:
    from agents.tools.base import Tool, ToolContext

T = TypeVar("T")
logger = logging.getLogger(__name__)

FIRST_DELAY = 0.5
LONGEST_DELAY = 30.0
GRACE_SECONDS = 1.0  # for a function to end after it was told to

_abandoned: set[asyncio.Future[Rendered]] = set()  # a task nobody holds may be collected while it runs


class TookTooLong(Exception):
    """Our clock ran out, not one of the tool's own."""


async def made(tool: "Tool", arguments: BaseModel, context: "ToolContext") -> ToolResult:
    """The result of a valid call, after as many tries as its tool allows."""
    try:
        endpoint = tool.endpoint_of(arguments)
    except Exception as error:
        return ToolResult.error(CallStatus.FAILED, f"{tool.name} cannot tell whom to ask ({_named(error)}).")
    told: list[Attempt] = []
    left = tool.timeout
    for number in range(1, _most_tries(tool) + 1):
        if endpoint and (pause := circuits.seconds_closed_to(endpoint)):
            return ToolResult.error(CallStatus.FAILED, _closed(endpoint, pause), tuple(told))
        clock = _Clock()
        try:
            value = await _once(tool, arguments, context, left, clock)
        except asyncio.CancelledError:
            _tell(endpoint, circuits.abandoned)
            raise
        except Exception as error:
            told.append(Attempt(_named(error), clock.milliseconds))
            _tell(endpoint, circuits.failed if _counts(tool, error) else circuits.answered)
            left -= clock.seconds
            delay = _delay(tool, error, number)
            if delay is None or delay >= left:
                return _failure(tool, error, tuple(told))
        else:
            told.append(Attempt("", clock.milliseconds))
            _tell(endpoint, circuits.answered)
            return ToolResult.success(value, most=tool.most_characters, attempts=tuple(told))
        left -= delay
        await asyncio.sleep(delay)
    raise AssertionError("The last try returns.")


async def reconciled(tool: "Tool", context: "ToolContext") -> ToolResult | None:
    """What the tool's own `reconcile` says within its timeout; None where it cannot say."""
    assert tool.reconcile is not None
    try:
        async with asyncio.timeout(tool.timeout):
            return await tool.reconcile(context)
    except Exception:  # then a person is asked, which is always right
        logger.exception("%s could not be asked what became of call %s.", tool.name, context.idempotency_key)
        return None


class _Clock:
    """Runs from the moment the function begins."""

    def __init__(self) -> None:
        self.start()

    def start(self) -> None:
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    @property
    def milliseconds(self) -> int:
        return round(self.seconds * 1000)


async def _once(tool: "Tool", arguments: BaseModel, context: "ToolContext", seconds: float, clock: _Clock) -> Rendered:
    if tool.is_blocking:
        async with processes.opened() as process:
            clock.start()
            value = await _within(seconds, process.result_of(tool, arguments, context), tool)
    else:
        value = await _within(seconds, _awaited(tool, arguments, context), tool)
    faults.reach("after_tool_effect")
    return value


async def _awaited(tool: "Tool", arguments: BaseModel, context: "ToolContext") -> Rendered:
    return rendered(await tool.function(**tool.given(arguments, context)))


async def _within(seconds: float, work: Awaitable[Rendered], tool: "Tool") -> Rendered:
    """Its value, if it comes in time. What does not stop when told to is left behind: the run goes on."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task}, timeout=max(seconds, 0))
        if not task.done():
            await _stop(task, tool)
    except asyncio.CancelledError:
        await _stop(task, tool)
        raise
    if not task.done() or task.cancelled():
        raise TookTooLong
    return task.result()


async def _stop(task: "asyncio.Future[Rendered]", tool: "Tool") -> None:
    task.cancel()
    await asyncio.wait({task}, timeout=GRACE_SECONDS)
    if not task.done():
        logger.error("%s does not stop when it is told to; it is left behind.", tool.name)
        _abandoned.add(task)
        task.add_done_callback(_abandoned.discard)
    task.add_done_callback(_read)


def _read(task: "asyncio.Future[Rendered]") -> None:
    """An exception nobody reads would be logged as a surprise."""
    if not task.cancelled():
        task.exception()


def _most_tries(tool: "Tool") -> int:
    return 1 if tool.effect == Effect.UNSAFE else max(tool.attempts, 1)


def _delay(tool: "Tool", error: Exception, number: int) -> float | None:
    """Seconds until the next try; None: there is none."""
    if number >= _most_tries(tool) or not _is_passing(tool, error):
        return None
    asked = error.retry_after if isinstance(error, TransientError) else None
    if asked is not None:
        return asked if asked <= LONGEST_DELAY else None
    return random.uniform(0, min(LONGEST_DELAY, FIRST_DELAY * 2 ** (number - 1)))  # noqa: S311 - jitter, no secret


def _counts(tool: "Tool", error: Exception) -> bool:
    return isinstance(error, TookTooLong) or _is_passing(tool, error)


def _is_passing(tool: "Tool", error: Exception) -> bool:
    return isinstance(error, processes.PassingFailure) or tool.is_transient(error)


def _failure(tool: "Tool", error: Exception, told: tuple[Attempt, ...]) -> ToolResult:
    """What the last error means. Of an `unsafe` tool only its own ToolError says that nothing was done."""
    if isinstance(error, ToolError):
        return ToolResult.error(CallStatus.FAILED, str(error), told)
    if isinstance(error, processes.NotStarted):
        return ToolResult.error(CallStatus.FAILED, f"{tool.name} was not started: {error}.", told)
    if tool.effect == Effect.UNSAFE:
        return ToolResult.error(CallStatus.OUTCOME_UNKNOWN, _unknown(tool, error), told)
    if isinstance(error, TookTooLong):
        return ToolResult.error(CallStatus.TIMED_OUT, _too_long(tool), told)
    return ToolResult.error(CallStatus.FAILED, f"{tool.name} failed ({_named(error)})", told)


def _unknown(tool: "Tool", error: Exception) -> str:
    if isinstance(error, OutcomeUnknown):
        reason = str(error)
    else:
        reason = _too_long(tool) if isinstance(error, TookTooLong) else f"{tool.name} broke off ({_named(error)})."
    return f"{reason} Nobody knows yet whether it took effect."


def _too_long(tool: "Tool") -> str:
    return f"{tool.name} took longer than {tool.timeout:g} s and was stopped."


def _closed(endpoint: str, seconds: float) -> str:
    return f"{endpoint} is failing at the moment and was not asked; it may be tried again in {seconds:.0f} s."


def _named(error: Exception) -> str:
    if isinstance(error, TookTooLong):
        return "took too long"
    if isinstance(error, ToolError | OutcomeUnknown | processes.ProcessError):
        return str(error)
    words = str(error)
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


def _tell(endpoint: str | None, word: Callable[[str], None]) -> None:
    if endpoint:
        word(endpoint)
