"""Everything the loop needs to know, as plain values: no row, no request, no connection."""

import uuid
from dataclasses import dataclass, field
from typing import Any

from agents.llm.base import LLM
from agents.policies import Policy
from agents.tools.base import Tool
from agents.transcript import Entry


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
