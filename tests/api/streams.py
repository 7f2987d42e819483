"""A client of server-sent events: it reads when a test waits for something, and may be cut off anywhere."""

import http.client
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from tests.order import RunOrder

Event = dict[str, Any]
SECONDS = 20


class Stream:
    """One open answer of `text/event-stream`."""

    def __init__(self, url: str, token: str, path: str, *, body: Any = None, last_event_id: str | None = None) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=SECONDS)
        headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
        if last_event_id:
            headers["Last-Event-ID"] = last_event_id
        content = None if body is None else json.dumps(body)
        if content is not None:
            headers["Content-Type"] = "application/json"
        self._connection.request("GET" if body is None else "POST", path, content, headers)
        self.answer = self._connection.getresponse()
        self.ids: list[str] = []
        self.events: list[Event] = []
        self._lines = self._read()

    @property
    def refusal(self) -> tuple[int, str]:
        """What it was answered instead of a stream."""
        return self.answer.status, json.loads(self.answer.read())["error"]

    @property
    def last_id(self) -> str:
        return self.ids[-1]

    def cut(self) -> None:
        """Lose the connection."""
        self._connection.close()

    def until(self, is_it: Callable[[Event], bool]) -> Event:
        """The next event of that kind, reading on until it comes."""
        for event in self._lines:
            if is_it(event):
                return event
        raise AssertionError(f"The stream ended without it. What came: {self.kinds()}")

    def rest(self) -> list[Event]:
        """All that comes until the server ends the stream."""
        return list(self._lines)

    def kinds(self) -> list[str]:
        return [event["type"] for event in self.events]

    def text(self) -> str:
        return "".join(event["delta"] for event in self.events if event["type"] == "TEXT_MESSAGE_CONTENT")

    def _read(self) -> Iterator[Event]:
        event_id = ""
        for raw in self.answer:
            line = raw.decode().rstrip("\n")
            if line.startswith("id: "):
                event_id = line[4:]
            elif line.startswith("data: "):
                event = json.loads(line[6:])
                self.events.append(event)
                self.ids.append(event_id)
                yield event


def of_type(kind: str, **fields: Any) -> Callable[[Event], bool]:
    return lambda event: event["type"] == kind and all(event.get(name) == value for name, value in fields.items())


class StrictOrder(RunOrder):
    """AG-UI's order rules as its own client checks them: one start, and nothing said twice."""

    def check(self, event: Event) -> None:
        if event["type"] == "RUN_STARTED":
            assert self.last_seq is None, f"a second start: {event}"
            self.last_seq = event["metadata"]["seq"]
        else:
            assert self.last_seq is not None, f"before RUN_STARTED: {event}"
            self._place(event)


def assert_strict(events: list[Event], known_calls: set[str] | None = None) -> None:
    """These are the events of one AG-UI run, from its start to its one end."""
    order = StrictOrder()
    order.calls = set(known_calls or ())
    for event in events:
        order.check(event)
    assert order.has_ended, "the run was not told to its end"
