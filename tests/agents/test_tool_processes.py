"""Blocking tools run in processes that can be killed, and that take nobody along when they die."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from agents.models import CallStatus
from agents.tools.base import ToolError, tool
from tests.agents.calls import context, result_of
from tests.agents.hostile import tools as hostile
from tests.drills.agents import ledger_agent
from tests.llm import call

ROOT = Path(__file__).resolve().parents[2]


def processes_in(file: Path) -> list[psutil.Process]:
    """The tool's process and the one it had started; those that are gone already are left out."""
    return [psutil.Process(int(pid)) for pid in file.read_text().split() if psutil.pid_exists(int(pid))]


def are_gone(file: Path) -> bool:
    """Whether all of them end within a second. What no parent has buried yet is dead all the same."""
    _, left = psutil.wait_procs(processes_in(file), timeout=1)
    return not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in left)


async def test_a_blocking_function_runs_elsewhere_and_knows_for_whom():
    given = context(user_id=7, attempt=3)

    result = await result_of(hostile.blocking_echo, given, text="grüße 😀")

    assert result.status == CallStatus.SUCCEEDED
    told = hostile.read(result.text)
    assert told["process"] != os.getpid()
    assert (told["text"], told["user"], told["attempt"]) == ("grüße 😀", 7, 3)
    assert told["key"] == str(given.idempotency_key)
    assert not any("grüße" in word for word in told["command"])


async def test_a_function_that_hangs_dies_at_its_timeout_with_all_it_started(tmp_path):
    result = await result_of(hostile.hangs, pids=str(tmp_path / "pids"))

    assert result.status == CallStatus.TIMED_OUT
    assert "longer than 0.5 s" in result.text
    assert await asyncio.to_thread(are_gone, tmp_path / "pids")


async def test_nobody_says_an_unsafe_function_failed_that_was_killed(tmp_path):
    timed_out = await result_of(hostile.hangs_unsafely, pids=str(tmp_path / "pids"))
    died = await result_of(hostile.dies_unsafely)

    assert {timed_out.status, died.status} == {CallStatus.OUTCOME_UNKNOWN}
    assert "SIGKILL" in died.text


async def test_a_function_that_is_stopped_dies_at_once(tmp_path):
    pids = tmp_path / "pids"
    under_way = asyncio.create_task(result_of(hostile.hangs_once, pids=str(pids)))
    await asyncio.to_thread(until_written, pids)

    under_way.cancel()
    with pytest.raises(asyncio.CancelledError):
        await under_way

    assert await asyncio.to_thread(are_gone, pids)


async def test_functions_that_hang_leave_the_loop_and_other_functions_alone(tmp_path):
    files = [tmp_path / f"pids-{number}" for number in range(3)]
    hanging = [asyncio.create_task(result_of(hostile.hangs_once, pids=str(file))) for file in files]
    for file in files:
        await asyncio.to_thread(until_written, file)

    result = await result_of(hostile.blocking_echo, text="still here")

    assert result.status == CallStatus.SUCCEEDED
    for task in hanging:
        task.cancel()
    await asyncio.gather(*hanging, return_exceptions=True)


async def test_more_calls_than_there_are_processes_wait_their_turn():
    results = await asyncio.gather(*(result_of(hostile.blocking_echo, text=str(number)) for number in range(40)))

    assert [hostile.read(result.text)["text"] for result in results] == [str(number) for number in range(40)]


@pytest.mark.parametrize(
    ("how", "words"), [("killed", "SIGKILL"), ("exit", "exit code 3"), ("sys.exit", "SystemExit: enough")]
)
async def test_a_process_that_dies_is_a_result_in_words(how, words):
    result = await result_of(hostile.dies, how=how)

    assert result.status == CallStatus.FAILED
    assert words in result.text


