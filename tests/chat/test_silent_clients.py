"""People whose browsers stop reading in the middle of an answer cost next to nothing, and nobody else notices."""

import base64
import json
import os
import socket
from contextlib import ExitStack
from urllib.parse import urlsplit

import psutil
import pytest

from tests.drills.agents import ledger_agent

SILENT = 50
ANSWERS = 14
LONG = tuple(f"{number:07} " * 1000 for number in range(46))  # 368 kB each, 5 MB in all
MOST_MEGABYTES = 30


class Silent:
    """A socket that subscribes and then never reads again, with as little room in the kernel as can be had."""

    def __init__(self, url: str, cookie: str, thread: str) -> None:
        host, port = urlsplit(url).hostname, urlsplit(url).port
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._socket.connect((host, port))
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            "GET /ws/ HTTP/1.1",
            f"Host: {host}:{port}",
            f"Origin: {url}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
            f"Cookie: {cookie}",
        ]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode())
        assert b"101" in self._socket.recv(1024)
        self._send({"type": "subscribe", "id": "1", "threadId": thread})
        assert b'"ack"' in self._socket.recv(1024)

    def close(self) -> None:
        self._socket.close()

    def _send(self, command: dict[str, str]) -> None:
        payload = json.dumps(command).encode()
        assert len(payload) < 126
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
        self._socket.sendall(bytes([0x81, 0x80 | len(payload)]) + mask + masked)


@pytest.fixture
def megabytes(live_stack):
    """Megabytes of the web process, as the kernel counts them."""
    return lambda: psutil.Process(live_stack.web.pid).memory_info().rss / 1e6


def test_fifty_who_stop_reading_during_five_megabytes_cost_little_and_disturb_nobody(
    live_stack, socket_of, llm, alice, megabytes
):
    for deltas in (LONG, ("Hello.",), *[LONG] * ANSWERS):
        llm.reply(deltas=deltas)
    reader = socket_of(alice)
    # One that sends everything it is told, so that no summary is asked for: of a model whose limits nobody knows.
    talker = ledger_agent("talker", tools=[], llm_name="boundless", memory={"context_tokens": 4_000_000})
    for question in ("Say a lot", "Say hello"):  # before the measurement, what an answer costs at all
        thread = reader.ask(question, agent=talker.slug)["threadId"]
        reader.until("RUN_FINISHED")
    begun = megabytes()

    with ExitStack() as opened:
        for _ in range(SILENT):
            opened.callback(Silent(live_stack.url, live_stack.cookie_of(alice), thread).close)
        runs = [reader.ask("Say more", threadId=thread)["runId"] for _ in range(ANSWERS)]
        for run in runs:
            reader.end(run)
        grown = megabytes() - begun

    print(f"{SILENT} silent clients: {grown:.0f} MB more than {begun:.0f} MB")
    assert [reader.view.run(run).answer == "".join(LONG) for run in runs] == [True] * ANSWERS
    assert grown < MOST_MEGABYTES
