"""What differs between two versions of an agent, field by field and line by line."""

import difflib
import json
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from agents.models import AgentVersion
from agents.policies import Policy
from agents.teams import Routing
from agents.versions import CONFIGURED
from agents.wording import chain_in_words, rules_in_words

TITLES = {
    "instructions": "Instructions",
    "llm_name": "Model",
    "fallback_llm_names": "Fallback models",
    "parameters": "Parameters",
    "tools": "Tools",
    "approvals": "Approvals",
    "children": "Children",
    "handoffs": "Hand-offs",
    "output_schema": "Form of the answer",
    "memory": "Memory",
    "max_turns": "Turns",
    "max_tool_calls": "Tool calls",
    "max_tokens": "Tokens",
    "max_cost": "Cost",
    "max_active_seconds": "Active time, in seconds",
}
NOTHING = {
    "llm_name": "that of the connection",
    "output_schema": "free text",
    "memory": "as by default",
    "max_tokens": "no limit",
    "max_cost": "no limit",
}
LINES_AROUND = 3


class LineKind(StrEnum):
    SAME = "same"
    GONE = "gone"
    NEW = "new"
    LEFT_OUT = "left_out"


@dataclass(frozen=True)
class Line:
    kind: LineKind
    text: str


@dataclass(frozen=True)
class Difference:
    field: str
    title: str
    lines: list[Line]


def differences(before: AgentVersion, after: AgentVersion) -> list[Difference]:
    """The fields in which they differ, in the order of the form; empty when they do the same."""
    old, new = meaning_of(before), meaning_of(after)
    return [
        Difference(name, TITLES[name], compared(_lines(name, old[name]), _lines(name, new[name])))
        for name in CONFIGURED
        if old[name] != new[name]
    ]


def compared(old: list[str], new: list[str]) -> list[Line]:
    """What is gone and what is new, with a few lines around it."""
    lines: list[Line] = []
    for group in difflib.SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(LINES_AROUND):
        if lines or group[0][1] > 0:
            lines.append(Line(LineKind.LEFT_OUT, "…"))
        for verb, from_old, to_old, from_new, to_new in group:
            if verb == "equal":
                lines += [Line(LineKind.SAME, text) for text in old[from_old:to_old]]
            else:
                lines += [Line(LineKind.GONE, text) for text in old[from_old:to_old]]
                lines += [Line(LineKind.NEW, text) for text in new[from_new:to_new]]
    return lines


def meaning_of(version: AgentVersion) -> dict[str, Any]:
    """Its configuration with what is left out filled in, so that two ways to say the same are equal."""
    said = {name: getattr(version, name) for name in CONFIGURED}
    return said | {
        "instructions": said["instructions"].replace("\r\n", "\n").strip(),
        "tools": sorted(said["tools"]),
        "children": sorted(said["children"]),
        "approvals": _policies(said["approvals"]),
        "handoffs": _whole(Routing, said["handoffs"]) if said["handoffs"] else {},
    }


def _policies(given: Any) -> Any:
    if not isinstance(given, dict):
        return given
    whole = {tool: _whole(Policy, policy) for tool, policy in sorted(given.items())}
    return {tool: policy for tool, policy in whole.items() if not _never(policy)}


def _never(policy: Any) -> bool:
    return isinstance(policy, dict) and policy.get("when") == "never"


def _whole(model: type[Policy] | type[Routing], given: Any) -> Any:
    try:
        return model.model_validate(given).model_dump(mode="json")
    except ValueError:
        return given


def _lines(name: str, value: Any) -> list[str]:
    if value in (None, "", [], {}):
        return [NOTHING.get(name, "none")]
    if name in ("approvals", "handoffs"):
        return _sentences(name, value)
    if isinstance(value, Decimal):
        return [f"{value.normalize():f}"]
    if isinstance(value, list):
        return [str(one) for one in value]
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, indent=2).splitlines()
    return str(value).splitlines()


def _sentences(name: str, value: Any) -> list[str]:
    """Policies and hand-offs, one line each; what cannot be read stays as it is."""
    try:
        if name == "approvals":
            return [f"{tool}: {chain_in_words(Policy.model_validate(policy))}" for tool, policy in value.items()]
        routing = Routing.model_validate(value)
    except ValueError:
        return json.dumps(value, ensure_ascii=False, indent=2).splitlines()
    return [*(f"{slug}: {purpose}" for slug, purpose in routing.targets.items()), rules_in_words(routing)]