@pytest.mark.parametrize(
    ("what", "status", "words"),
    [
        ("ToolError", CallStatus.FAILED, "there is no such room"),
        ("TransientError", CallStatus.FAILED, "busy"),
        ("a bug", CallStatus.FAILED, "KeyError: 'room'"),
    ],
)
async def test_what_it_raises_is_told_as_if_it_ran_here(what, status, words):
    result = await result_of(hostile.raises, what=what)

    assert result.status == status
    assert words in result.text


async def test_an_answer_of_a_gigabyte_costs_its_process_and_not_ours():
    before = psutil.Process().memory_info().rss

    result = await result_of(hostile.returns, what="a gigabyte")

    assert result.status == CallStatus.FAILED
    assert "MB of memory" in result.text
    assert psutil.Process().memory_info().rss - before < 100 * 1024**2


async def test_a_long_answer_is_cut_and_kept_up_to_a_limit():
    result = await result_of(hostile.returns, what="a long text")

    assert result.status == CallStatus.SUCCEEDED
    assert result.whole and len(result.whole) < 2_001_000
    assert "3,000,000 characters" in result.text


async def test_what_it_prints_is_not_its_answer():
    assert (await result_of(hostile.returns, what="noise")).text == "quiet"


def test_a_blocking_function_must_stand_where_it_can_be_found():
    with pytest.raises(TypeError, match="top of its module"):

        @tool()
        def hidden() -> None:
            raise ToolError("never called")


def test_no_process_outlives_a_worker_that_is_killed(tmp_path):
    pids = tmp_path / "pids"
    worker = subprocess.Popen([sys.executable, "-m", "tests.agents.hostile.worker", str(pids)], cwd=ROOT)
    until_written(pids)
    server = psutil.Process(processes_in(pids)[0].ppid())

    worker.send_signal(signal.SIGKILL)
    worker.wait()

    assert are_gone(pids)
    server.wait(timeout=1)


def test_while_a_function_hangs_others_are_answered_and_stop_ends_it(socket_of, llm, alice, bob, tmp_path):
    ledger_agent("hostile", tools=["hangs_once"])
    llm.asks(call("hangs_once", pids=str(tmp_path / "pids")))
    llm.reply("Good morning, Bob.")
    socket = socket_of(alice)
    ack = socket.ask("Hang", agent="hostile")
    until_written(tmp_path / "pids")

    assert socket_of(bob).answer_to("Good morning") == "Good morning, Bob."

    socket.send("run.cancel", runId=ack["runId"])
    assert socket.end(ack["runId"])["outcome"] == {"type": "cancelled"}
    assert are_gone(tmp_path / "pids")


def test_a_worker_killed_with_a_hanging_function_is_replaced(live_stack, socket_of, llm, alice, tmp_path):
    ledger_agent("hostile", tools=["hangs_once"])
    llm.asks(call("hangs_once", pids=str(tmp_path / "pids")))
    llm.reply("It is awake.")
    socket = socket_of(alice)
    ack = socket.ask("Hang", agent="hostile")
    until_written(tmp_path / "pids")

    live_stack.workers[0].kill()
    assert are_gone(tmp_path / "pids")
    live_stack.start_worker()
    socket.end(ack["runId"])

    assert socket.view.run(ack["runId"]).answer == "It is awake."


def test_a_blocking_function_asks_the_database_by_itself(socket_of, llm, alice):
    ledger_agent("asker", tools=["knows_user"])
    llm.asks(call("knows_user"), call("knows_user"))
    llm.reply("You are Alice.")
    socket = socket_of(alice)

    ack = socket.ask("Who am I?", agent="asker")
    socket.end(ack["runId"])

    assert [used.result for used in socket.view.run(ack["runId"]).tools] == [str(alice), str(alice)]


def until_written(file: Path) -> None:
    """Wait for what another process writes."""
    deadline = time.monotonic() + 30
    while not (file.exists() and file.read_text().endswith("\n")):
        assert time.monotonic() < deadline, f"nobody wrote {file.name}"
        time.sleep(0.01)
