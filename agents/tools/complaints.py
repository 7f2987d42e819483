"""Tells an LLM what is wrong with its arguments, what is asked for, and how that would look."""

import json
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, ValidationError

MOST_PROBLEMS = 5
DEEPEST_EXAMPLE = 4


def complaint(name: str, model: type[BaseModel], error: ValidationError) -> str:
    """What is wrong field by field, the schema, and an example that is right (where one can be made up)."""
    return explained(name, model.model_json_schema(), problems_in(error), model.model_validate_json)


def explained(name: str, schema: dict[str, Any], problems: str, check: Callable[[str], object]) -> str:
    """The same for any JSON Schema; `check` raises ValueError or TypeError for arguments that do not fit."""
    asked = {key: schema[key] for key in ("properties", "required", "$defs") if key in schema}
    words = f"the arguments of {name} are not valid ({problems}). "
    words += "They must be a JSON object that fits this schema: "
    words += json.dumps(asked, ensure_ascii=False)
    shown = _example(schema, check)
    return f"{words} For example: {shown}" if shown else words


def problems_in(error: ValidationError) -> str:
    """What is wrong, field by field."""
    return "; ".join(
        f"{'.'.join(map(str, problem['loc'])) or 'arguments'}: {problem['msg']}"
        for problem in error.errors(include_input=False, include_context=False)[:MOST_PROBLEMS]
    )


def _example(schema: dict[str, Any], check: Callable[[str], object]) -> str:
    """One that is really valid, or nothing: a wrong example would teach the next mistake."""
    example = json.dumps(_sample(schema, schema.get("$defs", {}), DEEPEST_EXAMPLE), ensure_ascii=False)
    try:
        check(example)
    except (ValueError, TypeError):
        return ""
    return example


def _sample(schema: dict[str, Any], definitions: dict[str, Any], depth: int) -> Any:
    if "$ref" in schema:
        schema = definitions.get(schema["$ref"].rpartition("/")[2], {})
    if depth == 0:
        return None
    for key in ("examples", "enum"):
        if schema.get(key):
            return schema[key][0]
    for key in ("default", "const"):
        if key in schema:
            return schema[key]
    if schema.get("anyOf"):
        return _sample(schema["anyOf"][0], definitions, depth)
    match schema.get("type"):
        case "object":
            properties = schema.get("properties", {})
            needed = schema.get("required") or list(properties)[:1]
            return {name: _sample(properties[name], definitions, depth - 1) for name in needed if name in properties}
        case "array":
            return [_sample(schema.get("items", {}), definitions, depth - 1)] * max(1, schema.get("minItems", 1))
        case "integer" | "number":
            return schema.get("minimum", schema.get("maximum", 1))
        case "boolean":
            return True
    return "…".ljust(schema.get("minLength", 1), "…")
