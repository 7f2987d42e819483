"""The line between page and server breaks at any byte; what is in view in the end is what a fresh page shows."""

import os
import random
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import WebSocketException

from tests.drills.obedient import Plan
from tests.drills.proxy import Proxy
from tests.llm import call

SEED = int(os.environ.get("DRILL_SEED") or 7)
CUTS = 50
BROKEN = (WebSocketException, OSError, EOFError)


@pytest.fixture
def line(live_stack):
    proxy = Proxy(urlsplit(live_stack.url).port).start()
    yield proxy
    proxy.stop()


def test_a_socket_that_is_cut_fifty_times_ends_with_the_whole_answer(live_stack, talk_of, line, alice):
    print(f"DRILL_SEED={SEED}")
    chance = random.Random(SEED)
    talk = talk_of(alice)
    run = talk.ask(Plan("cut", ((call("ledger_read", note="look"),),), words=400, delay=0.005))
    talk.socket.until("RUN_STARTED", run=run)
    talk.socket.by_way_of(f"http://127.0.0.1:{line.port}")

    while line.cuts < CUTS:
        line.cut_after([chance.randrange(1, 3000)])
        try:
            talk.socket.reconnect(talk.thread, run)
            while True:  # what is there is told again and again, so that the line breaks also after the end
                talk.socket.end(run)
                talk.socket.send("subscribe", threadId=talk.thread)
        except BROKEN:
            continue

    talk.socket.by_way_of(live_stack.url)
    talk.socket.reconnect(talk.thread, run)
    talk.end_well()
    assert talk.socket.view.run(run).answer.endswith("word399")
