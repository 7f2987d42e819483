"""Which LLM answers: the environment's, else the one an administrator connected, else the demo model."""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from django.conf import settings
from django.utils import timezone

from accounts.models import User
from agents.llm.base import LLM, LLMError, LLMRequest, Reply, ToolSpec
from agents.llm.demo import DemoLLM
from agents.llm.openai import Clocks, OpenAICompatible
from agents.models import LLMConnection
from agents.secrets import sealed, unsealed


class Source(StrEnum):
    ENVIRONMENT = "environment"
    SAVED = "saved"
    DEMO = "demo"


@dataclass(frozen=True)
class Connection:
    source: Source
    base_url: str = ""
    api_key: str = ""
    llm_name: str = ""

    def __repr__(self) -> str:  # a key must not reach a log
        return f"Connection({self.source}, {self.base_url!r}, {self.llm_name!r})"


@dataclass(frozen=True)
class ConnectionReport:
    is_ok: bool
    words: str


def current() -> Connection:
    """The connection that new LLM calls use. Reads the database."""
    if settings.OPENAI_API_KEY or settings.OPENAI_BASE_URL:
        return Connection(Source.ENVIRONMENT, settings.OPENAI_BASE_URL, settings.OPENAI_API_KEY, settings.LLM_MODEL)
    saved = LLMConnection.objects.first()
    if saved is None:
        return Connection(Source.DEMO, llm_name="demo")
    llm_name = saved.llm_name or settings.LLM_MODEL
    return Connection(Source.SAVED, saved.base_url, unsealed(bytes(saved.encrypted_key)), llm_name)


@cache
def llm_for(connection: Connection) -> LLM:
    """The client of a connection, one a process: HTTP connections are kept and belong to the worker's one loop."""
    if connection.source == Source.DEMO:
        return DemoLLM()
    return OpenAICompatible(base_url=connection.base_url, api_key=connection.api_key, clocks=Clocks.from_settings())


def test_and_save(*, base_url: str, api_key: str, llm_name: str, by: User) -> ConnectionReport:
    """Make one real call with a real tool; save the connection if it works, and say in words what happened."""
    if settings.OPENAI_API_KEY or settings.OPENAI_BASE_URL:
        return ConnectionReport(False, "The connection is set by the environment (OPENAI_API_KEY, OPENAI_BASE_URL).")
    if not llm_name:
        return ConnectionReport(False, "Name the model to use, for example gpt-4o.")
    report = asyncio.run(_tried(base_url, api_key, llm_name))
    if report.is_ok:
        LLMConnection.objects.update_or_create(
            pk=1,
            defaults={
                "base_url": base_url,
                "encrypted_key": sealed(api_key),
                "llm_name": llm_name,
                "tested_at": timezone.now(),
                "updated_by": by,
            },
        )
    return report


def forget() -> None:
    """Back to the demo model."""
    LLMConnection.objects.all().delete()


TEST_TOOL = ToolSpec(
    name="add",
    description="Add two whole numbers.",
    parameters={
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
        "required": ["a", "b"],
    },
)
TEST_CLOCKS = Clocks(connect=5, first_token=30, idle=15, total=45)


async def _tried(base_url: str, api_key: str, llm_name: str) -> ConnectionReport:
    llm = OpenAICompatible(base_url=base_url, api_key=api_key, clocks=TEST_CLOCKS)
    question = {"role": "user", "content": "Use the tool add to add 2 and 3."}
    reply: Reply | None = None
    try:
        async with aclosing(llm.stream(LLMRequest(llm_name, [question], [TEST_TOOL]))) as pieces:
            async for piece in pieces:
                if isinstance(piece, Reply):
                    reply = piece
    except LLMError as error:
        return ConnectionReport(False, f"{error.words} Nothing was changed.")
    finally:
        await llm.close()
    if reply is not None and reply.calls:
        return ConnectionReport(True, f"Connected: {llm_name} answers and calls tools.")
    return ConnectionReport(True, f"Connected: {llm_name} answers, but it did not call a tool when asked to.")
