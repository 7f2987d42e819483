"""The scripted LLM: an OpenAI-compatible endpoint on a real socket that says what a test wrote down, in that order."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from typing import Any

from tests.llm.http import Connection, Request
from tests.llm.script import Call, Moment, Ponder, Script, error_of, plain_json, steps
from tests.llm.signal import SECONDS, Signal


class Exchange:
    """One scripted reply and the request that got it."""

    def __init__(self, script: Script, number: int) -> None:
        self.script = script
        self.asked: Signal[Request] = Signal(f"request {number} reaches the LLM")
        self.held: Signal[None] = Signal(f"reply {number} comes to the place where it stalls")
        self.released: Signal[None] = Signal(f"reply {number} is released")
        self.answered: Signal[None] = Signal(f"reply {number} is sent to its end")
        self.client_left: Signal[None] = Signal(f"the client leaves before the end of reply {number}")

    @property
    def request(self) -> Request:
        return self.asked.wait(0)

    def release(self) -> None:
        """Go on after the stall, now or when it comes to it."""
        self.released.set(None)


class ScriptedLLM:
    """Strict first in, first out. A request nobody wrote a reply for, and a reply nobody asked for, fail the test.

    Drills, whose requests come in no order and as often as workers die, give a rule instead: `otherwise`.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: deque[Exchange] = deque()
        self._exchanges: list[Exchange] = []
        self._numbers = count(1)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="scripted-llm", daemon=True)
        self.forget()

    def start(self) -> "ScriptedLLM":
        self._thread.start()
        listening = self._loop.create_server(self._connection, "127.0.0.1", 0, backlog=512)
        self._server = asyncio.run_coroutine_threadsafe(listening, self._loop).result(SECONDS)
        self.base_url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"
        return self

    def stop(self) -> None:
        async def close() -> None:
            self._server.close()
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(close(), self._loop).result(SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(SECONDS)
        self._loop.close()

    # What it is going to say

    def reply(self, text: str = "", **options: Any) -> Exchange:
        """Say `text`. The options are the fields of `Script`: `deltas`, `pause_after`, `cut_after`, `status` …"""
        return self._add(Script(text=text, **options))

    def asks(self, *calls: Call, text: str = "", **options: Any) -> Exchange:
        """Ask for tool calls: `llm.asks(call("calculator", expression="1+1"))`."""
        return self._add(Script(text=text, calls=calls, **options))

    def fails(self, status: int, **options: Any) -> Exchange:
        return self._add(Script(status=status, **options))

    def _add(self, script: Script) -> Exchange:
        with self._changed:
            exchange = Exchange(script, next(self._numbers))
            self._waiting.append(exchange)
            self._exchanges.append(exchange)
            return exchange

    # What it was asked

    def wait_for_request(self, number: int = 1) -> Request:
        """The `number`th request since the test began, when it has come."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.requests) >= number, SECONDS):
                raise AssertionError(f"Asked {len(self.requests)} times in {SECONDS} seconds, not {number}.")
            return self.requests[number - 1]

    def release(self) -> None:
        """Let every reply written so far go on after its stall."""
        for exchange in self._exchanges:
            exchange.release()

    def assert_complete(self) -> None:
        """Everything written down was asked for, and nothing else."""
        problems = [f"asked without a reply written down: {_short(request)}" for request in self.unexpected]
        problems += [f"never asked for: {exchange.script}" for exchange in self._waiting]
        assert not problems, "\n".join(["The LLM's script and what was asked differ.", *problems])

    def forget(self) -> None:
        """A clean sheet for the next test; what still hangs is released."""
        self.release()
        with self._changed:
            self._waiting.clear()
            self._exchanges.clear()
            self._numbers = count(1)
            self.requests: list[Request] = []
            self.unexpected: list[Request] = []
            self.connections = 0
            self.otherwise: Callable[[Request], Script] | None = None
            self.models = ["gpt-4o", "gpt-4o-mini"]
            self.key: str | None = None  # set: every other key is refused

    # In its own thread

    def _connection(self) -> Connection:
        self.connections += 1
        return Connection(self._answer)

    async def _answer(self, connection: Connection, request: Request) -> None:
        if self.key and request.headers.get("authorization") != f"Bearer {self.key}":
            connection.send(plain_json(401, error_of("Incorrect API key provided.", "invalid_request_error")))
        elif request.path == "/v1/models":
            models = [{"id": name, "object": "model", "owned_by": "tests"} for name in self.models]
            connection.send(plain_json(200, {"object": "list", "data": models}))
        elif request.path != "/v1/chat/completions":
            connection.send(plain_json(404, error_of(f"There is nothing at {request.path}.", "invalid_request_error")))
        elif exchange := self._next_for(request):
            await _say(exchange, connection, request)
        else:  # a status nobody retries, so that the test fails at once
            connection.send(plain_json(400, error_of("No reply was written down for this request.", "test_error")))

    def _next_for(self, request: Request) -> Exchange | None:
        with self._changed:
            exchange = self._waiting.popleft() if self._waiting else self._by_rule(request)
            self.requests.append(request)
            if exchange:
                exchange.asked.set(request)
            else:
                self.unexpected.append(request)
            self._changed.notify_all()
            return exchange

    def _by_rule(self, request: Request) -> Exchange | None:
        return Exchange(self.otherwise(request), next(self._numbers)) if self.otherwise else None


async def _say(exchange: Exchange, connection: Connection, request: Request) -> None:
    unsent = b""
    try:
        for step in steps(exchange.script, request.body):
            if isinstance(step, bytes):
                unsent += step
                continue
            connection.send(unsent)
            unsent = b""
            if isinstance(step, Ponder):
                await _ponder(exchange, connection, step)
            elif step is Moment.HOLD:
                exchange.held.set(None)
                await exchange.released.here()
            elif step is Moment.RESET:
                connection.reset()
                break
            elif step is Moment.CLOSE:
                connection.send(b"0\r\n\r\n")
            else:
                await asyncio.sleep(step)
        connection.send(unsent)
        exchange.answered.set(None)
    except asyncio.CancelledError:
        exchange.client_left.set(None)
        raise


async def _ponder(exchange: Exchange, connection: Connection, step: Ponder) -> None:
    exchange.held.set(None)
    while not exchange.released.is_set:
        connection.send(step.thought)
        with suppress(AssertionError):
            await exchange.released.soon(0.5)


def _short(request: Request) -> str:
    last = request.body.get("messages", [{}])[-1]
    return f"{request.method} {request.path} … {str(last)[:300]}"
