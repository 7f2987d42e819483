import asyncio
import json
import re
import time
from collections.abc import AsyncGenerator
from typing import Any

from agents.fences import without_files
from agents.llm import tokens
from agents.llm.base import AskedCall, LLMRequest, Reply, TextDelta, Usage
from agents.llm.demo.answers import answer
from agents.llm.demo.extraction import filled
from agents.llm.demo.managing import manage, written
from agents.llm.demo.reminded import reminded
from agents.llm.demo.routing import HAND_OFF, route
from agents.llm.demo.rules import plan
from agents.llm.demo.steps import Ask, Result, Say, Step
from agents.llm.demo.summary import summary

LLM_NAME = "demo"


class DemoLLM:
    """Answers by rules, in the shape and at about the pace of a language model."""

    provider = "demo"

    def __init__(self, *, seconds_per_word: float = 0.015) -> None:
        self._seconds_per_word = seconds_per_word

    async def stream(self, request: LLMRequest) -> AsyncGenerator[TextDelta | Reply]:
        began = time.monotonic()
        question, results = _read(request.messages)
        asks, text = _decided(request, question, results)
        first_token_ms = None
        for word in re.findall(r"\s*\S+\s*", text):
            await asyncio.sleep(self._seconds_per_word)
            if first_token_ms is None:
                first_token_ms = round((time.monotonic() - began) * 1000)
            yield TextDelta(word)
        yield Reply(
            text=text,
            calls=_calls(asks, request.messages),
            finish_reason="tool_calls" if asks else "stop",
            usage=await asyncio.to_thread(_usage, request, text, asks),
            llm_name=LLM_NAME,
            first_token_ms=first_token_ms,
        )


def _decided(request: LLMRequest, question: str, results: list[Result]) -> tuple[list[Ask], str]:
    """What to call, or else what to say."""
    if request.purpose == "compaction":
        return [], summary(question)
    if schema := _form_of(request):
        return [], filled(schema, question)
    question = without_files(question)
    offered = {each.name: each for each in request.tools}
    steps = written(question) or route(question, offered, results) or manage(question, offered, results)
    if steps is not None:
        asks = [step for step in steps if isinstance(step, Ask)]
        return asks, "" if asks else _answered(steps, [])
    own = [result for result in results if result.tool != HAND_OFF]
    if HAND_OFF in offered or len(own) < len(results):  # whoever turns to a specialist wants to know something
        question = f"{question.rstrip(' .!?')}?"
    # A last request offers no tools any more; those that have answered count all the same.
    steps = plan(question, frozenset(offered) | {result.tool for result in own})
    asks = [] if own else [step for step in steps if isinstance(step, Ask)]
    return asks, "" if asks else reminded(request.messages, question, own) or _answered(steps, own)


def _form_of(request: LLMRequest) -> dict[str, Any] | None:
    """The schema its answer is to satisfy, if there is one."""
    asked = request.parameters.get("response_format") or {}
    schema = asked.get("json_schema", {}).get("schema")
    return schema if isinstance(schema, dict) else None


def _read(messages: list[dict[str, Any]]) -> tuple[str, list[Result]]:
    """The last question, and what the tools called for it have said, in the order they were called."""
    asked_at = max((at for at, message in enumerate(messages) if message["role"] == "user"), default=0)
    said = {message["tool_call_id"]: _text(message) for message in messages[asked_at:] if message["role"] == "tool"}
    results = [
        Result(call["function"]["name"], _arguments(call), said[call["id"]])
        for message in messages[asked_at:]
        for call in message.get("tool_calls") or []
        if call["id"] in said
    ]
    return _text(messages[asked_at]) if messages else "", results


def _arguments(call: dict[str, Any]) -> dict[str, Any]:
    try:
        arguments = json.loads(call["function"]["arguments"])
    except ValueError:  # asked for by another model, earlier in the conversation
        return {}
    return arguments if isinstance(arguments, dict) else {}


def _text(message: dict[str, Any]) -> str:
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] for part in content if part.get("type") == "text")


def _answered(steps: list[Step], results: list[Result]) -> str:
    """What is to be said, with each tool's result where the question asked for it."""
    open_results = list(results)
    parts = []
    for step in steps:
        if isinstance(step, Say):
            parts.append(step.text)
            continue
        result = next((result for result in open_results if result.tool == step.tool), None)
        if result is not None:
            open_results.remove(result)
            parts.append(answer(result))
    parts += [answer(result) for result in open_results]
    return "\n\n".join(parts)


def _calls(asks: list[Ask], messages: list[dict[str, Any]]) -> tuple[AskedCall, ...]:
    return tuple(
        AskedCall(f"call_{len(messages)}_{at}", ask.tool, json.dumps(ask.arguments, ensure_ascii=False))
        for at, ask in enumerate(asks, start=1)
    )


def _usage(request: LLMRequest, text: str, asks: list[Ask]) -> Usage:
    tools = [tool.name + tool.description + json.dumps(tool.parameters) for tool in request.tools]
    said = [text, *(ask.tool + json.dumps(ask.arguments, ensure_ascii=False) for ask in asks)]
    return Usage(
        input=tokens.count_messages(request.messages, LLM_NAME) + tokens.count_tokens(tools, LLM_NAME),
        output=tokens.count_tokens(said, LLM_NAME),
        is_estimated=True,
    )
