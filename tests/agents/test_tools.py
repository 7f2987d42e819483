"""The tools that come with Plumbline, called as an LLM calls them."""

import json
from uuid import uuid4

import pytest

from agents.models import CallStatus
from agents.tools.base import ToolContext, ToolResult
from agents.tools.registry import all_tools

NOBODY = ToolContext(user_id=None, run_id=uuid4(), idempotency_key=uuid4())


async def call(name: str, arguments: str) -> ToolResult:
    return await all_tools()[name].call(arguments, NOBODY)


async def calculated(expression: str) -> ToolResult:
    return await call("calculator", json.dumps({"expression": expression}))


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1482.70 * 23.5 / 100 - 18", "330.4345"),
        ("0.1 + 0.2", "0.3"),
        ("2 ** 10", "1024"),
        ("2^10", "1024"),
        ("-7 // 2", "-4"),
        ("-7 % 3", "2"),
        ("sqrt(2) * sqrt(2)", "2"),
        ("round(2.675, 2)", "2.68"),
        ("max(1, 2, 3) - min(4, 5)", "-1"),
        ("factorial(20)", "2432902008176640000"),
        ("log(1000)", "3"),
        ("1/3", "0.333333333333333"),
    ],
)
async def test_the_calculator_is_exact(expression, value):
    result = await calculated(expression)

    assert result.status == CallStatus.SUCCEEDED
    assert json.loads(result.text)["result"] == value


@pytest.mark.parametrize(
    "expression",
    [
        "1/0", "__import__('os')", "9**9**9", "factorial(10**9)", "open('x')", "2 +", "(1).real", "'a' * 9", "x",
        "1 if 1 else 2", "True + 1", "sqrt(-1)", "0.0 ** -1", "(" * 200, "min()",
    ],
)  # fmt: skip
async def test_what_is_no_arithmetic_is_answered_in_words(expression):
    result = await calculated(expression)

    assert result.status == CallStatus.FAILED
    assert result.text.startswith("Error: ")


@pytest.mark.parametrize(
    "arguments", ["", "{}", "[]", "not json", '{"expression": 5, "more": 1}', '{"expression": ""}']
)
async def test_wrong_arguments_are_answered_with_what_would_be_right(arguments):
    result = await call("calculator", arguments)

    assert result.status == CallStatus.INVALID
    assert "expression" in result.text


async def test_the_time_is_told_in_the_zone_that_was_asked_for():
    told = json.loads((await call("current_time", '{"timezone": "Asia/Tokyo"}')).text)

    assert told["iso"].endswith("+09:00")
    assert (await call("current_time", '{"timezone": "Mars/Olympus"}')).status == CallStatus.FAILED
