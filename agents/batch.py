"""Runs the tool calls of one reply: up to four at once, a sequential tool alone, each result told as it comes."""

import asyncio
import uuid
from collections import deque
from collections.abc import AsyncGenerator

from agents.context import RunContext
from agents.facts import CallFinished, CallStarted, HandedOver, TaskGiven
from agents.models import CallStatus
from agents.prompt import withdrawn_tools
from agents.teams import HAND_OFF, MOST_CHILDREN, HandOff, Task
from agents.tools.base import ToolContext, ToolResult, unknown_tool
from agents.transcript import Call, awaited_calls, calls_of_run, startable_calls

MOST_AT_ONCE = 4


async def execute(ctx: RunContext) -> AsyncGenerator[CallStarted | CallFinished | TaskGiven | HandedOver]:
    """Run the calls that may run now; whoever waits for a person or another agent holds up none of them.

    A hand-off comes last: whoever takes over finds the others done.
    """
    waiting = deque(sorted(startable_calls(ctx.transcript), key=lambda call: call.name == HAND_OFF))
    running = dict[asyncio.Task[ToolResult], Call]()
    try:
        while waiting or running:
            while waiting and _may_start(waiting[0], list(running.values()), ctx):
                call = waiting.popleft()
                refusal = _refusal(call, ctx)
                if not refusal and (turn := _to_a_colleague(call, ctx)):
                    yield turn
                    continue
                call.status, call.attempt = CallStatus.STARTED, call.attempt + 1
                yield CallStarted(call)
                running[asyncio.create_task(_result_of(call, ctx, refusal))] = call
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED) if running else (set(), None)
            for task in done:
                call, result = running.pop(task), task.result()
                call.status, call.result = result.status, result.text
                yield CallFinished(call, result)
    finally:
        for task in running:
            task.cancel()


async def reconcile(ctx: RunContext) -> AsyncGenerator[CallFinished]:
    """Ask the tools that can tell what became of a call that was cut off; the others are left to a person."""
    for call in awaited_calls(ctx.transcript):
        tool = ctx.agent.tools.get(call.name)
        if call.status != CallStatus.OUTCOME_UNKNOWN or tool is None:
            continue
        if result := await tool.reconciled(_context(call, ctx)):
            call.status, call.result = result.status, result.text
            yield CallFinished(call, result)


def _may_start(call: Call, running: list[Call], ctx: RunContext) -> bool:
    if len(running) >= MOST_AT_ONCE:
        return False
    return not running or not any(_is_sequential(one, ctx) for one in [call, *running])


def _is_sequential(call: Call, ctx: RunContext) -> bool:
    tool = ctx.agent.tools.get(call.name)
    return call.name == HAND_OFF or (tool is not None and tool.is_sequential)


def _refusal(call: Call, ctx: RunContext) -> ToolResult | None:
    """Why a call does not run at all."""
    if call.name in withdrawn_tools(ctx):
        words = f"Error: {call.name} was called wrongly too often and is offered no more; answer without it."
        return ToolResult(CallStatus.INVALID, words)
    if call.name not in ctx.agent.offered:
        return unknown_tool(call.name, list(ctx.agent.offered))
    made = [one for one in calls_of_run(ctx.transcript) if one.is_begun]
    if len(made) >= ctx.agent.max_tool_calls:
        words = f"Error: the limit of {ctx.agent.max_tool_calls} tool calls is reached; answer with what you know."
        return ToolResult(CallStatus.INVALID, words)
    return None if call.name in ctx.agent.tools else _refusal_of_colleague(call, ctx, made)


def _refusal_of_colleague(call: Call, ctx: RunContext, made: list[Call]) -> ToolResult | None:
    team = ctx.agent.team
    if wrong := team.complaint(call.name, call.arguments):
        return ToolResult(CallStatus.INVALID, f"Error: {wrong}")
    if call.name in team.children and sum(one.name in team.children for one in made) >= MOST_CHILDREN:
        return ToolResult(CallStatus.INVALID, f"Error: a run may give {MOST_CHILDREN} tasks; go on with what you have.")
    return None


def _to_a_colleague(call: Call, ctx: RunContext) -> TaskGiven | HandedOver | None:
    """Make the call another agent's, where it asks for that."""
    team = ctx.agent.team
    if call.name in team.children:
        call.status, call.attempt = CallStatus.DELEGATED, call.attempt + 1
        return TaskGiven(call, team.children[call.name], Task.model_validate_json(call.arguments).task)
    if call.name == HAND_OFF and call.name not in ctx.agent.tools:
        asked = HandOff.model_validate_json(call.arguments)
        target = team.targets[asked.agent]
        call.status, call.attempt = CallStatus.SUCCEEDED, call.attempt + 1
        call.result = f"{target.name} has taken over and answers from here on."
        return HandedOver(call, asked, target)
    return None


async def _result_of(call: Call, ctx: RunContext, refusal: ToolResult | None) -> ToolResult:
    return refusal or await ctx.agent.tools[call.name].call(call.arguments, _context(call, ctx))


def _context(call: Call, ctx: RunContext) -> ToolContext:
    """The key is that of the call, the same on every attempt and redelivery: UUIDv5 (RFC 9562)."""
    key = uuid.uuid5(ctx.run_id, str(call.id))
    return ToolContext(ctx.user_id, ctx.run_id, key, call.attempt, agent_id=ctx.agent.id)
