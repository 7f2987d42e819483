"""What the API takes and gives: the fields of its JSON, spelled as on the wire of the chat."""

from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from ninja import Schema
from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from agents.models import CallStatus, Effect, Role, RunStatus, WaitKind

Item = TypeVar("Item")
Slug = Annotated[str, Field(pattern=r"^[-a-zA-Z0-9_]{1,50}$", examples=["assistant"])]
RequestId = Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,100}$", examples=["order-4711"])]
Question = Annotated[str, Field(min_length=1, max_length=100_000, examples=["What is 6 × 7?"])]


TEMPORARY = "Nothing said in it is remembered, and nothing remembered is used in it. It stays so for good."


class Wire(Schema):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class Asked(Wire):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid")


class Problem(Schema):
    """Why something was not done, in words for a person."""

    error: str = Field(examples=["There is nothing here with that id."])


class Page(Wire, Generic[Item]):
    """Newest first. `next` is the `before` of the page after this one; null: there is none."""

    items: list[Item]
    next: str | None


class AgentOut(Wire):
    slug: str
    name: str
    description: str
    suggestions: list[str]


class NewThread(Asked):
    agent: Slug | None = Field(None, description="Without it the first agent that is switched on.")
    temporary: bool = Field(False, description=TEMPORARY)


class ThreadOut(Wire):
    id: UUID
    agent: str = Field(description="The agent's slug.")
    title: str | None = Field(description="What the person's list of conversations calls it; null: it is not in there.")
    temporary: bool = Field(description=TEMPORARY)
    created_at: datetime


class ToolCallOut(Wire):
    id: UUID
    run_id: UUID
    name: str
    arguments: str = Field(description="JSON text: what is executed, a person's edit if there was one.")
    effect: Effect
    status: CallStatus
    result: str = Field(description="What the LLM reads.")
    is_cut: bool = Field(description="Whether the tool said more; `GET /tool-calls/{id}` has the whole.")
    attempt: int
    child_run_id: UUID | None = Field(description="The run of the agent that worked on it, where it was a task.")
    started_at: datetime | None
    finished_at: datetime | None


class WholeToolCall(ToolCallOut):
    whole_result: str


class AttachmentOut(Wire):
    """A file that came with a question."""

    id: UUID
    document_id: UUID | None = Field(description="Null: the document was deleted.")
    name: str
    media_type: str
    size: int
    told_chars: int = Field(description="How much of its text the LLM reads.")
    chars: int


class MessageOut(Wire):
    id: UUID
    run_id: UUID
    role: Role
    text: str
    is_interrupted: bool = Field(description="Stopped before the LLM had finished.")
    created_at: datetime
    attachments: list[AttachmentOut]
    tool_calls: list[ToolCallOut]


class UsageOut(Wire):
    llm_calls: int
    input_tokens: int
    output_tokens: int
    cached_input_tokens: int
    cost_usd: str | None = Field(description="A decimal number; null: a price is unknown.")


class TaskOut(Wire):
    """A task another agent was given."""

    id: UUID = Field(description="Its run: read and followed like any other.")
    tool_call_id: UUID | None
    agent: str
    status: RunStatus


class HandoffOut(Wire):
    """Who handed the question over to whom; the last one answers it."""

    from_agent: str
    to_agent: str
    reason: str
    confidence: float = Field(description="From 0 to 1.")
    created_at: datetime


class RunOut(Wire):
    id: UUID
    thread_id: UUID = Field(description="Where it is shown: for a task the thread of the run it belongs to.")
    parent_id: UUID | None = Field(description="The run that gave this task; null: a person or program asked.")
    root_id: UUID | None = Field(description="The run at the top of a task.")
    depth: int = Field(description="How many agents stand above it.")
    client_request_id: str | None
    agent: str
    agent_version: int
    status: RunStatus
    wait_kind: WaitKind | None = Field(description="What a waiting run waits for.")
    stop_reason: str
    error: str
    question: str
    answer: str | None = Field(description="The last thing the agent said so far.")
    children: list[TaskOut] = Field(description="The tasks it gave, oldest first.")
    handoffs: list[HandoffOut] = Field(description="Oldest first.")
    usage: UsageOut
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class NewRun(Asked):
    text: Question
    thread_id: UUID | None = Field(None, description="Without it in a new thread.")
    agent: Slug | None = Field(None, description="Who answers in a new thread; a thread keeps its agent.")
    client_request_id: RequestId | None = Field(
        None, description="Your own name for this question. Asked again with the same one, nothing new is started."
    )
    conversation: bool = Field(False, description="Whether a new thread is listed among the person's conversations.")
    attachments: list[UUID] = Field(
        [], max_length=5, description="Ids of your documents that come with the question; each must have been read."
    )
    temporary: bool = Field(False, description=f"Of a new thread. {TEMPORARY}")


class EditedQuestion(Asked):
    text: Question


class EventsOut(Wire):
    """AG-UI events, oldest first. `cursor` is the `after` to ask for what follows."""

    events: list[dict[str, Any]]
    cursor: str | None


class Thumb(Asked):
    is_positive: bool
    comment: str = Field("", max_length=2000)


class ThumbOut(Wire):
    is_positive: bool
    comment: str
