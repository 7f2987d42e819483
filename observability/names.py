"""The words, icons and OpenTelemetry names of what is recorded; every page and every exporter takes them from here."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a span did. The values are the `gen_ai.operation.name` of OpenTelemetry where it has one."""

    RECEIVE = "receive"
    LLM = "chat"
    TOOL = "execute_tool"
    RETRIEVAL = "retrieval"
    EMBEDDING = "embeddings"
    APPROVAL = "approval"
    AGENT = "invoke_agent"
    HANDOFF = "handoff"
    MEMORY = "memory"


class Status(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    OK = "ok"
    ERROR = "error"
    CANCELLED = "cancelled"


BACKGROUND = ("memory", "reflection")  # whose traces are no answers: they cost money, and nobody waited for them
FEEDBACK = "feedback"  # the score a person gives by thumb; the one a trace carries in its own row


@dataclass(frozen=True)
class Face:
    """How something is shown: its icon (a Material symbol), its word, and its tone (a class in the console's CSS)."""

    icon: str
    word: str
    tone: str = "quiet"


KIND_FACES: dict[str, Face] = {
    Kind.RECEIVE: Face("inbox", "Receive"),
    Kind.LLM: Face("neurology", "LLM", "llm"),
    Kind.TOOL: Face("build", "Tool", "tool"),
    Kind.RETRIEVAL: Face("search", "Search", "retrieval"),
    Kind.EMBEDDING: Face("scatter_plot", "Embedding", "retrieval"),
    Kind.APPROVAL: Face("how_to_reg", "Person"),
    Kind.AGENT: Face("smart_toy", "Agent", "accent"),
    Kind.HANDOFF: Face("alt_route", "Hand-off", "accent"),
    Kind.MEMORY: Face("psychology", "Memory", "retrieval"),
}
UNKNOWN_KIND = Face("help", "Step")

STATUS_FACES: dict[str, Face] = {
    Status.QUEUED: Face("hourglass_empty", "Queued"),
    Status.RUNNING: Face("progress_activity", "Running", "accent"),
    Status.WAITING: Face("pause_circle", "Waiting", "warn"),
    Status.OK: Face("check_circle", "Answered", "good"),
    Status.ERROR: Face("error", "Failed", "bad"),
    Status.CANCELLED: Face("cancel", "Stopped"),
}
SPAN_STATUS_FACES: dict[str, Face] = {**STATUS_FACES, Status.OK: Face("check_circle", "Done", "good")}


def operation_name(kind: str) -> str:
    """The `gen_ai.operation.name` of a span, empty where the conventions have none."""
    return "" if kind in (Kind.RECEIVE, Kind.APPROVAL, Kind.HANDOFF, Kind.MEMORY) else kind
