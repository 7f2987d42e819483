"""What a server says of its tools, and what that means to us."""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from jsonschema import SchemaError
from jsonschema.validators import Draft202012Validator, validator_for

from agents.models import Effect

LONGEST_ALIAS = 64  # what OpenAI's API takes
MOST_BYTES = 64 * 1024


@dataclass(frozen=True)
class Definition:
    """One tool, as its server defines it."""

    name: str
    description: str = ""
    input_schema: dict[str, Any] = field(default_factory=dict)
    annotations: dict[str, Any] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """The same for the same definition, however it is written down."""
        return hashlib.sha256(self._canonical).hexdigest()

    @property
    def _canonical(self) -> bytes:
        parts = [self.name, self.description, self.input_schema, self.annotations]
        return json.dumps(parts, sort_keys=True, separators=(",", ":")).encode()

    @property
    def problem(self) -> str:
        """Why it cannot be used at all; empty where it can."""
        if len(self._canonical) > MOST_BYTES:
            return f"Its definition is longer than {MOST_BYTES // 1024} KB."
        return schema_problem(self.input_schema)


@dataclass(frozen=True)
class Listing:
    """All that a server offers, and what it says it is."""

    software: str
    definitions: tuple[Definition, ...]

    def digest_of(self, name: str) -> str | None:
        return next((one.digest for one in self.definitions if one.name == name), None)


def schema_problem(schema: dict[str, Any]) -> str:
    """Why arguments cannot be checked by this schema; empty where they can."""
    try:
        validator_for(schema, default=Draft202012Validator).check_schema(schema)
    except (SchemaError, RecursionError, TypeError):
        return "Its arguments are described by something that is no JSON Schema."
    return ""


def alias_of(server: str, name: str) -> str:
    """What agents and LLMs call the tool: within the letters and the length that LLMs' APIs take."""
    plain = f"{server}__{re.sub(r'[^A-Za-z0-9_-]', '_', name)}"
    if plain == f"{server}__{name}" and len(plain) <= LONGEST_ALIAS:
        return plain
    mark = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:8]
    return f"{plain[: LONGEST_ALIAS - 9]}_{mark}"


def suggested_effect(annotations: dict[str, Any]) -> Effect:
    """What the server claims. It only pre-fills a form: nobody checks such claims."""
    if annotations.get("readOnlyHint") is True:
        return Effect.READ
    return Effect.IDEMPOTENT if annotations.get("idempotentHint") is True else Effect.UNSAFE


def every_text(value: Any, clean: Callable[[str], str]) -> Any:
    """The same JSON value with every text in it cleaned, keys too."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [every_text(one, clean) for one in value]
    if isinstance(value, dict):
        return {clean(str(key)): every_text(one, clean) for key, one in value.items()}
    return value
