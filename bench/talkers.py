"""The people of the benchmark: each has one open socket, presses Enter, and takes note of when what came."""

import asyncio
import time
from dataclasses import dataclass
from typing import Protocol
from uuid import uuid4

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin

from bench.llm import TOKENS

ANSWER = "".join(f"word{number:02} " for number in range(TOKENS))
PATIENCE = 120.0


@dataclass(frozen=True)
class Timing:
    """Milliseconds from Enter to the first word and to the end; `is_ok` when every word came, in order."""

    first: float
    whole: float
    is_ok: bool


class Talker(Protocol):
    async def open(self) -> None: ...

    async def ask(self) -> Timing: ...

    async def close(self) -> None: ...


class PlumblineTalker:
    """A person in the chat, going on with one conversation."""

    def __init__(self, url: str, cookie: str) -> None:
        self._url, self._cookie = url, cookie
        self._thread: str | None = None
        self._frames = 0

    async def open(self) -> None:
        headers = {"Cookie": self._cookie}
        address, origin = self._url.replace("http", "ws", 1) + "/ws/", Origin(self._url)
        self._socket = await connect(
            address, origin=origin, additional_headers=headers, compression=None, proxy=None, open_timeout=PATIENCE
        )

    async def close(self) -> None:
        await self._socket.close()

    async def ask(self) -> Timing:
        request = str(uuid4())
        command = {"type": "run.start", "id": request, "text": "Say your words, please."}
        begun = time.perf_counter()
        await self._socket.send(orjson.dumps(command | ({"threadId": self._thread} if self._thread else {})).decode())
        async with asyncio.timeout(PATIENCE):
            return await self._listen(request, begun)

    async def _listen(self, request: str, begun: float) -> Timing:
        run, message, first, words = "", "", 0.0, ""
        async for frame in self._socket:
            event = orjson.loads(frame)
            kind = event["type"]
            self._frames += 1
            if event.get("id") == request:
                if kind == "nack":
                    return Timing(0, _ms_since(begun), is_ok=False)
                run, self._thread = event["runId"], event["threadId"]
            elif kind == "RUN_STARTED":
                words = ""  # a snapshot begins anew
            elif kind == "TEXT_MESSAGE_START" and event["role"] == "assistant":
                message = event["messageId"]
            elif kind == "TEXT_MESSAGE_CONTENT" and event["messageId"] == message:
                first = first or _ms_since(begun)
                words += event["delta"]
            elif kind in ("RUN_FINISHED", "RUN_ERROR") and event["metadata"]["runId"] == run:
                await self._socket.send(orjson.dumps({"type": "got", "frames": self._frames}).decode())
                return Timing(first, _ms_since(begun), is_ok=kind == "RUN_FINISHED" and words == ANSWER)
        return Timing(0, _ms_since(begun), is_ok=False)


class RelayTalker:
    def __init__(self, url: str) -> None:
        self._url = url

    async def open(self) -> None:
        self._socket: ClientConnection = await connect(self._url, compression=None, proxy=None, open_timeout=PATIENCE)

    async def close(self) -> None:
        await self._socket.close()

    async def ask(self) -> Timing:
        begun = time.perf_counter()
        await self._socket.send("Say your words, please.")
        first, words = 0.0, ""
        async with asyncio.timeout(PATIENCE):
            async for frame in self._socket:
                event = orjson.loads(frame)
                if "end" in event:
                    break
                first = first or _ms_since(begun)
                words += event["delta"]
        return Timing(first, _ms_since(begun), is_ok=words == ANSWER)


def _ms_since(begun: float) -> float:
    return (time.perf_counter() - begun) * 1000
