"""Everything the loop needs to know, as plain values: no row, no request, no connection."""

import uuid
from dataclasses import dataclass, field
from typing import Any

from agents.buffer import Buffer
from agents.llm.base import LLM, ToolSpec
from agents.memory_settings import MemorySettings
from agents.policies import Policy
from agents.teams import Team
from agents.tools.base import InvalidArguments, Tool
from agents.transcript import Entry
from memory.procedures import Fitting
from memory.recall import Recalled


@dataclass(frozen=True)
class AgentConfig:
    """One version of an agent, resolved: its LLM is named and its tools are found."""

    slug: str
    name: str
    version: int
    instructions: str
    llm_name: str
    fallback_llm_names: tuple[str, ...]
    parameters: dict[str, Any]
    tools: dict[str, Tool]
    max_turns: int
    max_tool_calls: int
    policies: dict[str, Policy] = field(default_factory=dict)  # by tool: when a person is asked first
    output_schema: dict[str, Any] | None = None
    team: Team = field(default_factory=Team)
    memory: MemorySettings = field(default_factory=MemorySettings)
    id: int = 0  # of the agent; what is kept for one agent only is found by it

    @property
    def offered(self) -> dict[str, ToolSpec]:
        """All that the LLM may ask for, by name."""
        return {name: tool.spec for name, tool in self.tools.items()} | self.team.specs

    def complaint(self, name: str, arguments: str) -> str:
        """What is wrong with the arguments of a call of something offered; empty when it can be made."""
        if name not in self.tools:
            return self.team.complaint(name, arguments)
        try:
            self.tools[name].validated(arguments)
        except InvalidArguments as error:
            return str(error)
        return ""


@dataclass(frozen=True)
class Recollection:
    """What an answer is reminded of: things known about the person, and procedures that were found to work."""

    memories: tuple[Recalled, ...] = ()
    procedures: tuple[Fitting, ...] = ()

    @property
    def all(self) -> tuple[Recalled | Fitting, ...]:
        return (*self.memories, *self.procedures)


@dataclass(frozen=True)
class Reminding:
    """What is still to be looked for before the LLM is asked, and whose memory may be used: no one's, or a person's."""

    of_memories: bool = False
    of_procedures: bool = False
    person_id: int | None = None

    @property
    def is_due(self) -> bool:
        return self.of_memories or self.of_procedures


@dataclass
class RunContext:
    run_id: uuid.UUID
    thread_id: uuid.UUID
    user_id: int | None
    user_name: str
    agent: AgentConfig
    llm: LLM
    transcript: list[Entry]
    turn: int
    shown_in: uuid.UUID | None = None  # the person's thread; a child agent's own is another one
    recollection: Recollection = field(default_factory=Recollection)
    reminding: Reminding = field(default_factory=Reminding)
    buffer: Buffer = field(default_factory=Buffer)
