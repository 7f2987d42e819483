"""Stands in until the demo model's rules are here."""

from collections.abc import AsyncGenerator

from agents.llm.base import LLMRequest, Reply, TextDelta, Usage


class DemoLLM:
    provider = "demo"

    async def stream(self, request: LLMRequest) -> AsyncGenerator[TextDelta | Reply]:
        yield TextDelta("Hello.")
        yield Reply("Hello.", (), "stop", Usage(is_estimated=True), "demo")
