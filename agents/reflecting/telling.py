"""The trace of a reflection: how many answers an LLM read, what came of it, what it took and what it cost.

Never what people had said: their words stand in their conversations alone, so that deleting those deletes them.
"""

from agents.llm.structured import Exchange
from agents.models import Agent, Reflection
from agents.reflecting.asking import Asked
from observability import recorder
from observability.recorder import Kind, SpanFacts, Status, TraceFacts

NAME = "reflection"  # under which its traces are found, apart from those of answers


def tell(reflection: Reflection, agent: Agent, asked: Asked) -> None:
    """Record it, in the transaction that writes what came of it."""
    reply = asked.reply
    first, last = reply.exchanges[0], reply.exchanges[-1]
    usages = [one.reply.usage for one in reply.exchanges if one.reply]
    recorder.record_trace(
        TraceFacts(
            id=reflection.pk,
            thread_id=reflection.pk,
            user_id=reflection.by_id,
            agent=NAME,
            agent_version=1,
            status=Status.ERROR if reply.trouble else Status.OK,
            started_at=first.timer.started_at,
            duration_ms=round((last.timer.ended_at - first.timer.started_at).total_seconds() * 1000),
            question=f"What do the latest thumbs teach {agent.name}?",
            answer="" if reply.trouble else f"{len(asked.proposals)} proposed, {asked.dropped} dropped",
            error=reply.trouble,
            llm_name=last.llm_name,
            input_tokens=sum(usage.input for usage in usages),
            cached_tokens=sum(usage.cached for usage in usages),
            output_tokens=sum(usage.output for usage in usages),
            cost=reply.cost,
            error_count=sum(bool(one.error) for one in reply.exchanges),
            llm_calls=len(reply.exchanges),
        )
    )
    recorder.record_spans([_span(reflection, asked, one) for one in reply.exchanges])


def _span(reflection: Reflection, asked: Asked, exchange: Exchange) -> SpanFacts:
    reply = exchange.reply
    return SpanFacts(
        id=exchange.timer.span_id,
        trace_id=reflection.pk,
        kind=Kind.LLM,
        name=f"chat {exchange.llm_name}",
        status=Status.OK if reply else Status.ERROR,
        started_at=exchange.timer.started_at,
        duration_ms=exchange.timer.duration_ms,
        error=exchange.error,
        llm_name=exchange.llm_name,
        first_token_ms=reply.first_token_ms if reply else None,
        input_tokens=reply.usage.input if reply else 0,
        cached_tokens=reply.usage.cached if reply else 0,
        output_tokens=reply.usage.output if reply else 0,
        reasoning_tokens=reply.usage.reasoning if reply else 0,
        cost=exchange.cost,
        attributes={
            "plumbline.step": "reflect",
            "plumbline.answers": reflection.ratings_read,
            "plumbline.proposed": len(asked.proposals),
            "plumbline.dropped": asked.dropped,
            "gen_ai.provider.name": asked.reply.provider,
        },
    )
