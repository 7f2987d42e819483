"""How a tool call's arguments are shown to people who decide about it."""

import json
from dataclasses import dataclass
from typing import Any

LONGEST_SUMMARY = 160


@dataclass(frozen=True)
class Argument:
    """One of them. `is_data`: it is shown as code, because as words it could be taken for something else."""

    name: str
    value: str
    is_data: bool


def table_of(raw: str) -> list[Argument]:
    """The arguments one by one; none where the text is no JSON object."""
    parsed = _parsed(raw)
    if not isinstance(parsed, dict):
        return []
    return [_argument(name, value) for name, value in parsed.items()]


def pretty(raw: str) -> str:
    """The text with line breaks where it is JSON, else as it is."""
    parsed = _parsed(raw)
    return raw if parsed is None else json.dumps(parsed, ensure_ascii=False, indent=2)


def summary(raw: str) -> str:
    """One line of it: `to: ann@example.org, subject: Hello`."""
    words = ", ".join(f"{argument.name}: {argument.value}" for argument in table_of(raw)) or raw
    words = " ".join(words.split())
    return words if len(words) <= LONGEST_SUMMARY else f"{words[:LONGEST_SUMMARY]}…"


def _argument(name: str, value: Any) -> Argument:
    if isinstance(value, str):
        return Argument(name, value, is_data=False)
    if isinstance(value, list) and value and all(isinstance(one, str) and one.isprintable() for one in value):
        return Argument(name, "\n".join(value), is_data=False)
    if isinstance(value, dict | list):
        return Argument(name, json.dumps(value, ensure_ascii=False, indent=2), is_data=True)
    return Argument(name, json.dumps(value), is_data=False)


def _parsed(raw: str) -> Any:
    try:
        return json.loads(raw or "{}")
    except (ValueError, RecursionError):
        return None
