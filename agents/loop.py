"""The loop: plan, execute, observe, and again until the agent responds. One async generator, no database.

It continues from whatever the transcript holds, so a fresh run and one that another worker left in the middle are the
same call. It runs nothing it has not announced: after `CallStarted` is yielded the tool starts only when the next fact
is asked for.
"""

import asyncio
import uuid
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import aclosing

from django.conf import settings
from uuid_utils.compat import uuid7

from agents import prompt
from agents.context import RunContext
from agents.facts import CallFinished, CallStarted, Fact, ReplyReceived, RunEnded, TurnStarted
from agents.llm.base import AskedCall, LLMError, Reply
from agents.llm.retry import ask
from agents.models import CallStatus, Effect, StopReason
from agents.tools.base import Tool, ToolContext, ToolResult, unknown_tool
from agents.transcript import Answer, Call, open_calls

MOST_AT_ONCE = 4
SAME_CALL_LIMIT = 3


async def run(ctx: RunContext) -> AsyncGenerator[Fact]:
    """Yield what happens until the agent has answered or cannot go on; the last fact is `RunEnded`."""
    while True:
        if _repeats_itself(ctx):
            name = ctx.recent_calls[-1][0]
            yield RunEnded(StopReason.REPEATED_CALL, f"The agent asked for {name} {SAME_CALL_LIMIT} times in a row.")
            return
        async with aclosing(_execute(open_calls(ctx.transcript), ctx)) as facts:
            async for fact in facts:
                yield fact
        limit = _limit_reached(ctx)
        try:
            async with aclosing(_think(ctx, is_closing=limit is not None)) as facts:
                async for fact in facts:
                    yield fact
        except LLMError as error:
            yield RunEnded(StopReason.LLM_ERROR, error.words)
            return
        if limit or not open_calls(ctx.transcript):
            yield RunEnded(limit or StopReason.FINAL)
            return


def _repeats_itself(ctx: RunContext) -> bool:
    last = ctx.recent_calls[-SAME_CALL_LIMIT:]
    return len(last) == SAME_CALL_LIMIT and len(set(last)) == 1 and bool(open_calls(ctx.transcript))


def _limit_reached(ctx: RunContext) -> StopReason | None:
    if ctx.turn >= ctx.agent.max_turns - 1:
        return StopReason.MAX_TURNS
    if ctx.tool_calls_made >= ctx.agent.max_tool_calls:
        return StopReason.MAX_TOOL_CALLS
    return None


async def _think(ctx: RunContext, *, is_closing: bool) -> AsyncGenerator[Fact]:
    request = prompt.request_of(ctx, is_closing=is_closing)
    ctx.turn += 1
    yield TurnStarted(ctx.turn, request)
    pieces = ask(
        ctx.llm,
        request,
        attempts=settings.LLM_ATTEMPTS,
        total_seconds=settings.LLM_TOTAL_SECONDS,
        fallbacks=ctx.agent.fallback_llm_names,
    )
    async with aclosing(pieces):
        async for piece in pieces:
            if not isinstance(piece, Reply):
                yield piece
                continue
            answer = Answer(piece.text, [] if is_closing else [_call(asked, ctx) for asked in piece.calls])
            ctx.transcript.append(answer)
            ctx.recent_calls += [(call.name, call.raw_arguments) for call in answer.calls]
            yield ReplyReceived(piece, answer)


def _call(asked: AskedCall, ctx: RunContext) -> Call:
    tool = ctx.agent.tools.get(asked.name)
    return Call(
        id=uuid7(),
        name=asked.name,
        raw_arguments=asked.raw_arguments,
        effect=tool.effect if tool else Effect.READ,
        provider_call_id=asked.provider_call_id,
    )


async def _execute(calls: list[Call], ctx: RunContext) -> AsyncGenerator[Fact]:
    """Run a batch: up to four at once, a sequential tool alone; each result is told as it comes."""
    waiting, running = deque(calls), dict[asyncio.Task[ToolResult], Call]()
    try:
        while waiting or running:
            while waiting and _may_start(waiting[0], list(running.values()), ctx):
                call = waiting.popleft()
                call.status, call.attempt = CallStatus.STARTED, call.attempt + 1
                yield CallStarted(call)
                ctx.tool_calls_made += 1
                is_allowed = ctx.tool_calls_made <= ctx.agent.max_tool_calls
                running[asyncio.create_task(_result_of(call, ctx, is_allowed=is_allowed))] = call
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                call, result = running.pop(task), task.result()
                call.status, call.result = result.status, result.text
                yield CallFinished(call, result)
    finally:
        for task in running:
            task.cancel()


def _may_start(call: Call, running: list[Call], ctx: RunContext) -> bool:
    if len(running) >= MOST_AT_ONCE:
        return False
    return not running or not any(_is_sequential(one, ctx) for one in [call, *running])


def _is_sequential(call: Call, ctx: RunContext) -> bool:
    tool = ctx.agent.tools.get(call.name)
    return tool is not None and tool.is_sequential


async def _result_of(call: Call, ctx: RunContext, *, is_allowed: bool) -> ToolResult:
    tool: Tool | None = ctx.agent.tools.get(call.name)
    if tool is None:
        return unknown_tool(call.name, list(ctx.agent.tools))
    if not is_allowed:
        words = f"Error: the limit of {ctx.agent.max_tool_calls} tool calls is reached; answer with what you know."
        return ToolResult(CallStatus.INVALID, words)
    key = uuid.uuid5(ctx.run_id, str(call.id))
    return await tool.call(call.raw_arguments, ToolContext(ctx.user_id, ctx.run_id, key))
