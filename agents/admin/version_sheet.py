"""The form over a version: what stands in its fields as text, read from a version or from what a person sent."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from django.http import QueryDict
from pydantic import ValidationError

from agents.memory_settings import MemorySettings
from agents.models import Agent, AgentVersion
from agents.policies import Level, Policy
from agents.problems import Problem
from agents.teams import HAND_OFF, Routing, tool_name

TEXTS = ("instructions", "llm_name", "fallback_llm_names", "parameters", "output_schema")
NUMBERS = ("max_turns", "max_tool_calls", "max_tokens", "max_cost", "max_active_seconds")
MEMORY = ("learns", "recalls", "follows_procedures", "recall_tokens", "context_tokens")
ROUTING = ("threshold", "most", "history", "next_turn")


@dataclass(frozen=True)
class LevelRow:
    """One level of an approval. `who` is `requester`, `staff`, `group:NAME`, or `user` with an e-mail beside it."""

    who: str = "requester"
    email: str = ""
    needed: str = "1"
    hours: str = "72"
    on_expiry: str = "deny"

    @classmethod
    def of(cls, level: Level) -> "LevelRow":
        kind, _, name = level.who.partition(":")
        who, email = ("user", name) if kind == "user" else (level.who, "")
        return cls(who, email, str(level.needed), f"{level.expires_hours:g}", level.on_expiry)

    def as_given(self) -> dict[str, Any]:
        who = f"user:{self.email.strip()}" if self.who == "user" else self.who
        given = {"who": who, "needed": self.needed.strip(), "expires_hours": self.hours.strip()}
        return given | {"on_expiry": self.on_expiry}


@dataclass(frozen=True)
class PolicyRows:
    """When people are asked about a tool: `asks` is `never`, `always` or `if`, and then `condition` says it."""

    asks: str = "never"
    condition: str = ""
    levels: list[LevelRow] = field(default_factory=list)

    def as_given(self) -> dict[str, Any]:
        when = self.condition or "(nothing)" if self.asks == "if" else self.asks
        return {"when": when, "levels": [row.as_given() for row in self.levels]}


@dataclass(frozen=True)
class TargetRow:
    slug: str = ""
    purpose: str = ""


@dataclass
class Sheet:
    """`texts` holds the single fields by name; the rest are the parts with many lines."""

    texts: dict[str, str]
    tools: list[str] = field(default_factory=list)
    policies: dict[str, PolicyRows] = field(default_factory=dict)  # of the tools that people are asked about
    children: list[str] = field(default_factory=list)
    targets: list[TargetRow] = field(default_factory=list)

    @classmethod
    def of(cls, version: AgentVersion) -> "Sheet":
        routing = _routing(version)
        texts = {
            "instructions": version.instructions,
            "llm_name": version.llm_name,
            "fallback_llm_names": "\n".join(version.fallback_llm_names),
            "parameters": _json(version.parameters) if version.parameters else "",
            "output_schema": _json(version.output_schema) if version.output_schema is not None else "",
        }
        texts |= {name: _number(getattr(version, name)) for name in NUMBERS}
        texts |= {name: str(getattr(routing, name)) for name in ROUTING}
        texts |= _memory_texts(version)
        return cls(
            texts=texts,
            tools=list(version.tools),
            policies=_policies(version),
            children=list(version.children),
            targets=[TargetRow(slug, purpose) for slug, purpose in routing.targets.items() if version.handoffs],
        )

    @classmethod
    def read(cls, given: QueryDict) -> "Sheet":
        texts = {
            name: given.get(name, "").replace("\r\n", "\n").strip() for name in (*TEXTS, *NUMBERS, *ROUTING, *MEMORY)
        }
        asking = [name.removeprefix("asks-") for name in given if name.startswith("asks-") and given[name] != "never"]
        rows = zip(given.getlist("target"), given.getlist("purpose"), strict=False)
        return cls(
            texts=texts,
            tools=given.getlist("tools"),
            policies={tool: _policy_rows(given, tool) for tool in asking},
            children=given.getlist("children"),
            targets=[TargetRow(slug, purpose.strip()) for slug, purpose in rows if slug],
        )

    def version(self, agent: Agent) -> tuple[AgentVersion, list[Problem]]:
        """The version it describes, unsaved, and what could not be read."""
        problems: list[Problem] = []

        def read(name: str, reader: Callable[[str], Any], words: str) -> Any:
            try:
                return reader(self.texts[name])
            except (ValueError, InvalidOperation):
                problems.append(Problem(name, words))
                return getattr(AgentVersion(), name)

        version = AgentVersion(
            agent=agent,
            instructions=self.texts["instructions"],
            llm_name=self.texts["llm_name"][:120],
            fallback_llm_names=[line.strip() for line in self.texts["fallback_llm_names"].splitlines() if line.strip()],
            parameters=read(
                "parameters", _object, 'Parameters: write a JSON object, for example {"temperature": 0.2}.'
            ),
            tools=self.tools,
            approvals=self._approvals(),
            children=self.children,
            handoffs=self._handoffs(),
            output_schema=read("output_schema", _schema, "Form of the answer: this is not JSON."),
            memory=self._memory(),
            max_turns=read("max_turns", int, "Turns: write a whole number."),
            max_tool_calls=read("max_tool_calls", int, "Tool calls: write a whole number."),
            max_tokens=read("max_tokens", _optional(int), "Tokens: write a whole number, or nothing for no limit."),
            max_cost=read("max_cost", _optional(_amount), "Cost: write an amount like 0.50, or nothing for no limit."),
            max_active_seconds=read("max_active_seconds", int, "Active time: write a whole number of seconds."),
        )
        return version, problems

    def _approvals(self) -> dict[str, Any]:
        """Of what it has; a tool that is no longer ticked takes its policy along."""
        offered = {*self.tools, *map(tool_name, self.children), *([HAND_OFF] if self.targets else [])}
        return {tool: _tidy(Policy, rows.as_given()) for tool, rows in self.policies.items() if tool in offered}

    def _handoffs(self) -> dict[str, Any]:
        if not self.targets:
            return {}
        asked = {name: self.texts[name] for name in ROUTING if self.texts[name]}
        return _tidy(Routing, {"targets": {row.slug: row.purpose for row in self.targets}, **asked})

    def _memory(self) -> dict[str, Any]:
        """Only what differs from the default, so that a later default counts where nothing was chosen."""
        asked = {name: self.texts[name] for name in MEMORY if self.texts[name]}
        try:
            return MemorySettings.model_validate(asked).model_dump(exclude_defaults=True)
        except ValidationError:
            return asked


def _policy_rows(given: QueryDict, tool: str) -> PolicyRows:
    parts = [given.getlist(f"{part}-{tool}") for part in ("who", "email", "needed", "hours", "expiry")]
    levels = [LevelRow(*row) for row in zip(*parts, strict=False)]
    asks = "if" if given[f"asks-{tool}"] == "if" else "always"
    return PolicyRows(asks, given.get(f"when-{tool}", "").strip() if asks == "if" else "", levels)


def _policies(version: AgentVersion) -> dict[str, PolicyRows]:
    found = {}
    for tool, given in version.approvals.items():
        try:
            policy = Policy.model_validate(given)
        except ValidationError:
            policy = Policy()
        if policy.when == "never":
            continue
        asks, condition = ("always", "") if policy.when == "always" else ("if", policy.when)
        found[tool] = PolicyRows(asks, condition, [LevelRow.of(level) for level in policy.levels])
    return found


def _memory_texts(version: AgentVersion) -> dict[str, str]:
    try:
        chosen = MemorySettings.model_validate(version.memory)
    except ValidationError:
        chosen = MemorySettings()
    return {name: _number(getattr(chosen, name)) for name in MEMORY}


def _routing(version: AgentVersion) -> Routing:
    try:
        return Routing.model_validate(version.handoffs)
    except ValidationError:
        return Routing(targets={"": ""})


def _tidy(model: type[Policy] | type[Routing], given: dict[str, Any]) -> dict[str, Any]:
    """With numbers as numbers; what does not fit stays as it is, for the check to complain about."""
    try:
        return model.model_validate(given).model_dump(mode="json")
    except ValidationError:
        return given


def _object(text: str) -> dict[str, Any]:
    value = json.loads(text or "{}")
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


def _schema(text: str) -> Any:
    return json.loads(text) if text else None


def _optional(reader: Callable[[str], Any]) -> Callable[[str], Any]:
    return lambda text: reader(text) if text else None


def _amount(text: str) -> Decimal:
    value = Decimal(text)
    if not value.is_finite():
        raise ValueError("not an amount")
    return round(value, 4)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _number(value: Any) -> str:
    if value is None:
        return ""
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)
