"""What the socket accepts: typed commands, unknown fields refused."""

import uuid
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from pydantic.alias_generators import to_camel

from agents.models import Verdict

RequestId = Annotated[str, Field(min_length=1, max_length=100)]


class _Command(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True)
    id: RequestId


class StartRun(_Command):
    """Ask a question; without `threadId` in a new conversation. The same id again starts nothing new.

    `attachments` are the person's documents that come with it.
    `version` tries that version of the agent, for those who may change agents. `temporary` makes the new conversation
    one that is not remembered; it stays so for good.
    """

    type: Literal["run.start"]
    text: str
    thread_id: uuid.UUID | None = None
    agent: str | None = None
    version: int | None = None
    temporary: bool = False
    attachments: Annotated[list[uuid.UUID], Field(max_length=20)] = []


class CancelRun(_Command):
    type: Literal["run.cancel"]
    run_id: uuid.UUID


class RetryRun(_Command):
    """Ask the question of an ended run again; the new run takes its place."""

    type: Literal["run.retry"]
    run_id: uuid.UUID


class EditQuestion(_Command):
    """Say it differently, as long as nobody has begun to answer."""

    type: Literal["question.edit"]
    run_id: uuid.UUID
    text: str


class WithdrawQuestion(_Command):
    """Take a question back, as long as nobody has begun to answer."""

    type: Literal["question.withdraw"]
    run_id: uuid.UUID


class DecideApproval(_Command):
    """Allow a tool call or not. `args` are other arguments for it, as JSON; `digest` names those that were seen."""

    type: Literal["approval.decide"]
    approval_id: uuid.UUID
    decision: Verdict
    args: str | None = None
    comment: str = ""
    digest: str | None = None


class Subscribe(_Command):
    """Watch a thread. `after` is the number of the last event the client has of `runId`, said in attempt `epoch`.

    `queued` are the runs it believes to be queued: it is told which of them were withdrawn.
    """

    type: Literal["subscribe"]
    thread_id: uuid.UUID
    run_id: uuid.UUID | None = None
    after: int | None = None
    epoch: int | None = None
    queued: Annotated[list[uuid.UUID], Field(max_length=1000)] = []


class Ping(_Command):
    type: Literal["ping"]


class Got(BaseModel):
    """The client has read that many frames of this connection. It is not answered."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    type: Literal["got"]
    frames: Annotated[int, Field(ge=0)]


Command = StartRun | CancelRun | RetryRun | EditQuestion | WithdrawQuestion | DecideApproval | Subscribe | Ping
Frame = Annotated[Command | Got, Field(discriminator="type")]
frame: TypeAdapter[Frame] = TypeAdapter(Frame)
