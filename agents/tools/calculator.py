"""Arithmetic by walking the expression's syntax tree; nothing is ever evaluated as Python."""

import ast
import math
import operator
from collections.abc import Callable
from decimal import Decimal, DecimalException, localcontext
from typing import Annotated, Any

from pydantic import Field

from agents.models import Effect
from agents.tools.base import ToolError, tool

Number = Decimal
DIGITS = 40
SHOWN_DIGITS = 15
LARGEST_EXPONENT = 10_000

OPERATORS: dict[type[ast.operator], Callable[[Number, Number], Number]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: lambda a, b: (a / b).to_integral_value(rounding="ROUND_FLOOR"),
    ast.Mod: lambda a, b: a - b * (a / b).to_integral_value(rounding="ROUND_FLOOR"),
    ast.Pow: lambda a, b: _power(a, b),
}
CONSTANTS = {"pi": Decimal("3.141592653589793238462643383279502884197"), "e": Decimal(1).exp()}


def _by_float(function: Callable[..., float]) -> Callable[..., Number]:
    return lambda *given: Decimal(repr(function(*(float(value) for value in given))))


FUNCTIONS: dict[str, Callable[..., Number]] = {
    "sqrt": Decimal.sqrt,
    "abs": abs,
    "exp": Decimal.exp,
    "ln": Decimal.ln,
    "log": lambda value, base=Decimal(10): value.ln() / base.ln(),
    "log10": Decimal.log10,
    "min": min,
    "max": max,
    "round": lambda value, digits=Decimal(0): round(value, int(digits)),
    "floor": lambda value: value.to_integral_value(rounding="ROUND_FLOOR"),
    "ceil": lambda value: value.to_integral_value(rounding="ROUND_CEILING"),
    "factorial": lambda value: _factorial(value),
    "sin": _by_float(math.sin),
    "cos": _by_float(math.cos),
    "tan": _by_float(math.tan),
}


@tool(effect=Effect.READ, timeout=5)
async def calculator(
    expression: Annotated[
        str,
        Field(
            description="An arithmetic expression with + - * / // % ** and parentheses, for example "
            "1482.70 * 23.5 / 100 - 18. Functions: sqrt, abs, round, min, max, floor, ceil, exp, ln, log, sin, cos, "
            "tan, factorial. Constants: pi, e. No thousands separators; % is the remainder, not per cent.",
            min_length=1,
            max_length=500,
        ),
    ],
) -> dict[str, Any]:
    """Work out an arithmetic expression exactly. Use it for every calculation."""
    return {"expression": expression, "result": evaluate(expression)}


def evaluate(expression: str) -> str:
    """The value as decimal digits, at most 15 significant ones. Raises ToolError in words."""
    try:
        tree = ast.parse(expression.replace("^", "**").strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ToolError(f"{expression!r} is not an arithmetic expression.") from None
    with localcontext() as context:
        context.prec = DIGITS
        try:
            return _shown(_value(tree.body))
        except ZeroDivisionError:
            raise ToolError("Division by zero.") from None
        except (DecimalException, ValueError, OverflowError, TypeError, RecursionError):
            raise ToolError(f"{expression!r} has no value that can be worked out.") from None


def _value(node: ast.expr) -> Number:
    match node:
        case ast.Constant(value=bool()):
            pass
        case ast.Constant(value=int() | float() as number):
            return Decimal(repr(number))
        case ast.Name(id=name) if name in CONSTANTS:
            return CONSTANTS[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _value(operand)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            return OPERATORS[type(op)](_value(left), _value(right))
        case ast.Call(func=ast.Name(id=name), args=given, keywords=[]) if name in FUNCTIONS:
            return FUNCTIONS[name](*(_value(argument) for argument in given))
    raise ToolError(f"{ast.unparse(node)!r} is not something the calculator knows.")


def _power(base: Number, exponent: Number) -> Number:
    if abs(exponent) > LARGEST_EXPONENT:
        raise ToolError(f"An exponent may be at most {LARGEST_EXPONENT:,}.")
    return base**exponent


def _factorial(value: Number) -> Number:
    if value != value.to_integral_value() or not 0 <= value <= 1000:
        raise ToolError("factorial takes a whole number from 0 to 1000.")
    return Decimal(math.factorial(int(value)))


def _shown(value: Number) -> str:
    if not value.is_finite():
        raise ToolError("The result is not a finite number.")
    with localcontext() as context:
        context.prec = SHOWN_DIGITS
        rounded = +value
    if rounded == rounded.to_integral_value() and abs(rounded.adjusted()) < DIGITS:
        return format(rounded.to_integral_value(), "f")
    return format(rounded.normalize(), "f" if -SHOWN_DIGITS < rounded.adjusted() < DIGITS else "E")
