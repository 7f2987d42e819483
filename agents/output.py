"""Structured output: whether an agent's final answer has the form its version declares."""

import json
import re
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, best_match

MOST_CORRECTIONS = 2
FENCED = re.compile(r"\A\s*```(?:json)?\s*\n(.*?)\n?```\s*\Z", re.DOTALL)
LONGEST_COMPLAINT = 500


def complaint(schema: dict[str, Any], text: str) -> str:
    """What is wrong with an answer, in words the LLM can act on; empty when it satisfies the schema."""
    try:
        value = json.loads(unfenced(text))
    except (ValueError, RecursionError) as error:
        return f"The answer is not JSON ({error})."
    found = best_match(Draft202012Validator(schema).iter_errors(value))
    if found is None:
        return ""
    place = "".join(f"[{part!r}]" for part in found.absolute_path) or "the value"
    return f"At {place}: {found.message[:LONGEST_COMPLAINT]}"


def unfenced(text: str) -> str:
    """The JSON of an answer; many models put it into a Markdown fence."""
    fenced = FENCED.match(text)
    return fenced[1] if fenced else text


def problem_of_schema(schema: Any) -> str:
    """Why a JSON Schema (draft 2020-12) cannot be used; empty when it can."""
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        return error.message
    return "" if isinstance(schema, dict) else "It must be a JSON object."
