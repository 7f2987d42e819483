"""The oracle for what arrives: AG-UI's models, its order rules, and our numbering."""

from collections import defaultdict
from typing import Any

from ag_ui.core import Event
from pydantic import TypeAdapter

AG_UI = TypeAdapter(Event)
OPENING = {"TEXT_MESSAGE_START": "messageId", "TOOL_CALL_START": "toolCallId", "STEP_STARTED": "stepName"}
INSIDE = {"TEXT_MESSAGE_CONTENT": "TEXT_MESSAGE_START", "TOOL_CALL_ARGS": "TOOL_CALL_START"}
CLOSING = {
    "TEXT_MESSAGE_END": "TEXT_MESSAGE_START",
    "TOOL_CALL_END": "TOOL_CALL_START",
    "STEP_FINISHED": "STEP_STARTED",
}
ENDS = {"RUN_FINISHED", "RUN_ERROR"}


class Verifier:
    """Takes the events of one client in the order they came; an `AssertionError` names the rule that was broken."""

    def __init__(self) -> None:
        self.runs: dict[str, RunOrder] = defaultdict(RunOrder)

    def check(self, event: dict[str, Any]) -> None:
        check_shape(event)
        self.runs[event["metadata"]["runId"]].check(event)


class RunOrder:
    """The events of one run. A `RUN_STARTED` may come at any time and starts it over: a new attempt or a snapshot."""

    def __init__(self) -> None:
        self.last_seq: int | None = None
        self.open: set[tuple[str, str]] = set()
        self.calls: set[str] = set()
        self.has_ended = False

    def check(self, event: dict[str, Any]) -> None:
        if event.get("name") == "run.removed":
            self.has_ended = True  # it counts whatever its number
        elif event["type"] == "RUN_STARTED":
            self.last_seq, self.has_ended = event["metadata"]["seq"], False
            self.open, self.calls = set(), set()
        else:
            self._number(event)
            self._place(event)

    def _number(self, event: dict[str, Any]) -> None:
        assert self.last_seq is not None, f"before RUN_STARTED: {event}"
        seq = event["metadata"]["seq"]
        assert seq == self.last_seq + 1, f"a gap: {self.last_seq} was followed by {event}"
        self.last_seq = seq

    def _place(self, event: dict[str, Any]) -> None:
        kind = event["type"]
        assert not self.has_ended, f"after the end of the run: {event}"
        if kind in OPENING:
            self._open(kind, event[OPENING[kind]], event)
        elif opened_by := INSIDE.get(kind) or CLOSING.get(kind):
            place = (opened_by, event[OPENING[opened_by]])
            assert place in self.open, f"not inside an open one: {event}"
            if kind in CLOSING:
                self.open.remove(place)
        elif kind == "TOOL_CALL_RESULT":
            assert event["toolCallId"] in self.calls, f"a result nobody asked for: {event}"
        elif kind in ENDS:
            assert not self.open or kind == "RUN_ERROR", f"ended with {self.open} open: {event}"
            self.has_ended = True

    def _open(self, kind: str, name: str, event: dict[str, Any]) -> None:
        assert (kind, name) not in self.open, f"opened twice: {event}"
        self.open.add((kind, name))
        if kind == "TOOL_CALL_START":
            assert name not in self.calls, f"one call id used twice: {event}"
            self.calls.add(name)


def check_shape(event: dict[str, Any]) -> None:
    """Stricter than the models, which forgive unknown fields, nulls and Python's spelling of names."""
    model = AG_UI.validate_python(event)
    names = {field.alias or name for name, field in type(model).model_fields.items()}
    assert event.keys() <= names, f"fields AG-UI does not know, {event.keys() - names}: {event}"
    assert None not in event.values(), f"null instead of left out: {event}"
    assert isinstance(event.get("timestamp"), int), f"no timestamp: {event}"
    metadata = event.get("metadata") or {}
    assert isinstance(metadata.get("seq"), int), f"no number: {event}"
    assert metadata.keys() >= {"runId", "threadId", "epoch"}, f"it does not say where it belongs: {event}"
    if "runId" in event:
        assert (event["runId"], event["threadId"]) == (metadata["runId"], metadata["threadId"]), f"of two runs: {event}"
