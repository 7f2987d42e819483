"""What one run says, told once: a run is told anew with every attempt, and a client hears only what is new to it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

TAKEN_OVER = "The worker was lost; another one answers anew."
WITHDRAWN = "The question was withdrawn before it was answered."

Event = dict[str, Any]


@dataclass
class Heard:
    """What a client knows of a run and of the tasks below it, by the ids of their rows."""

    texts: dict[str, int] = field(default_factory=dict)  # messages, with how many characters of each
    calls: set[str] = field(default_factory=set)
    results: set[str] = field(default_factory=set)
    statuses: dict[str, str] = field(default_factory=dict)
    decisions: dict[str, Any] = field(default_factory=dict)
    handoffs: set[tuple[str, str]] = field(default_factory=set)  # by run, who took over: nobody does twice
    ended: set[str] = field(default_factory=set)  # tasks
    summaries: set[str] = field(default_factory=set)  # of the oldest turns


class Voice:
    """The texts and tool calls of one run. What a lost attempt left open is closed and marked as superseded."""

    def __init__(self, heard: Heard) -> None:
        self._heard = heard
        self._open_text: str | None = None
        self._retold: dict[str, int] = {}  # how far this attempt has told each text
        self._not_for_it: set[str] = set()  # the questions: the client knows them
        self._opening_calls: set[str] = set()
        self._superseded: set[str] = set()

    def begin_anew(self) -> None:
        """Another attempt, or a snapshot, tells the run from its start."""
        self._retold = {}

    def take(self, event: Event) -> Iterable[Event]:
        """What the client is told when this was said."""
        match event["type"]:
            case "TEXT_MESSAGE_START":
                return self._open(event)
            case "TEXT_MESSAGE_CONTENT":
                return self._add(event)
            case "TEXT_MESSAGE_END":
                return self._close(event)
            case "TOOL_CALL_START" | "TOOL_CALL_ARGS" | "TOOL_CALL_END":
                return self._call(event)
            case "TOOL_CALL_RESULT":
                return self._result(event)
            case "CUSTOM":
                return self._custom(event)
        return [event]

    def fall_silent(self, event: Event) -> list[Event]:
        """Close the text that is open, because of this event; one this attempt does not know of is void."""
        message, self._open_text = self._open_text, None
        if message is None:
            return []
        end = {**frame_of(event), "type": "TEXT_MESSAGE_END", "messageId": message}
        if message in self._retold or message in self._superseded:
            return [end]
        self._superseded.add(message)
        value = {"messageId": message, "reason": TAKEN_OVER}
        return [end, {**frame_of(event), "type": "CUSTOM", "name": "message.superseded", "value": value}]

    def _open(self, event: Event) -> Iterable[Event]:
        message = event["messageId"]
        if event.get("role") != "assistant":
            self._not_for_it.add(message)
            return []
        self._retold[message] = 0
        if message in self._heard.texts:
            return []
        before = self.fall_silent(event)
        self._heard.texts[message] = 0
        self._open_text = message
        return [*before, event]

    def _add(self, event: Event) -> Iterable[Event]:
        message, delta = event["messageId"], event["delta"]
        if message in self._not_for_it:
            return []
        start = self._retold.get(message, self._heard.texts.get(message, 0))
        self._retold[message] = start + len(delta)
        fresh = delta[max(0, self._heard.texts.get(message, 0) - start) :]
        if message != self._open_text or not fresh:
            return []
        self._heard.texts[message] += len(fresh)
        return [event | {"delta": fresh}]

    def _close(self, event: Event) -> Iterable[Event]:
        if event["messageId"] != self._open_text:
            return []
        self._open_text = None
        return [event]

    def _call(self, event: Event) -> Iterable[Event]:
        """Our calls are always told whole: one that is new is passed on from its start to its end."""
        call = event["toolCallId"]
        if event["type"] == "TOOL_CALL_START" and call not in self._heard.calls:
            self._heard.calls.add(call)
            self._opening_calls.add(call)
            return [*self.fall_silent(event), event]
        if call not in self._opening_calls:
            return []
        if event["type"] == "TOOL_CALL_END":
            self._opening_calls.discard(call)
        return [event]

    def _result(self, event: Event) -> Iterable[Event]:
        if event["toolCallId"] in self._heard.results:
            return []
        self._heard.results.add(event["toolCallId"])
        return [event]

    def _custom(self, event: Event) -> Iterable[Event]:
        value = event.get("value") or {}
        match event["name"]:
            case "tool.status":
                is_news = self._heard.statuses.get(value["toolCallId"]) != value["status"]
                self._heard.statuses[value["toolCallId"]] = value["status"]
                return [event] if is_news and value["toolCallId"] not in self._heard.results else []
            case "tool.decided":
                is_news = self._heard.decisions.get(value["toolCallId"]) != value
                self._heard.decisions[value["toolCallId"]] = value
                return [event] if is_news else []
            case "handoff":
                place = (event["metadata"]["runId"], value["to"]["slug"])
                is_news = place not in self._heard.handoffs
                self._heard.handoffs.add(place)
                return [event] if is_news else []
            case "memory.compacted":
                is_news = value["id"] not in self._heard.summaries
                self._heard.summaries.add(value["id"])
                return [event] if is_news else []
            case "message.superseded":
                return self._supersede(event, value["messageId"])
        return [event]

    def _supersede(self, event: Event, message: str) -> Iterable[Event]:
        if message in self._superseded or message not in self._heard.texts:
            return []
        self._superseded.add(message)
        closing = self.fall_silent(event) if message == self._open_text else []
        return [*closing, event]


def frame_of(event: Event) -> Event:
    return {name: event[name] for name in ("timestamp", "metadata") if name in event}
