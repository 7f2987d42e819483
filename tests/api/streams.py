"""A client of server-sent events: it reads when a test waits for something, and may be cut off anywhere."""

import http.client
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from tests.order import AG_UI, ENDS, RunOrder

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

    def __init__(self) -> None:
        super().__init__()
        self.subagents: dict[str, bool] = {}  # whether each is still at work
        self.owners: dict[str, str | None] = {}  # of texts and calls

    def check(self, event: Event) -> None:
        AG_UI.validate_python(event)
        if event["type"] == "RUN_STARTED":
            assert self.last_seq is None, f"a second start: {event}"
            self.last_seq = event["metadata"]["seq"]
            return
        assert self.last_seq is not None, f"before RUN_STARTED: {event}"
        if event["type"].startswith("SUBAGENT_"):
            self._check_subagent(event)
        else:
            self._check_owner(event)
            assert event["type"] not in ENDS or not any(self.subagents.values()), f"subagents at work: {event}"
            self._place(event)

    def _check_subagent(self, event: Event) -> None:
        subagent = event["subagentRunId"]
        if event["type"] == "SUBAGENT_STARTED":
            assert subagent not in self.subagents, f"started twice: {event}"
            assert event.get("parentSubagentRunId", subagent) in {subagent, *self.subagents}, f"no parent: {event}"
            self.subagents[subagent] = True
        else:
            assert self.subagents.get(subagent), f"not at work: {event}"
            self.subagents[subagent] = False

    def _check_owner(self, event: Event) -> None:
        """What a subagent says is said while it is at work, and one says each text and call."""
        subagent = event.get("subagentRunId")
        assert subagent is None or self.subagents.get(subagent), f"not at work: {event}"
        name = event.get("toolCallId") or event.get("messageId")
        if name and event["type"] != "TOOL_CALL_RESULT":
            assert self.owners.setdefault(name, subagent) == subagent, f"somebody else's: {event}"


def assert_strict(events: list[Event], known_calls: set[str] | None = None) -> None:
    """These are the events of one AG-UI run, from its start to its one end."""
    order = StrictOrder()
    order.calls = set(known_calls or ())
    for event in events:
        order.check(event)
    assert order.has_ended, "the run was not told to its end"
