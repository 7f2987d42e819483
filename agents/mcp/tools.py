"""The servers' tools as the loop knows tools: validated, tried, timed and cut like any other."""

import contextvars
import dataclasses
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import Draft202012Validator, validator_for
from mcp_types import InputRequiredResult
from pydantic import BaseModel, RootModel
from referencing import Registry
from referencing.exceptions import Unresolvable

from agents.llm.base import ToolSpec
from agents.mcp.connections import Question, connections
from agents.mcp.errors import Declined, Lost, NotAsked
from agents.mcp.results import text_of, value_of
from agents.mcp.server import Server
from agents.models import Effect, MCPTool, Transport
from agents.tools.base import InvalidArguments, Tool, ToolContext, ToolError, ToolResult, TransientError
from agents.tools.complaints import MOST_PROBLEMS, explained

MOST_TRIES = 2  # one reconnect
PIPES = {Transport.STDIO: "pipe", Transport.HTTP: "tcp"}

_told: contextvars.ContextVar[dict[str, Any]] = contextvars.ContextVar("what a call's span says of its server")


class Given(RootModel[dict[str, Any]]):
    """Arguments that fit a tool's own schema."""


@dataclass(frozen=True, kw_only=True)
class RemoteTool(Tool):
    """A tool whose work is done by a server, and whose arguments are described by a JSON Schema of its own."""

    schema: dict[str, Any]
    server: Server

    @cached_property
    def spec(self) -> ToolSpec:
        return ToolSpec(self.name, self.description, self.schema)

    async def call(self, raw_arguments: str, context: ToolContext) -> ToolResult:
        told: dict[str, Any] = {
            "plumbline.mcp.server": self.server.name,
            "mcp.method.name": "tools/call",
            "network.transport": PIPES[self.server.transport],
        }
        _told.set(told)
        return dataclasses.replace(await super().call(raw_arguments, context), attributes=told)

    def validated(self, raw_arguments: str) -> Given:
        try:
            arguments = json.loads(raw_arguments or "{}")
        except (ValueError, RecursionError) as error:
            raise self._invalid(f"they are no JSON: {error}") from None
        if not isinstance(arguments, dict):
            raise self._invalid("they are no JSON object")
        if problems := self._problems(arguments):
            raise self._invalid(problems)
        return Given(arguments)

    def given(self, arguments: BaseModel, context: ToolContext) -> dict[str, Any]:
        assert isinstance(arguments, Given)
        return {"arguments": arguments.root, "context": context}

    def _invalid(self, problems: str) -> InvalidArguments:
        return InvalidArguments(explained(self.name, self.schema, problems, self._check), problems)

    def _problems(self, arguments: dict[str, Any]) -> str:
        """What is wrong, field by field; empty when nothing is."""
        try:
            errors = list(self._validator.iter_errors(arguments))[:MOST_PROBLEMS]
        except (Unresolvable, RecursionError) as error:
            return f"the server's own schema cannot be followed ({type(error).__name__})"
        return "; ".join(_in_words(error) for error in errors)

    def _check(self, example: str) -> None:
        if self._problems(json.loads(example)):
            raise ValueError

    @cached_property
    def _validator(self) -> Validator:
        kind = validator_for(self.schema, default=Draft202012Validator)
        return kind(self.schema, registry=Registry())  # an empty one: a schema may not have us fetch others


def remote_tools(aliases: Iterable[str] | None = None) -> dict[str, Tool]:
    """The tools of servers that may be used now, by the names agents know them by: all, or those asked for."""
    rows = MCPTool.objects.usable().select_related("server").order_by("alias")
    if aliases is not None:
        rows = rows.filter(alias__in=list(aliases))
    return {row.alias: tool_of(row) for row in rows}


def tool_of(row: MCPTool) -> RemoteTool:
    """The tool of a row, whether or not it may be used."""
    server = Server.of(row.server)
    return RemoteTool(
        name=row.alias,
        description=row.description,
        effect=Effect(row.effect),
        timeout=row.timeout,
        is_sequential=False,
        arguments=Given,
        function=_function(server, row.name, row.digest, row.timeout),
        takes_context=True,
        attempts=MOST_TRIES,
        transient=(Lost,),
        endpoint=f"The MCP server {server.name}",
        source=f"MCP server {server.name}",
        schema=row.input_schema,
        server=server,
    )


def _function(server: Server, name: str, digest: str, timeout: float) -> Any:
    async def ask(arguments: dict[str, Any], context: ToolContext) -> Any:
        meta = {"plumbline/run": str(context.run_id), "plumbline/idempotency-key": str(context.idempotency_key)}
        question = Question(name, digest, arguments, meta)
        # Less than the whole time: what was never asked must be told from what was asked and took too long.
        ready = timeout * 0.9
        try:
            answer = await connections().ask(server, question, seconds=ready, told=_told.get())
        except NotAsked as error:
            raise TransientError(f"{server.name} was not asked: {error}.", retry_after=error.retry_after) from None
        except Declined as error:
            raise ToolError(f"{server.name} declined: {error}.") from None
        if isinstance(answer, InputRequiredResult):
            raise ToolError(f"{server.name} wants to ask a person something first, which is not possible here.")
        if answer.is_error:
            raise ToolError(server.masked(text_of(answer)) or f"{server.name} says that it failed, and not why.")
        value = value_of(answer)
        return server.masked(value) if isinstance(value, str) else _masked(server, value)

    return ask


def _masked(server: Server, value: Any) -> Any:
    """A value without our secrets, if one of them is in it."""
    text = json.dumps(value, ensure_ascii=False)
    return value if server.masked(text) == text else server.masked(text)


def _in_words(error: ValidationError) -> str:
    place = ".".join(map(str, error.absolute_path)) or "arguments"
    return f"{place}: {error.message[:300]}"
