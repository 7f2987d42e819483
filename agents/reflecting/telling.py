"""The trace of a reflection: what an LLM was asked and said, how long that took and what it cost."""

from agents.models import Agent, Reflection
from agents.reflecting.asking import Asked, Exchange
from observability import recorder
from observability.recorder import Kind, SpanFacts, Status, TraceFacts

NAME = "reflection"  # under which its traces are found, apart from those of answers


def tell(reflection: Reflection, agent: Agent, asked: Asked) -> None:
    """Record it, in the transaction that writes what came of it."""
    first, last = asked.exchanges[0], asked.exchanges[-1]
    usages = [one.reply.usage for one in asked.exchanges if one.reply]
    recorder.record_trace(
        TraceFacts(
            id=reflection.pk,
            thread_id=reflection.pk,
            user_id=reflection.by_id,
            agent=NAME,
            agent_version=1,
            status=Status.ERROR if asked.trouble else Status.OK,
            started_at=first.timer.started_at,
            duration_ms=round((last.timer.ended_at - first.timer.started_at).total_seconds() * 1000),
            question=f"What do the latest thumbs teach {agent.name}?",
            answer="" if asked.trouble else f"{len(asked.proposals)} proposed, {asked.dropped} dropped",
            error=asked.trouble,
            llm_name=first.request.llm_name,
            input_tokens=sum(usage.input for usage in usages),
            cached_tokens=sum(usage.cached for usage in usages),
            output_tokens=sum(usage.output for usage in usages),
            cost=asked.cost,
            error_count=sum(bool(one.error) for one in asked.exchanges),
            llm_calls=len(asked.exchanges),
        )
    )
    recorder.record_spans([_span(reflection, asked, one) for one in asked.exchanges])


def _span(reflection: Reflection, asked: Asked, exchange: Exchange) -> SpanFacts:
    reply = exchange.reply
    llm_name = reply.llm_name if reply else exchange.request.llm_name
    return SpanFacts(
        id=exchange.timer.span_id,
        trace_id=reflection.pk,
        kind=Kind.LLM,
        name=f"chat {llm_name}",
        status=Status.OK if reply else Status.ERROR,
        started_at=exchange.timer.started_at,
        duration_ms=exchange.timer.duration_ms,
        error=exchange.error,
        llm_name=llm_name,
        first_token_ms=reply.first_token_ms if reply else None,
        input_tokens=reply.usage.input if reply else 0,
        cached_tokens=reply.usage.cached if reply else 0,
        output_tokens=reply.usage.output if reply else 0,
        reasoning_tokens=reply.usage.reasoning if reply else 0,
        cost=exchange.cost,
        input=exchange.request.messages,
        output=reply.text if reply else None,
        attributes={"plumbline.step": "reflect", "gen_ai.provider.name": asked.provider},
    )
