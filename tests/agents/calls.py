"""Calling a tool as the loop does."""

import json
from typing import Any
from uuid import uuid4

from agents.tools.base import Tool, ToolContext, ToolResult


def context(**fields: Any) -> ToolContext:
    return ToolContext(**{"user_id": None, "run_id": uuid4(), "idempotency_key": uuid4()} | fields)


async def result_of(tool: Tool, given: ToolContext | None = None, **arguments: Any) -> ToolResult:
    return await tool.call(json.dumps(arguments), given or context())
