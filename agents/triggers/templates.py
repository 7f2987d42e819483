"""The input of a trigger: text in which `{{ payload.issue.title }}` stands for what was sent. Nothing else is meant."""

import json
import re
from typing import Any

PLACE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
NAME = re.compile(r"(payload(\.[\w-]+)*|time|trigger)\Z")
LONGEST_PAYLOAD = 256 * 1024


def problem_of(template: str) -> str:
    """What is wrong with a template, in words; empty when it can be used."""
    for name in PLACE.findall(template):
        if not NAME.match(name):
            return f"{{{{ {name} }}}} means nothing here; there are payload and its parts, time, and trigger."
    if "{{" in PLACE.sub("", template):
        return "A {{ is not closed."
    return "" if template.strip() else "Say what the agent is to do."


def filled(template: str, *, payload: Any, time: str, trigger: str) -> str:
    """The template with what was sent in its places, once: nothing that was sent is read as a template."""
    known = {"payload": payload, "time": time, "trigger": trigger}
    return PLACE.sub(lambda place: _text(_part(known, place[1].split("."))), template)


def read_payload(body: str) -> Any:
    """What was sent: JSON if it can be read as that, else the text."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body


def _part(whole: Any, path: list[str]) -> Any:
    for name in path:
        if isinstance(whole, dict):
            whole = whole.get(name)
        elif isinstance(whole, list) and name.isdecimal():
            whole = whole[int(name)] if int(name) < len(whole) else None
        else:
            return None
    return whole


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
