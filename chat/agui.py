"""Our events of a run as any AG-UI client takes them: one start, everything once, one end.

On our own wire a `RUN_STARTED` voids what was known and tells the run again (docs/decisions/0002). A client that holds
to AG-UI's order rules refuses that, so what it has heard already is left out here, and a text that a lost attempt left
unfinished is closed and marked as superseded.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from agents.models import Message, Role, Run, ToolCall

PROTOCOL_VERSION = "1.0"
TAKEN_OVER = "The worker was lost; another one answers anew."
WITHDRAWN = "The question was withdrawn before it was answered."

Event = dict[str, Any]


@dataclass
class Heard:
    """What a client knows of a run, by the ids of its rows."""

    texts: dict[str, int] = field(default_factory=dict)  # messages, with how many characters of each
    calls: set[str] = field(default_factory=set)
    results: set[str] = field(default_factory=set)
    statuses: dict[str, str] = field(default_factory=dict)


def heard_before(run: Run, moment: datetime) -> Heard:
    """What a client that followed the run until then has heard: the answer to an interrupt goes on from there."""
    messages = Message.objects.filter(run=run, role=Role.ASSISTANT, created_at__lte=moment)
    texts = {str(message.id): len(message.text) for message in messages if message.text}
    calls = list(ToolCall.objects.filter(run=run, message__in=messages))
    done = [call for call in calls if call.finished_at and call.finished_at <= moment]
    return Heard(
        texts=texts,
        calls={str(call.id) for call in calls},
        results={str(call.id) for call in done},
        statuses={str(call.id): call.status for call in done},
    )


class Telling:
    """Tells one run to one client, under the ids that client has chosen."""

    def __init__(self, *, thread_id: str, run_id: str, heard: Heard | None = None) -> None:
        self._ids = {"threadId": thread_id, "runId": run_id}
        self._heard = heard or Heard()
        self._has_begun = False
        self._open_text: str | None = None
        self._retold: dict[str, int] = {}  # how far this attempt has told each text
        self._not_for_it: set[str] = set()  # the questions: the client asked them
        self._opening_calls: set[str] = set()
        self._superseded: set[str] = set()

    def take(self, event: Event) -> Iterable[Event]:
        """What the client is told when this happened."""
        match event["type"]:
            case "RUN_STARTED":
                return self._start(event)
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
            case "RUN_FINISHED":
                return [*self._leave_open_text(event), event | self._ids]
            case "RUN_ERROR":
                return [*self._leave_open_text(event), event]
        return [event]

    def _start(self, event: Event) -> Iterable[Event]:
        self._retold = {}
        if self._has_begun:
            return []
        self._has_begun = True
        return [event | self._ids | {"protocolVersion": PROTOCOL_VERSION}]

    def _open(self, event: Event) -> Iterable[Event]:
        message = event["messageId"]
        if event.get("role") != "assistant":
            self._not_for_it.add(message)
            return []
        self._retold[message] = 0
        if message in self._heard.texts:
            return []
        before = self._leave_open_text(event)
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
            return [*self._leave_open_text(event), event]
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
            case "message.superseded":
                return self._supersede(event, value["messageId"])
            case "run.removed":
                error = {"type": "RUN_ERROR", "message": WITHDRAWN, "code": "withdrawn"}
                return [*self._leave_open_text(event), {**_frame_of(event), **error}]
        return [event]

    def _supersede(self, event: Event, message: str) -> Iterable[Event]:
        if message in self._superseded or message not in self._heard.texts:
            return []
        self._superseded.add(message)
        closing = self._leave_open_text(event) if message == self._open_text else []
        return [*(one for one in closing if one["type"] != "CUSTOM"), event]

    def _leave_open_text(self, event: Event) -> list[Event]:
        """Close the text that is open; one this attempt does not know of is void."""
        message, self._open_text = self._open_text, None
        if message is None:
            return []
        end = {**_frame_of(event), "type": "TEXT_MESSAGE_END", "messageId": message}
        if message in self._retold or message in self._superseded:
            return [end]
        self._superseded.add(message)
        value = {"messageId": message, "reason": TAKEN_OVER}
        return [end, {**_frame_of(event), "type": "CUSTOM", "name": "message.superseded", "value": value}]


def _frame_of(event: Event) -> Event:
    return {name: event[name] for name in ("timestamp", "metadata") if name in event}
