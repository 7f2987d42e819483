"""What Plumbline is held against: a websocket that passes an LLM's tokens on, and does nothing else.

`python -m bench.relay PORT LLM_URL sdk|raw`: with the openai SDK's typed chunks, the realistic floor for an agent in
Python, or with the lines split by hand, the raw one. No storage, no accounts, no agent.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import openai
from websockets.asyncio.server import ServerConnection, serve


async def main(port: int, llm_url: str, kind: str) -> None:
    client = openai.AsyncOpenAI(base_url=llm_url, api_key="none", max_retries=0)

    async def talk(socket: ServerConnection) -> None:
        async for question in socket:
            tokens = through_sdk(client, str(question)) if kind == "sdk" else by_hand(llm_url, str(question))
            async for token in tokens:
                await socket.send(json.dumps({"delta": token}))
            await socket.send('{"end": true}')

    async with serve(talk, "127.0.0.1", port, compression=None) as server:
        print("ready", flush=True)
        await server.serve_forever()


async def through_sdk(client: openai.AsyncOpenAI, question: str) -> AsyncIterator[str]:
    stream = await client.chat.completions.create(
        model="bench", messages=[{"role": "user", "content": question}], stream=True
    )
    async for chunk in stream:
        if chunk.choices and (content := chunk.choices[0].delta.content):
            yield content


async def by_hand(llm_url: str, question: str) -> AsyncIterator[str]:
    address = urlsplit(llm_url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    body = json.dumps({"model": "bench", "messages": [{"role": "user", "content": question}], "stream": True}).encode()
    writer.write(b"POST /v1/chat/completions HTTP/1.1\r\nHost: llm\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    try:
        async for line in reader:
            if line.startswith(b"data: [DONE]"):
                return
            if line.startswith(b"data: ") and (content := json.loads(line[6:])["choices"][0]["delta"].get("content")):
                yield content
    finally:
        writer.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], sys.argv[3]))
