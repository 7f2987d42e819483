"""What a client does not read is not kept for it."""

import http.client
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.api.flood import CHUNK, CHUNKS
from tests.loopback import free_port
from tests.stack import BASE_DIR

MANY = 50


@pytest.fixture
def flood() -> Iterator[int]:
    """The port of a Daphne that serves it."""
    port = free_port()
    command = [sys.executable, "-m", "daphne", "-b", "127.0.0.1", "-p", str(port), "tests.api.flood:application"]
    daphne = subprocess.Popen(command, cwd=BASE_DIR, stderr=subprocess.PIPE, text=True)
    assert daphne.stderr
    for line in daphne.stderr:
        if "Listening on TCP" in line:
            break
    yield port
    daphne.kill()
    daphne.communicate()


def taken(port: int) -> int:
    asking = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    asking.request("GET", "/taken")
    count = int(asking.getresponse().read())
    asking.close()
    return count


def test_a_stream_waits_for_its_reader_and_then_goes_on(flood: int) -> None:
    reader = http.client.HTTPConnection("127.0.0.1", flood, timeout=20)
    reader.request("GET", "/flood")
    answer = reader.getresponse()

    counts = [taken(flood) for _ in range(MANY)]
    while counts[-1] != counts[-MANY] and counts[-1] < CHUNKS:
        counts.append(taken(flood))
    assert counts[-1] < CHUNKS / 2  # it has stopped …

    assert len(answer.read()) == CHUNKS * len(CHUNK)  # … and goes on
    assert taken(flood) == CHUNKS


def test_a_reader_who_leaves_is_not_waited_for(flood: int) -> None:
    leaving = http.client.HTTPConnection("127.0.0.1", flood, timeout=20)
    leaving.request("GET", "/flood")
    leaving.getresponse()
    leaving.close()

    staying = http.client.HTTPConnection("127.0.0.1", flood, timeout=20)
    staying.request("GET", "/flood")
    assert len(staying.getresponse().read()) == CHUNKS * len(CHUNK)
