"""A fast stand-in for a model: 64 tokens, one chunk each, as slow or as fast as asked.

`python -m bench.llm PORT DELAY_MS` speaks as much of Chat Completions as a streaming client needs.
"""

import asyncio
import json
import sys

TOKENS = 64
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def event(delta: dict[str, str], **more: object) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": more.pop("finish_reason", None)}
    whole = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "bench", "choices": [choice]}
    return chunked(b"data: " + json.dumps(whole | more).encode() + b"\n\n")


def chunked(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


USAGE = {"prompt_tokens": 20, "completion_tokens": TOKENS, "total_tokens": 20 + TOKENS}
PIECES = [event({"content": f"word{number:02} "}) for number in range(TOKENS)]
LAST = event({}, finish_reason="stop", usage=USAGE) + chunked(b"data: [DONE]\n\n") + b"0\r\n\r\n"


class Answer(asyncio.Protocol):
    def __init__(self, delay: float) -> None:
        self.delay = delay
        self.received = b""
        self.speaking: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.received += data
        head, end, rest = self.received.partition(b"\r\n\r\n")
        lengths = [line[15:] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        if end and len(rest) >= (length := int(lengths[0]) if lengths else 0):
            self.received = rest[length:]
            self.speaking = asyncio.get_running_loop().create_task(self.speak())

    def connection_lost(self, exc: Exception | None) -> None:
        if self.speaking:
            self.speaking.cancel()

    async def speak(self) -> None:
        """Each token at its time, counted from the beginning so that lateness does not add up."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        self.transport.write(HEAD)
        for number, piece in enumerate(PIECES, start=1):
            if self.delay and (wait := begun + number * self.delay - loop.time()) > 0:
                await asyncio.sleep(wait)
            self.transport.write(piece)
        self.transport.write(LAST)


async def main(port: int, delay_ms: float) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Answer(delay_ms / 1000), "127.0.0.1", port, backlog=1024)
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2])))
