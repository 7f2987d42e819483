"""How often a call is tried, how long it may take, and when an endpoint is left alone."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from agents.models import CallStatus
from agents.tools.base import Effect, OutcomeUnknown, Tool, ToolContext, ToolError, ToolResult, TransientError, tool
from agents.tools.execution import tries
from agents.tools.execution.circuits import FAILURES_TO_OPEN, SECONDS_OPEN, Circuits
from tests.agents.calls import context, result_of


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr(tries, "FIRST_DELAY", 0.001)


@pytest.fixture
def clock(monkeypatch) -> list[float]:
    """The time the circuits go by; a test moves it by hand."""
    now = [0.0]
    monkeypatch.setattr(tries, "circuits", Circuits(lambda: now[0]))
    return now


def scripted(*happenings: Any, **options: Any) -> tuple[Tool, list[ToolContext]]:
    """A tool that returns or raises one of these each time it is tried, and the contexts it was tried with."""
    left, seen = list(happenings), []

    @tool(**{"effect": Effect.READ} | options)
    async def look_up(context: ToolContext) -> Any:
        """Look something up."""
        seen.append(context)
        happening = left.pop(0)
        if isinstance(happening, Exception):
            raise happening
        return happening

    return look_up, seen


@pytest.mark.parametrize("effect", [Effect.READ, Effect.IDEMPOTENT])
async def test_a_passing_failure_is_tried_again_with_the_same_key(effect):
    look_up, seen = scripted(TransientError("busy"), TransientError("still busy"), "found", effect=effect)

    result = await result_of(look_up)

    assert (result.status, result.text) == (CallStatus.SUCCEEDED, "found")
    assert [attempt.error for attempt in result.attempts] == ["busy", "still busy", ""]
    assert len({one.idempotency_key for one in seen}) == 1


async def test_after_three_tries_the_last_failure_counts():
    look_up, seen = scripted(*[TransientError(f"busy {number}") for number in range(5)])

    result = await result_of(look_up)

    assert (result.status, result.text) == (CallStatus.FAILED, "Error: busy 2")
    assert len(seen) == len(result.attempts) == 3


async def test_an_unsafe_call_is_never_tried_again():
    look_up, seen = scripted(TransientError("busy"), "found", effect=Effect.UNSAFE)

    result = await result_of(look_up)

    assert (result.status, result.text) == (CallStatus.FAILED, "Error: busy")
    assert len(seen) == 1


@pytest.mark.parametrize("error", [ToolError("no such room"), KeyError("room")])
async def test_what_was_not_declared_to_pass_is_not_tried_again(error):
    look_up, seen = scripted(error, "found")

    result = await result_of(look_up)

    assert result.status == CallStatus.FAILED
    assert "room" in result.text
    assert len(seen) == 1


async def test_a_tool_may_declare_errors_of_others_as_passing():
    look_up, seen = scripted(ConnectionResetError("reset"), "found", transient=(ConnectionError,))

    assert (await result_of(look_up)).text == "found"
    assert len(seen) == 2


async def test_the_other_side_says_when_to_come_back(monkeypatch):
    monkeypatch.setattr(tries, "FIRST_DELAY", 3600)
    look_up, _ = scripted(TransientError("busy", retry_after=0), "found")

    assert (await result_of(look_up)).text == "found"


@pytest.mark.parametrize("retry_after", [tries.LONGEST_DELAY + 1, 5])
async def test_no_pause_goes_beyond_the_timeout_of_the_call(retry_after):
    look_up, seen = scripted(TransientError("busy", retry_after=retry_after), "found", timeout=5)

    assert (await result_of(look_up)).text == "Error: busy"
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("effect", "status"),
    [
        (Effect.READ, CallStatus.TIMED_OUT),
        (Effect.IDEMPOTENT, CallStatus.TIMED_OUT),
        (Effect.UNSAFE, CallStatus.OUTCOME_UNKNOWN),
    ],
)
async def test_a_call_that_takes_too_long_is_stopped(effect, status):
    stopped = asyncio.Event()

    @tool(effect=effect, timeout=0.01)
    async def waits() -> None:
        """Wait."""
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    result = await result_of(waits)

    assert result.status == status
    assert "longer than 0.01 s" in result.text
    assert stopped.is_set()


async def test_a_function_that_does_not_stop_is_left_behind(monkeypatch, caplog):
    monkeypatch.setattr(tries, "GRACE_SECONDS", 0.01)
    release = asyncio.Event()

    @tool(effect=Effect.READ, timeout=0.01)
    async def stubborn() -> None:
        """Go on."""
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    result = await result_of(stubborn)

    assert result.status == CallStatus.TIMED_OUT
    assert "left behind" in caplog.text
    release.set()


async def test_a_stopped_call_stops_its_function():
    stopped, begun = asyncio.Event(), asyncio.Event()

    @tool(effect=Effect.READ)
    async def waits() -> None:
        """Wait."""
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    task = asyncio.create_task(result_of(waits))
    await begun.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert stopped.is_set()


@pytest.mark.parametrize("error", [OutcomeUnknown("The line went dead."), ConnectionResetError("reset"), KeyError("x")])
async def test_an_unsafe_function_that_broke_off_may_have_taken_effect(error):
    pay, _ = scripted(error, effect=Effect.UNSAFE)

    result = await result_of(pay)

    assert result.status == CallStatus.OUTCOME_UNKNOWN
    assert "Nobody knows yet" in result.text


async def test_an_unsafe_function_that_says_no_has_done_nothing():
    pay, _ = scripted(ToolError("The card is declined."), effect=Effect.UNSAFE)

    result = await result_of(pay)

    assert (result.status, result.text) == (CallStatus.FAILED, "Error: The card is declined.")


async def fail(endpoint: str, times: int, error: Callable[[], Exception]) -> None:
    for _ in range(times):
        await result_of(scripted(error(), endpoint=endpoint, attempts=1)[0])


async def test_an_endpoint_that_fails_five_times_is_left_alone_for_half_a_minute(clock):
    await fail("rooms", FAILURES_TO_OPEN, lambda: TransientError("down"))
    look_up, seen = scripted("found", endpoint="rooms")
    other, _ = scripted("found", endpoint="halls")

    refused = await result_of(look_up)

    assert refused.status == CallStatus.FAILED
    assert "rooms is failing at the moment" in refused.text
    assert "30 s" in refused.text
    assert seen == []
    assert (await result_of(other)).text == "found"

    clock[0] += SECONDS_OPEN
    assert (await result_of(look_up)).text == "found"


async def test_one_probe_goes_first_and_its_failure_closes_the_way_again(clock):
    await fail("rooms", FAILURES_TO_OPEN, lambda: TransientError("down"))
    clock[0] += SECONDS_OPEN
    answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    @tool(effect=Effect.READ, endpoint="rooms", attempts=1)
    async def probe() -> str:
        """Knock."""
        return await answer

    under_way = asyncio.create_task(result_of(probe))
    await asyncio.wait({under_way}, timeout=0.01)
    look_up, seen = scripted("found", endpoint="rooms")
    assert "failing at the moment" in (await result_of(look_up)).text

    answer.set_exception(TransientError("still down"))
    await under_way
    clock[0] += SECONDS_OPEN - 1
    assert "failing at the moment" in (await result_of(look_up)).text
    assert seen == []


async def test_a_probe_that_was_stopped_says_nothing(clock):
    await fail("rooms", FAILURES_TO_OPEN, lambda: TransientError("down"))
    clock[0] += SECONDS_OPEN
    begun = asyncio.Event()

    @tool(effect=Effect.READ, endpoint="rooms")
    async def probe() -> None:
        """Knock."""
        begun.set()
        await asyncio.Event().wait()

    under_way = asyncio.create_task(result_of(probe))
    await begun.wait()
    under_way.cancel()
    await asyncio.gather(under_way, return_exceptions=True)

    assert (await result_of(scripted("found", endpoint="rooms")[0])).text == "found"


async def test_an_endpoint_that_says_no_works(clock):
    await fail("rooms", FAILURES_TO_OPEN - 1, lambda: TransientError("down"))
    await fail("rooms", FAILURES_TO_OPEN, lambda: ToolError("no such room"))
    await fail("rooms", FAILURES_TO_OPEN - 1, lambda: TransientError("down"))

    assert (await result_of(scripted("found", endpoint="rooms")[0])).text == "found"


async def test_an_endpoint_may_follow_from_the_arguments(clock):
    @tool(effect=Effect.READ, attempts=1, endpoint=lambda arguments: arguments.host)
    async def fetch(host: str) -> str:
        """Fetch."""
        if host == "down.example":
            raise TransientError("down")
        return "found"

    for _ in range(FAILURES_TO_OPEN):
        await result_of(fetch, host="down.example")

    assert "down.example is failing" in (await result_of(fetch, host="down.example")).text
    assert (await result_of(fetch, host="up.example")).text == "found"


async def test_a_call_stops_trying_when_its_endpoint_is_given_up(clock):
    await fail("rooms", FAILURES_TO_OPEN - 1, lambda: TransientError("down"))
    look_up, seen = scripted(TransientError("down"), "found", endpoint="rooms")

    assert "failing at the moment" in (await result_of(look_up)).text
    assert len(seen) == 1


async def test_the_other_side_can_tell_what_became_of_a_call():
    async def ask_by_key(given: ToolContext) -> ToolResult | None:
        return ToolResult(CallStatus.SUCCEEDED, f"paid {given.idempotency_key}")

    given = context()
    pay, seen = scripted(effect=Effect.UNSAFE, reconcile=ask_by_key)

    found = await pay.reconciled(given)

    assert found and found.text == f"paid {given.idempotency_key}"
    assert seen == []


async def test_a_person_is_asked_where_nobody_else_can_tell():
    async def cannot(given: ToolContext) -> ToolResult | None:
        raise ConnectionError("away")

    assert await scripted(effect=Effect.UNSAFE)[0].reconciled(context()) is None
    assert await scripted(effect=Effect.UNSAFE, reconcile=cannot)[0].reconciled(context()) is None
