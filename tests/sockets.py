"""A chat client without a browser: it behaves as the page does, and checks every frame it is sent."""

import json
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any
from uuid import uuid4

from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from tests.fold import View
from tests.order import Verifier

Event = dict[str, Any]
SECONDS = 20
CONFIRM_EVERY = 32_768  # characters


class ChatSocket:
    """One open socket of one person. Frames are read when a test waits for something."""

    def __init__(self, url: str, cookie: str) -> None:
        self._url, self._cookie = url, cookie
        self._opened = ExitStack()
        self.confirms = True
        self._socket = self._connected()
        self._verifier = Verifier()
        self._last: dict[str, int] = {}
        self._epoch: dict[str, int] = {}
        self._up_to: dict[str, int] = {}
        self._answers: dict[str, dict[str, Any]] = {}
        self._latest: dict[str, Event] = {}
        self.events: list[Event] = []
        self.view = View()

    @property
    def session_key(self) -> str:
        return self._cookie.partition("=")[2]

    def read(self, seconds: float = SECONDS) -> dict[str, Any]:
        """The next frame, whatever it is; what was read is confirmed, as the page does it."""
        frame = self._socket.recv(max(0, seconds))
        self._frames += 1
        self._unconfirmed += len(frame)
        if self.confirms and self._unconfirmed >= CONFIRM_EVERY:
            self._unconfirmed = 0
            self._socket.send(json.dumps({"type": "got", "frames": self._frames}))
        return dict(json.loads(frame))

    def close(self) -> None:
        self._opened.close()

    def reconnect(self, thread: str, run: str, *, queued: Sequence[str] = ()) -> None:
        """Come back after a loss, saying what is already there."""
        self.close()
        self._socket = self._connected()
        self.catch_up(thread, run, queued=queued)

    def come_back(self, thread: str) -> None:
        """Open a new line, and look at a thread anew; at none, if the thread is not known yet."""
        self.close()
        self._socket = self._connected()
        if thread:
            ack = self.send("subscribe", threadId=thread)
            assert ack["type"] == "ack", ack

    def by_way_of(self, url: str) -> None:
        """Reconnect there from now on, as over another line to the same place."""
        self._url = url

    def load(self, events: list[Event]) -> None:
        """Begin with the events of a page."""
        for event in events:
            self._take(event)

    def catch_up(self, thread: str, run: str, *, queued: Sequence[str] = ()) -> None:
        has_whole_snapshot = self._last[run] >= self._up_to[run]
        place = {"after": self._last[run], "epoch": self._epoch[run]} if has_whole_snapshot else {}
        ack = self.send("subscribe", threadId=thread, runId=run, queued=list(queued), **place)
        assert ack["type"] == "ack", ack

    def send(self, kind: str, *, id: str | None = None, **fields: Any) -> dict[str, Any]:
        """Send a command and return its answer, an ack or a nack."""
        id = id or str(uuid4())
        self._socket.send(json.dumps({"type": kind, "id": id, **fields}))
        self._read_until(lambda: id in self._answers, f"the answer to {kind}")
        return self._answers.pop(id)

    def ask(self, text: str, **fields: Any) -> dict[str, Any]:
        """Ask a question; the ack says which run and thread it became."""
        ack = self.send("run.start", text=text, **fields)
        assert ack["type"] == "ack", ack
        return ack

    def send_raw(self, frame: str) -> dict[str, Any]:
        """Send whatever it is and return what comes back first."""
        self._socket.send(frame)
        return self.read()

    def until(self, kind: str, *, run: str | None = None, **fields: Any) -> Event:
        """The next event of that type (of that run, with those fields), reading on until it comes."""
        start = len(self.events)
        found: list[Event] = []

        def is_there() -> bool:
            nonlocal start
            fresh, start = self.events[start:], len(self.events)
            found.extend(event for event in fresh if _is(event, kind, run, fields))
            return bool(found)

        self._read_until(is_there, f"{kind} {fields or ''}")
        return found[0]

    def end(self, run: str) -> Event:
        """The event that ends the run, waiting for it if it has not come yet."""
        self._read_until(lambda: self._end_of(run) is not None, f"the end of run {run}")
        event = self._end_of(run)
        assert event is not None
        return event

    def until_answer(self, run: str, text: str) -> None:
        """Read on until that much of the answer is in view."""
        self._read_until(lambda: self.view.has(run) and self.view.run(run).answer == text, f"the text {text!r}")

    def interrupt(self, run: str) -> dict[str, Any]:
        """What the run waits for a person to say, reading on until it does."""
        self._read_until(lambda: self.view.has(run) and bool(self.view.run(run).interrupts), f"{run} to wait")
        return self.view.run(run).interrupts[0]

    def until_removed(self, run: str) -> None:
        self._read_until(lambda: not self.view.has(run), f"{run} being taken back")

    def until_status(self, run: str, status: str) -> None:
        self._read_until(lambda: self.view.has(run) and self.view.run(run).status == status, f"{run} being {status}")

    def answer_to(self, text: str, **fields: Any) -> str:
        """Ask, wait for the end, and return the answer in view."""
        run = self.ask(text, **fields)["runId"]
        self.end(run)
        return self.view.run(run).answer

    def _connected(self) -> ClientConnection:
        address = self._url.replace("http", "ws", 1) + "/ws/"
        headers = {"Cookie": self._cookie}
        self._frames = self._unconfirmed = 0
        opening = connect(address, additional_headers=headers, origin=Origin(self._url), max_size=None, proxy=None)
        return self._opened.enter_context(opening)

    def _end_of(self, run: str) -> Event | None:
        """Its last event, if that is an end: a run that starts anew or waits for a person has not ended."""
        last = self._latest.get(run)
        is_end = last is not None and last["type"] in ("RUN_FINISHED", "RUN_ERROR")
        return last if is_end and last.get("outcome", {}).get("type") != "interrupt" else None

    def _read_until(self, is_done: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + SECONDS
        while not is_done():
            try:
                self._take(self.read(deadline - time.monotonic()))
            except TimeoutError:
                raise AssertionError(f"In {SECONDS} s there was no sign of {what}.\n{self._seen()}") from None

    def _take(self, frame: dict[str, Any]) -> None:
        if frame["type"] in ("ack", "nack"):
            self._answers[frame["id"]] = frame
            return
        run, seq = frame["metadata"]["runId"], frame["metadata"]["seq"]
        counts_always = frame["type"] == "RUN_STARTED" or frame.get("name") == "run.removed"
        if not counts_always and seq <= self._last.get(run, -1):
            return  # a repeat, as after a reconnect
        self._verifier.check(frame)
        if frame["type"] == "RUN_STARTED":
            self._up_to[run] = frame["metadata"].get("upTo", 0)
        self._last[run], self._epoch[run] = seq, frame["metadata"]["epoch"]
        self._latest[run] = frame
        self.events.append(frame)
        self.view.apply(frame)

    def _seen(self) -> str:
        return "\n".join(["What came:", *(json.dumps(event)[:300] for event in self.events[-20:])])


def _is(event: Event, kind: str, run: str | None, fields: dict[str, Any]) -> bool:
    if event["type"] != kind or run not in (None, event["metadata"]["runId"]):
        return False
    return all(event.get(name) == value for name, value in fields.items())
