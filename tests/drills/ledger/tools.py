"""One tool for each promise about effects. With `gate`, it stays under way after its effect until the gate is open."""

import asyncio
import os
import signal
import time

from agents.models import Effect
from agents.tools.base import ToolContext, tool
from tests.drills.ledger import book


@tool(effect=Effect.READ)
async def ledger_read(context: ToolContext, note: str, gate: str = "") -> str:
    """Look something up."""
    return await _do("ledger_read", context, note, gate)


@tool(effect=Effect.READ)
async def ledger_nap(context: ToolContext, note: str, seconds: float) -> str:
    """Look something up that takes that long."""
    await asyncio.sleep(seconds)
    return await _do("ledger_nap", context, note, "")


@tool(effect=Effect.IDEMPOTENT)
async def ledger_idempotent(context: ToolContext, note: str, gate: str = "") -> str:
    """Set something to a value."""
    return await _do("ledger_idempotent", context, note, gate)


@tool(effect=Effect.UNSAFE)
async def ledger_unsafe(context: ToolContext, note: str, gate: str = "") -> str:
    """Pay somebody."""
    return await _do("ledger_unsafe", context, note, gate)


@tool(effect=Effect.UNSAFE)
def ledger_blocking(context: ToolContext, note: str, gate: str = "") -> str:
    """Pay somebody, in a process of its own."""
    _write("ledger_blocking", context, note)
    while gate and not book.gate(gate).exists():
        time.sleep(0.02)
    return f"done {note}"


@tool(effect=Effect.READ)
async def ledger_poison(context: ToolContext, note: str, cure: str) -> str:
    """Kill the process this runs in, unless the gate named by `cure` is open."""
    _write("ledger_poison", context, note)
    if not book.gate(cure).exists():
        os.kill(os.getpid(), signal.SIGKILL)
    return f"survived {note}"


async def _do(name: str, context: ToolContext, note: str, gate: str) -> str:
    _write(name, context, note)
    while gate and not book.gate(gate).exists():  # noqa: ASYNC110 - the gate is opened by another process
        await asyncio.sleep(0.02)
    return f"done {note}"


def _write(name: str, context: ToolContext, note: str) -> None:
    run, key = str(context.run_id), str(context.idempotency_key)
    book.write(book.Execution(tool=name, note=note, run=run, key=key, attempt=context.attempt, pid=os.getpid()))
