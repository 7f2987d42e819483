"""Any OpenAI-compatible endpoint, in the Chat Completions dialect.

The SDK opens the stream and we read its lines: its typed chunks cost more than the rest of the answer together, and
it takes a truncated stream, an HTML page or a stream of comments for success. Here a reply counts only with a
`finish_reason`, and four clocks run: connect, first token, gap between contents, total.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import httpx2
import openai
import orjson
from django.conf import settings

from agents.llm import tokens
from agents.llm.assembly import ReplyAssembly
from agents.llm.base import LLMError, LLMProblem, LLMRequest, Reply, TextDelta, ToolSpec, Usage
from agents.llm.sse import DataLines, LineTooLong

MOST_CHARACTERS = 400_000
LAST_BYTES_SECONDS = 0.2
Chunks = openai.AsyncStream[object]  # only to say that the reply is a stream; its bytes are read by us


@dataclass(frozen=True)
class Clocks:
    """Seconds. `connect` until the socket stands, `first_token` until content, `idle` between contents, `total`."""

    connect: float
    first_token: float
    idle: float
    total: float

    @classmethod
    def from_settings(cls) -> "Clocks":
        return cls(
            connect=settings.LLM_CONNECT_SECONDS,
            first_token=settings.LLM_FIRST_TOKEN_SECONDS,
            idle=settings.LLM_IDLE_SECONDS,
            total=settings.LLM_TOTAL_SECONDS,
        )


class OpenAICompatible:
    """One client of one endpoint. It belongs to the asyncio loop that first used it."""

    provider = "openai"

    def __init__(self, *, base_url: str, api_key: str, clocks: Clocks):
        self._clocks = clocks
        self._client = openai.AsyncOpenAI(
            base_url=base_url or None,
            api_key=api_key or "none",  # many self-hosted servers want none, the SDK wants one
            max_retries=0,
            http_client=openai.DefaultAioHttpClient(),
            timeout=httpx2.Timeout(None, connect=clocks.connect),
        )

    async def stream(self, request: LLMRequest) -> AsyncGenerator[TextDelta | Reply]:
        started = time.monotonic()
        reading = _Reading(self._clocks, started)
        try:
            async with asyncio.timeout_at(reading.deadline()):
                # By its path: the SDK's own method walks through every message, a fifth of a worker's time.
                stream = await self._client.post(
                    "/chat/completions",
                    body=_body(request),
                    cast_to=object,
                    stream=True,
                    stream_cls=Chunks,
                )
        except TimeoutError:
            raise reading.too_slow() from None
        except (openai.APIError, httpx2.HTTPError) as error:
            raise problem_of(error) from error
        try:
            _refuse_page(stream.response.headers.get("content-type", ""))
            received = stream.response.aiter_bytes()
            async for text in reading.texts(received):
                yield TextDelta(text)
            yield await reading.reply(request)
            await _read_to_the_end(received)
        finally:
            await stream.close()

    async def close(self) -> None:
        await self._client.close()


class _Reading:
    """Reads one stream against the clocks."""

    def __init__(self, clocks: Clocks, started: float):
        self._clocks = clocks
        self._started = started
        self._last_content: float | None = None
        self._first_token_ms: int | None = None
        self._assembly = ReplyAssembly()
        self._is_done = False
        self._characters = 0

    def deadline(self) -> float:
        waiting = (
            self._started + self._clocks.first_token
            if self._last_content is None
            else self._last_content + self._clocks.idle
        )
        return min(waiting, self._started + self._clocks.total)

    def too_slow(self) -> LLMError:
        now = time.monotonic()
        if now >= self._started + self._clocks.total:
            words = f"The model did not finish within {self._clocks.total:g} s."
        elif self._last_content is None:
            words = f"The model sent nothing for {self._clocks.first_token:g} s."
        else:
            words = f"The model fell silent for {self._clocks.idle:g} s in the middle of its answer."
        return LLMError(LLMProblem.SLOW, words, is_transient=True)

    async def texts(self, received: AsyncIterator[bytes]) -> AsyncIterator[str]:
        lines = DataLines()
        while not self._is_done:
            try:
                # Around the read alone: what our consumer does between two reads is not the model's time.
                async with asyncio.timeout_at(self.deadline()):
                    piece = await anext(received, None)
            except TimeoutError:
                raise self.too_slow() from None
            except (openai.APIError, httpx2.HTTPError) as error:
                raise _broken("The connection to the model broke in the middle of its answer.") from error
            try:
                events = lines.feed(piece) if piece is not None else lines.rest()
            except LineTooLong:
                raise _broken("The address does not answer with a model's reply.") from None
            if text := self._take(events):
                yield text
            if piece is None:
                return

    def _take(self, events: list[bytes]) -> str:
        texts = []
        for data in events:
            if data == b"[DONE]":
                self._is_done = True
                break
            text, is_content = self._assembly.feed(_parsed(data))
            if is_content:
                self._last_content = time.monotonic()
                if self._first_token_ms is None:
                    self._first_token_ms = round((self._last_content - self._started) * 1000)
            texts.append(text)
        joined = "".join(texts)
        self._characters += len(joined)
        if self._characters > MOST_CHARACTERS:
            words = f"The model's answer grew past {MOST_CHARACTERS:,} characters and was stopped."
            raise LLMError(LLMProblem.BROKEN_REPLY, words, is_transient=False)
        return joined

    async def reply(self, request: LLMRequest) -> Reply:
        found = self._assembly
        if not found.finish_reason:
            raise _broken("The model's answer was cut off before its end.")
        if found.finish_reason == "content_filter":
            words = "The model's provider stopped the answer with its content filter."
            raise LLMError(LLMProblem.BAD_REQUEST, words, is_transient=False)
        if not found.text.strip() and not found.calls:
            raise _broken("The model sent an empty answer.")
        usage = found.usage
        if usage is None:
            usage = await asyncio.to_thread(_estimated, request, found)
        return Reply(
            text=found.text,
            calls=found.calls,
            finish_reason=found.finish_reason,
            usage=usage,
            llm_name=found.llm_name or request.llm_name,
            response_id=found.response_id,
            first_token_ms=self._first_token_ms,
        )


def _body(request: LLMRequest) -> dict[str, Any]:
    body: dict[str, Any] = {
        **request.parameters,
        "model": request.llm_name,
        "messages": request.messages,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if request.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
    return body


def _tool(tool: ToolSpec) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    return {"type": "function", "function": function}


async def _read_to_the_end(received: AsyncIterator[bytes]) -> None:
    """Nothing comes after `[DONE]`; but a connection is kept for the next request only if its end was read."""
    with suppress(TimeoutError, openai.APIError, httpx2.HTTPError):
        async with asyncio.timeout(LAST_BYTES_SECONDS):
            async for _ in received:
                pass


def _refuse_page(content_type: str) -> None:
    if "html" in content_type:
        raise _broken("The address answered with a web page, not with a model's reply. Is the URL complete?")


def _parsed(data: bytes) -> dict[str, Any]:
    try:
        chunk = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise _broken("The model's answer was not readable (broken JSON in the stream).") from None
    if not isinstance(chunk, dict):
        raise _broken("The model's answer was not readable (not a Chat Completion).")
    if error := chunk.get("error"):
        said = error.get("message") if isinstance(error, dict) else error
        words = f"The model reported an error in the middle of its answer: {_short(said)}"
        raise LLMError(LLMProblem.SERVER_ERROR, words, is_transient=True)
    return chunk


def _estimated(request: LLMRequest, found: ReplyAssembly) -> Usage:
    said = [found.text, *(call.name + call.raw_arguments for call in found.calls)]
    return tokens.estimated(request.messages, said, request.llm_name)


def _broken(words: str) -> LLMError:
    return LLMError(LLMProblem.BROKEN_REPLY, words, is_transient=True)


def problem_of(error: openai.APIError | httpx2.HTTPError) -> LLMError:
    """What went wrong with a request, in words for a person."""
    if isinstance(error, openai.APIStatusError):
        return _problem_of_status(error)
    if isinstance(error, openai.APITimeoutError | httpx2.TimeoutException):
        return LLMError(LLMProblem.UNREACHABLE, "The model's address does not answer.", is_transient=True)
    return LLMError(LLMProblem.UNREACHABLE, "The model's address cannot be reached.", is_transient=True)


STATUS_PROBLEMS = {
    400: (LLMProblem.BAD_REQUEST, "The model refused the request"),
    401: (LLMProblem.REFUSED_KEY, "The model's provider did not accept the API key"),
    403: (LLMProblem.REFUSED_KEY, "The API key may not use this model"),
    404: (LLMProblem.UNKNOWN_LLM, "The provider does not know this model or address"),
    429: (LLMProblem.RATE_LIMITED, "The model's provider asks for patience (too many requests)"),
}


def _problem_of_status(error: openai.APIStatusError) -> LLMError:
    status = error.status_code
    default = LLMProblem.SERVER_ERROR if status >= 500 else LLMProblem.BAD_REQUEST
    problem, words = STATUS_PROBLEMS.get(status, (default, f"The model's provider answered with an error ({status})"))
    if said := _said_by_provider(error):
        words = f"{words}: {_short(said)}"
    return LLMError(
        problem,
        words if words.endswith(".") else f"{words}.",
        is_transient=status in (408, 409, 429) or status >= 500,
        retry_after=_retry_after(error.response.headers),
    )


def _said_by_provider(error: openai.APIStatusError) -> str:
    body = error.body
    said = body.get("message") if isinstance(body, dict) else None
    return said if isinstance(said, str) else ""


def _retry_after(headers: httpx2.Headers) -> float | None:
    """Seconds, from `retry-after-ms` or `retry-after` (RFC 9110, 10.2.3, the seconds form)."""
    for name, factor in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            return float(headers[name]) * factor
        except (KeyError, ValueError):
            continue
    return None


def _short(said: object) -> str:
    text = " ".join(str(said or "").split())
    return text if len(text) <= 200 else f"{text[:199]}…"
