"""What a tool is. A tool's author imports from here and nowhere else; `docs/tools.md` shows how.

The order of a call: parse, validate, execute, cap. Whatever goes wrong on the way is a result in words.
"""

import inspect
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, get_type_hints

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from agents.llm.base import ToolSpec
from agents.models import CallStatus, Effect
from agents.tools.complaints import complaint, problems_in
from agents.tools.execution import tries
from agents.tools.results import (
    MOST_RESULT_CHARACTERS,
    Attempt,
    InvalidArguments,
    OutcomeUnknown,
    ToolError,
    ToolResult,
    TransientError,
)

__all__ = [
    "Attempt",
    "Effect",
    "InvalidArguments",
    "OutcomeUnknown",
    "Tool",
    "ToolContext",
    "ToolError",
    "ToolResult",
    "TransientError",
    "tool",
    "unknown_tool",
]


@dataclass(frozen=True)
class ToolContext:
    """Who a tool works for, and which agent called it.

    `attempt` counts the starts of one call; `idempotency_key` is the same on each.
    """

    user_id: int | None
    run_id: uuid.UUID
    idempotency_key: uuid.UUID
    attempt: int = 1
    agent_id: int | None = None


Endpoint = str | Callable[[BaseModel], str] | None
Reconcile = Callable[[ToolContext], Awaitable[ToolResult | None]]


@dataclass(frozen=True)
class Tool:
    """A typed function the LLM may call. `timeout` is in seconds, for all tries of a call together."""

    name: str
    description: str
    effect: Effect
    timeout: float
    is_sequential: bool
    arguments: type[BaseModel]
    function: Callable[..., Any]
    takes_context: bool
    attempts: int = 3
    transient: tuple[type[Exception], ...] = ()
    endpoint: Endpoint = None
    most_characters: int = MOST_RESULT_CHARACTERS
    reconcile: Reconcile | None = None
    acts_on: str = ""  # the argument that names on what it acts, for whoever is asked about a call
    source: str = ""  # where it comes from, in words; empty: it is installed with Plumbline

    @cached_property
    def spec(self) -> ToolSpec:
        return ToolSpec(self.name, self.description, self.arguments.model_json_schema())

    @property
    def is_blocking(self) -> bool:
        """A plain function: it runs in a process of its own, which can be killed."""
        return not inspect.iscoroutinefunction(self.function)

    async def call(self, raw_arguments: str, context: ToolContext) -> ToolResult:
        """The result of one call; whatever goes wrong becomes a result with words the LLM can act on."""
        try:
            arguments = self.validated(raw_arguments)
        except InvalidArguments as error:
            return ToolResult.error(CallStatus.INVALID, str(error))
        return await tries.made(self, arguments, context)

    def validated(self, raw_arguments: str) -> BaseModel:
        """The arguments as the function gets them. Raises InvalidArguments in words for the LLM."""
        try:
            return self.arguments.model_validate_json(raw_arguments or "{}")
        except ValidationError as error:
            raise InvalidArguments(complaint(self.name, self.arguments, error), problems_in(error)) from None
        except (ValueError, TypeError) as error:  # lone surrogates, a validator that stumbles
            raise InvalidArguments(f"the arguments of {self.name} cannot be read ({error}).") from None

    def given(self, arguments: BaseModel, context: ToolContext) -> dict[str, Any]:
        """What the function is called with."""
        values = {name: getattr(arguments, name) for name in self.arguments.model_fields}
        return values | {self._context_parameter: context} if self.takes_context else values

    @cached_property
    def _context_parameter(self) -> str:
        hints = get_type_hints(self.function)
        return next(name for name, hint in hints.items() if hint is ToolContext)

    def endpoint_of(self, arguments: BaseModel) -> str | None:
        """Whom this call talks to, if that is known: those who share a name share a circuit."""
        return self.endpoint(arguments) if callable(self.endpoint) else self.endpoint

    def is_transient(self, error: BaseException) -> bool:
        return isinstance(error, (TransientError, *self.transient))

    async def reconciled(self, context: ToolContext) -> ToolResult | None:
        """What came of a call that was cut off, if the other side can tell by its key; None: still unknown."""
        return await tries.reconciled(self, context) if self.reconcile else None


def tool(
    *,
    effect: Effect = Effect.UNSAFE,
    timeout: float = 30,
    is_sequential: bool = False,
    attempts: int = 3,
    transient: tuple[type[Exception], ...] = (),
    endpoint: Endpoint = None,
    most_characters: int = MOST_RESULT_CHARACTERS,
    reconcile: Reconcile | None = None,
    acts_on: str = "",
) -> Callable[[Callable[..., Any]], Tool]:
    """Make a tool of a function: its name, docstring and typed parameters are what the LLM sees.

    An `async def` runs on the worker's loop; a plain `def` may block, and runs in a process of its own. A parameter
    typed `ToolContext` is given by us and not shown. Describe parameters with `Annotated[str, Field(description=…)]`.
    """

    def made(function: Callable[..., Any]) -> Tool:
        if not inspect.iscoroutinefunction(function) and "<locals>" in function.__qualname__:
            raise TypeError(f"{function.__name__} blocks, so it must stand at the top of its module to be found again.")
        hints = get_type_hints(function, include_extras=True)
        return Tool(
            name=function.__name__,
            description=inspect.cleandoc(function.__doc__ or ""),
            effect=effect,
            timeout=timeout,
            is_sequential=is_sequential,
            arguments=_model_of(function, hints),
            function=function,
            takes_context=ToolContext in hints.values(),
            attempts=attempts,
            transient=transient,
            endpoint=endpoint,
            most_characters=most_characters,
            reconcile=reconcile,
            acts_on=acts_on,
        )

    return made


def _model_of(function: Callable[..., Any], hints: dict[str, Any]) -> type[BaseModel]:
    fields: dict[str, Any] = {
        name: (hints[name], ... if parameter.default is inspect.Parameter.empty else parameter.default)
        for name, parameter in inspect.signature(function).parameters.items()
        if hints[name] is not ToolContext
    }
    return create_model(function.__name__, __config__=ConfigDict(extra="forbid"), **fields)


def unknown_tool(name: str, known: list[str]) -> ToolResult:
    offered = ", ".join(sorted(known)) or "none"
    return ToolResult.error(CallStatus.INVALID, f"there is no tool named {name!r}. The tools are: {offered}.")
