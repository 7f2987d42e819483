"""An application that streams far more than anybody keeps, and says how much of it was taken."""

from typing import Any

from config import backpressure

backpressure.install()
CHUNK = b"x" * 65_536
CHUNKS = 800
taken = 0


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    global taken
    await send({"type": "http.response.start", "status": 200, "headers": []})
    if scope["path"] == "/taken":
        await send({"type": "http.response.body", "body": str(taken).encode()})
        return
    for _ in range(CHUNKS):
        await send({"type": "http.response.body", "body": CHUNK, "more_body": True})
        taken += 1
    await send({"type": "http.response.body"})
