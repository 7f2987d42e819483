"""Agents in teams: the tasks an agent gives to others, and to whom it hands a conversation over.

To the LLM both look like tools. A task is done by another agent in a run of its own, and its answer is the call's
result; a hand-off makes another agent go on in the same run.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agents.llm.base import ToolSpec

HAND_OFF = "hand_off"
MOST_DEPTH = 3  # agents above one that may still give tasks
MOST_CHILDREN = 8  # tasks of one run
WHOLE_TASK = "The whole task, with everything needed to do it: nothing else is seen."


class Task(BaseModel):
    """What an agent is asked to do; it sees nothing else of the conversation."""

    model_config = ConfigDict(extra="forbid")

    task: str = Field(min_length=1, max_length=20_000, description=WHOLE_TASK)


class HandOff(BaseModel):
    """A routing decision, as the router's LLM states it."""

    model_config = ConfigDict(extra="forbid")

    agent: str = Field(description="Who takes over.")
    reason: str = Field(min_length=1, max_length=1000, description="Why, in one sentence.")
    confidence: float = Field(ge=0, le=1, description="How sure you are that this is the right one, from 0 to 1.")


class Routing(BaseModel):
    """To whom an agent's version may hand over, and how; `targets` says by slug what each of them is for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    targets: dict[str, str] = Field(min_length=1)
    threshold: float = Field(default=0.6, ge=0, le=1)
    most: int = Field(default=3, ge=1, le=10)
    history: Literal["all", "question"] = "all"
    next_turn: Literal["sticky", "router"] = "router"


@dataclass(frozen=True)
class Colleague:
    """Another agent, with the version that is live now."""

    slug: str
    name: str
    description: str
    agent_id: int
    version_id: int


@dataclass(frozen=True)
class Team:
    """Whom an agent may turn to. `been` are those who have had this question, in order, itself last."""

    children: dict[str, Colleague] = field(default_factory=dict)  # by the name of the tool that gives them a task
    targets: dict[str, Colleague] = field(default_factory=dict)  # by slug
    routing: Routing | None = None
    been: tuple[str, ...] = ()

    @property
    def specs(self) -> dict[str, ToolSpec]:
        """What the LLM is offered, by name."""
        offered = {name: _task_spec(name, colleague) for name, colleague in self.children.items()}
        if self.routing and self.targets:
            offered[HAND_OFF] = _hand_off_spec(self.routing, self.targets)
        return offered

    def complaint(self, name: str, arguments: str) -> str:
        """What is wrong with a call of one of these, in words for the LLM; empty when it may be made."""
        model = HandOff if name == HAND_OFF else Task
        try:
            asked = model.model_validate_json(arguments or "{}")
        except ValidationError as error:
            problems = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()[:5])
            return f"the arguments of {name} are not valid ({problems})."
        return self._objection(asked) if isinstance(asked, HandOff) else ""

    def _objection(self, asked: HandOff) -> str:
        """Why this hand-off is not made."""
        assert self.routing is not None
        if asked.agent not in self.targets:
            return f"there is no {asked.agent!r} to hand over to. There are: {', '.join(sorted(self.targets))}."
        if asked.agent in self.been:
            return f"{asked.agent} has had this question already. Answer it yourself, or ask the person."
        if len(self.been) > self.routing.most:
            return "this question has been handed over often enough. Answer it yourself, or say who could."
        if asked.confidence < self.routing.threshold:
            return (
                f"a confidence of {asked.confidence:g} is below {self.routing.threshold:g}: nothing was handed over. "
                "Do not guess: ask the person one short question that settles who can help."
            )
        return ""


def tool_name(slug: str) -> str:
    return f"ask_{slug.replace('-', '_')}"[:64]


def _task_spec(name: str, colleague: Colleague) -> ToolSpec:
    words = f"Give a task to {colleague.name}, who works on it alone and answers you. {colleague.description}"
    return ToolSpec(name, words.strip(), Task.model_json_schema())


def _hand_off_spec(routing: Routing, targets: dict[str, Colleague]) -> ToolSpec:
    schema: dict[str, Any] = HandOff.model_json_schema()
    schema["properties"]["agent"]["enum"] = sorted(targets)
    known = "; ".join(f"{slug}: {routing.targets[slug]}" for slug in sorted(targets))
    words = f"Hand the conversation over to a specialist, who answers from here on. {known}."
    return ToolSpec(HAND_OFF, words, schema)
