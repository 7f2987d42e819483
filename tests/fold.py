"""What a reader has in view after a list of events: the reference that every page and every replay must agree with."""

from dataclasses import asdict, dataclass, field
from typing import Any

Event = dict[str, Any]


@dataclass
class Text:
    role: str
    text: str = ""
    is_closed: bool = False
    is_interrupted: bool = False
    attachments: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class ToolUse:
    name: str
    arguments: str = ""
    status: str = ""
    result: str | None = None
    decisions: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class RunView:
    """One run. `parts` holds its texts and tool calls by id, in the order in which they came."""

    id: str
    status: str
    agent: str
    position: int
    parts: dict[str, Text | ToolUse] = field(default_factory=dict)
    outcome: str = ""
    error: str = ""
    code: str | None = None
    usage: list[dict[str, Any]] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    interrupts: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    handoffs: list[dict[str, Any]] = field(default_factory=list)
    retries: list[str] = field(default_factory=list)
    memories: list[dict[str, Any]] = field(default_factory=list)
    summaries: list[dict[str, Any]] = field(default_factory=list)

    @property
    def question(self) -> str:
        return "".join(text.text for text in self._texts("user"))

    @property
    def answer(self) -> str:
        return "".join(text.text for text in self._texts("assistant"))

    @property
    def tools(self) -> list[ToolUse]:
        return [part for part in self.parts.values() if isinstance(part, ToolUse)]

    def _texts(self, role: str) -> list[Text]:
        return [part for part in self.parts.values() if isinstance(part, Text) and part.role == role]


class View:
    """A conversation as it stands. `runs` leaves out those that a later attempt replaced.

    Tasks stand in the order in which they were given: a page shows each at its call, whichever was heard of first.
    """

    def __init__(self, events: list[Event] | None = None) -> None:
        self._runs: dict[str, RunView] = {}
        self._replaced: set[str] = set()
        for event in events or ():
            self.apply(event)

    @property
    def runs(self) -> list[RunView]:
        shown = [run for run in self._runs.values() if run.id not in self._replaced]
        return sorted(shown, key=lambda run: (run.position, run.id))

    @property
    def lasting(self) -> list[dict[str, Any]]:
        """All of it as plain values, but for the retries: they are told live, and over when the run is."""
        return [{name: value for name, value in asdict(run).items() if name != "retries"} for run in self.runs]

    def has(self, run_id: str) -> bool:
        return run_id in self._runs

    def run(self, run_id: str) -> RunView:
        return self._runs[run_id]

    def apply(self, event: Event) -> None:
        metadata = event["metadata"]
        if event["type"] == "RUN_STARTED":
            self._start(metadata)
        elif event.get("name") == "run.removed":
            self._runs.pop(event["value"]["runId"], None)
        else:
            _apply(self._runs[metadata["runId"]], event["type"], event, metadata)

    def _start(self, metadata: dict[str, Any]) -> None:
        run_id, status, position = metadata["runId"], metadata["status"], metadata["position"]
        self._runs[run_id] = RunView(run_id, status, metadata["agent"]["slug"], position)
        if replaced := metadata.get("replaces"):
            self._replaced.add(replaced)


def _apply(run: RunView, kind: str, event: Event, metadata: dict[str, Any]) -> None:
    match kind:
        case "TEXT_MESSAGE_START":
            run.parts[event["messageId"]] = Text(event["role"], attachments=metadata.get("attachments", []))
        case "TEXT_MESSAGE_CONTENT":
            _text(run, event).text += event["delta"]
        case "TEXT_MESSAGE_END":
            _text(run, event).is_closed = True
            _text(run, event).is_interrupted = bool(metadata.get("interrupted"))
        case "TOOL_CALL_START":
            run.parts[event["toolCallId"]] = ToolUse(event["toolCallName"])
        case "TOOL_CALL_ARGS":
            _tool(run, event["toolCallId"]).arguments += event["delta"]
        case "TOOL_CALL_RESULT":
            _tool(run, event["toolCallId"]).result = event["content"]
        case "CUSTOM":
            _apply_custom(run, event["name"], event["value"])
        case "RUN_FINISHED":
            run.status = run.outcome = event["outcome"]["type"]
            run.usage = event.get("usage", [])
            run.interrupts = event["outcome"].get("interrupts", [])
            run.figures = {name: metadata.get(name) for name in ("durationMs", "firstTokenMs", "costUsd")}
        case "RUN_ERROR":
            run.status, run.error, run.code = "error", event["message"], event.get("code")
            run.figures = {"durationMs": metadata.get("durationMs")}


def _apply_custom(run: RunView, name: str, value: dict[str, Any]) -> None:
    match name:
        case "tool.status":
            _tool(run, value["toolCallId"]).status = value["status"]
        case "llm.retry":
            run.retries.append(value["reason"])
        case "tool.decided":
            _decide(_tool(run, value["toolCallId"]), value)
        case "handoff":
            run.agent = value["to"]["slug"]
            run.handoffs.append(value)
        case "memory.used":
            run.memories = value["memories"]
        case "memory.compacted":
            run.summaries.append({**value, "behind": list(run.parts)})
        case "limit.warning":
            run.warnings.append(value["limit"])
        case "message.superseded":
            del run.parts[value["messageId"]]


def _decide(tool: ToolUse, value: dict[str, Any]) -> None:
    tool.decisions = value["decisions"]
    tool.arguments = value.get("arguments", tool.arguments)


def _text(run: RunView, event: Event) -> Text:
    part = run.parts[event["messageId"]]
    assert isinstance(part, Text), f"{event} is about a tool call"
    return part


def _tool(run: RunView, call_id: str) -> ToolUse:
    part = run.parts[call_id]
    assert isinstance(part, ToolUse), f"{call_id} is a text"
    return part
