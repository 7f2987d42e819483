"""The loop: plan, execute, observe, and again until the agent responds. One async generator, no database.

It continues from whatever the transcript holds, so a fresh run, one that another worker left in the middle and one
that people have decided about are the same call. It runs nothing it has not announced: after `CallStarted` is yielded
the tool starts only when the next fact is asked for.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from django.conf import settings
from uuid_utils.compat import uuid7

from agents import compaction, output, prompt
from agents.batch import execute, reconcile
from agents.context import RunContext
from agents.facts import Fact, ReplyReceived, RunEnded, RunPaused, TurnStarted
from agents.llm.base import AskedCall, LLMError, Reply
from agents.llm.retry import ask
from agents.models import CallStatus, Effect, StopReason, WaitKind
from agents.tools.arguments import canonical
from agents.transcript import Answer, Call, answers_of_run, awaited_calls, calls_of_run, open_calls

SAME_CALL_LIMIT = 3
WAITS = {
    CallStatus.AWAITING_APPROVAL: WaitKind.APPROVAL,
    CallStatus.OUTCOME_UNKNOWN: WaitKind.INPUT,
    CallStatus.DELEGATED: WaitKind.CHILD,
}


async def run(ctx: RunContext) -> AsyncGenerator[Fact]:
    """Yield what happens until the agent has answered, waits or cannot go on: `RunEnded` or `RunPaused` is last."""
    limit = _limit_reached(ctx, ctx.turn - 1)  # as it was before the last reply
    while not _has_answered(ctx):
        if name := _repeated_call(ctx):
            yield RunEnded(StopReason.REPEATED_CALL, f"The agent asked for {name} {SAME_CALL_LIMIT} times in a row.")
            return
        async with aclosing(_act(ctx)) as facts:
            async for fact in facts:
                yield fact
        if kind := _awaited(ctx):
            yield RunPaused(kind)
            return
        limit = _limit_reached(ctx, ctx.turn)
        try:
            async with aclosing(_think(ctx, is_closing=limit is not None)) as facts:
                async for fact in facts:
                    yield fact
        except LLMError as error:
            yield RunEnded(StopReason.LLM_ERROR, error.words)
            return
    yield _end(ctx, limit)


def _has_answered(ctx: RunContext) -> bool:
    """Whether the last word is said. A run may be found like that: its worker died just before the end."""
    answers = answers_of_run(ctx.transcript)
    return bool(answers) and not answers[-1].calls and not answers[-1].complaint


def _repeated_call(ctx: RunContext) -> str:
    """The name of a call the LLM asks for again and again; empty if it does not."""
    last = [(call.name, canonical(call.raw_arguments)) for call in calls_of_run(ctx.transcript)[-SAME_CALL_LIMIT:]]
    is_stuck = len(last) == SAME_CALL_LIMIT and len(set(last)) == 1 and open_calls(ctx.transcript)
    return last[0][0] if is_stuck else ""


async def _act(ctx: RunContext) -> AsyncGenerator[Fact]:
    """Whatever can be done about the open calls: ask what became of those that were cut off, run those that may."""
    for step in (reconcile, execute):
        facts: AsyncGenerator[Fact] = step(ctx)
        async with aclosing(facts):
            async for fact in facts:
                yield fact


def _awaited(ctx: RunContext) -> WaitKind | None:
    statuses = {call.status for call in awaited_calls(ctx.transcript)}
    return next((kind for status, kind in WAITS.items() if status in statuses), None)


def _limit_reached(ctx: RunContext, turn: int) -> StopReason | None:
    if turn >= ctx.agent.max_turns - 1:
        return StopReason.MAX_TURNS
    if sum(call.is_begun for call in calls_of_run(ctx.transcript)) >= ctx.agent.max_tool_calls:
        return StopReason.MAX_TOOL_CALLS
    return None


async def _think(ctx: RunContext, *, is_closing: bool) -> AsyncGenerator[Fact]:
    async with aclosing(compaction.make_room(ctx, is_closing=is_closing)) as facts:
        async for fact in facts:
            yield fact
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
            answer = _answer(piece, ctx, is_closing=is_closing)
            ctx.transcript.append(answer)
            yield ReplyReceived(piece, answer)


def _answer(reply: Reply, ctx: RunContext, *, is_closing: bool) -> Answer:
    calls = [] if is_closing else [_call(asked, ctx) for asked in reply.calls]
    is_correctable = not is_closing and _corrections(ctx) < output.MOST_CORRECTIONS
    return Answer(reply.text, calls, _complaint(reply.text, ctx) if is_correctable and not calls else "")


def _corrections(ctx: RunContext) -> int:
    return sum(bool(answer.complaint) for answer in answers_of_run(ctx.transcript))


def _complaint(text: str, ctx: RunContext) -> str:
    return output.complaint(ctx.agent.output_schema, text) if ctx.agent.output_schema is not None else ""


def _call(asked: AskedCall, ctx: RunContext) -> Call:
    """People are not asked about a call that could not run; the LLM is told what is wrong with it instead."""
    agent, name, arguments = ctx.agent, asked.name, asked.raw_arguments
    policy = agent.policies.get(name)
    is_possible = policy is not None and name in agent.offered and not agent.complaint(name, arguments)
    is_asked = bool(policy and is_possible and policy.asks(arguments))
    return Call(
        id=uuid7(),
        name=name,
        raw_arguments=arguments,
        effect=_effect(name, ctx),
        status=CallStatus.AWAITING_APPROVAL if is_asked else CallStatus.READY,
        provider_call_id=asked.provider_call_id,
        policy=policy if is_asked else None,
    )


def _effect(name: str, ctx: RunContext) -> Effect:
    """A task's effects are those of the agent that does it; given once, it is never given again."""
    if tool := ctx.agent.tools.get(name):
        return tool.effect
    return Effect.IDEMPOTENT if name in ctx.agent.team.children else Effect.READ


def _end(ctx: RunContext, limit: StopReason | None) -> RunEnded:
    if wrong := _complaint(answers_of_run(ctx.transcript)[-1].text, ctx):
        return RunEnded(StopReason.INVALID_OUTPUT, f"The answer does not have the agreed form. {wrong}")
    return RunEnded(limit or StopReason.FINAL)
