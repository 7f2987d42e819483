"""What a tool is, and the order in which one call of it goes: parse, validate, execute, cap."""

import asyncio
import inspect
import json
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, get_type_hints

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from agents.llm.base import ToolSpec
from agents.models import CallStatus, Effect

MOST_RESULT_CHARACTERS = 16_000


@dataclass(frozen=True)
class ToolContext:
    """Who a tool works for. `idempotency_key` is the same on every attempt of one call."""

    user_id: int | None
    run_id: uuid.UUID
    idempotency_key: uuid.UUID


@dataclass(frozen=True)
class ToolResult:
    status: CallStatus
    text: str

    @property
    def is_error(self) -> bool:
        return self.status != CallStatus.SUCCEEDED


class ToolError(Exception):
    """A tool's own failure, in words the LLM can act on."""


@dataclass(frozen=True)
class Tool:
    """A typed function the LLM may call. `timeout` is in seconds."""

    name: str
    description: str
    effect: Effect
    timeout: float
    is_sequential: bool
    arguments: type[BaseModel]
    function: Callable[..., Awaitable[Any]]
    takes_context: bool

    @cached_property
    def spec(self) -> ToolSpec:
        return ToolSpec(self.name, self.description, self.arguments.model_json_schema())

    async def call(self, raw_arguments: str, context: ToolContext) -> ToolResult:
        """The result of one call; whatever goes wrong becomes a result with words the LLM can act on."""
        try:
            arguments = self._validated(raw_arguments)
        except ValidationError as error:
            return ToolResult(CallStatus.INVALID, f"Error: {self._complaint(error)}")
        given = {name: getattr(arguments, name) for name in self.arguments.model_fields}
        try:
            async with asyncio.timeout(self.timeout):
                value = await self.function(context, **given) if self.takes_context else await self.function(**given)
        except TimeoutError:
            words = f"Error: {self.name} took longer than {self.timeout:g} s and was stopped."
            return ToolResult(CallStatus.TIMED_OUT, words)
        except ToolError as error:
            return ToolResult(CallStatus.FAILED, f"Error: {error}")
        except Exception as error:  # a tool's bug is a result for the LLM, not the end of the run
            return ToolResult(CallStatus.FAILED, f"Error: {self.name} failed ({type(error).__name__}: {error})")
        return ToolResult(CallStatus.SUCCEEDED, _capped(value))

    def _validated(self, raw_arguments: str) -> BaseModel:
        return self.arguments.model_validate_json(raw_arguments or "{}")

    def _complaint(self, error: ValidationError) -> str:
        problems = "; ".join(
            f"{'.'.join(map(str, problem['loc'])) or 'arguments'}: {problem['msg']}" for problem in error.errors()[:5]
        )
        schema = json.dumps(self.spec.parameters.get("properties", {}), ensure_ascii=False)
        return f"the arguments of {self.name} are not valid ({problems}). They must be a JSON object with: {schema}"


def tool(
    *, effect: Effect = Effect.UNSAFE, timeout: float = 30, is_sequential: bool = False
) -> Callable[[Callable[..., Awaitable[Any]]], Tool]:
    """Make a tool of an async function: its name, docstring and typed parameters are what the LLM sees.

    A first parameter typed `ToolContext` is given by us and not shown. Describe parameters with
    `Annotated[str, Field(description=…)]`.
    """

    def made(function: Callable[..., Awaitable[Any]]) -> Tool:
        hints = get_type_hints(function, include_extras=True)
        takes_context = ToolContext in hints.values()
        fields: dict[str, Any] = {
            name: (hints[name], ... if parameter.default is inspect.Parameter.empty else parameter.default)
            for name, parameter in inspect.signature(function).parameters.items()
            if hints[name] is not ToolContext
        }
        return Tool(
            name=function.__name__,
            description=inspect.cleandoc(function.__doc__ or ""),
            effect=effect,
            timeout=timeout,
            is_sequential=is_sequential,
            arguments=create_model(function.__name__, __config__=ConfigDict(extra="forbid"), **fields),
            function=function,
            takes_context=takes_context,
        )

    return made


def unknown_tool(name: str, known: list[str]) -> ToolResult:
    offered = ", ".join(sorted(known)) or "none"
    return ToolResult(CallStatus.INVALID, f"Error: there is no tool named {name!r}. The tools are: {offered}.")


def _capped(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    if len(text) <= MOST_RESULT_CHARACTERS:
        return text
    return f"{text[:MOST_RESULT_CHARACTERS]}\n… (cut: {len(text):,} characters in all)"
