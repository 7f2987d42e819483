"""Conditions on the arguments of a tool call, as an operator writes them: `amount > 100 and currency != "EUR"`.

An expression in Python's grammar, read once and evaluated by us alone: no attributes, no calls but of the functions
here, nothing that costs more than the arguments are long. What cannot be told raises, so that people are asked: values
of different kinds are never compared, because a tool may read "250" as a number where we would see a text.
"""

import ast
import json
import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

LONGEST = 200
MOST_NODES = 80
CONSTANTS = {"true": True, "false": False, "null": None}
ORDERS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
}  # fmt: skip
SUMS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
}  # fmt: skip
READABLE = (
    ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.USub, ast.BinOp, *SUMS, ast.Compare, *ORDERS, ast.Eq,
    ast.NotEq, ast.In, ast.NotIn, ast.Is, ast.IsNot, ast.Name, ast.Load, ast.Constant, ast.List, ast.Tuple,
    ast.Subscript, ast.Call,
)  # fmt: skip


class BadCondition(ValueError):
    """The expression cannot be used; the words are for whoever wrote it."""


class Untold(Exception):
    """Whether the condition holds cannot be told of these arguments."""


@dataclass(frozen=True)
class Condition:
    text: str
    tree: ast.expr

    def holds(self, arguments: str) -> bool:
        """Whether it is so for these arguments (JSON). Raises Untold."""
        return _truth(_value(self.tree, _read_arguments(arguments)))

    @property
    def names(self) -> tuple[str, ...]:
        """The arguments it names, in the order in which they stand there."""
        found = [node for node in ast.walk(self.tree) if isinstance(node, ast.Name)]
        found.sort(key=lambda node: (node.lineno, node.col_offset))
        return tuple(dict.fromkeys(node.id for node in found if node.id not in CONSTANTS and node.id not in FUNCTIONS))


@lru_cache(maxsize=512)
def read(text: str) -> Condition:
    """The condition an expression means. Raises BadCondition."""
    if len(text) > LONGEST:
        raise BadCondition(f"A condition may have {LONGEST} characters; this one has {len(text)}.")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise BadCondition(f"{text!r} is no condition; write one like amount > 100.") from None
    nodes = list(ast.walk(tree))
    if len(nodes) > MOST_NODES:
        raise BadCondition("The condition has too many parts.")
    for node in sorted(nodes, key=lambda node: not isinstance(node, ast.Attribute)):  # the most telling words first
        _check(node)
    if not isinstance(tree, ast.Compare | ast.BoolOp | ast.UnaryOp | ast.Name | ast.Subscript | ast.Call):
        raise BadCondition(f"{text!r} is neither yes nor no; write a condition like amount > 100.")
    return Condition(text.strip(), tree)


def _check(node: ast.AST) -> None:
    if isinstance(node, ast.Attribute):
        raise BadCondition(f".{node.attr} cannot be used; there are the functions {_listed(FUNCTIONS)}.")
    if not isinstance(node, READABLE):
        raise BadCondition(f"A condition compares arguments with values; {type(node).__name__} is more than that.")
    if isinstance(node, ast.Constant) and not isinstance(node.value, str | int | float | None):
        raise BadCondition(f"{node.value!r} cannot be used as a value.")
    if isinstance(node, ast.Subscript) and not isinstance(node.slice, ast.Constant):
        raise BadCondition('Name the part that is meant: customer["country"] or items[0].')
    if isinstance(node, ast.Call):
        _check_call(node)


def _check_call(node: ast.Call) -> None:
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    if name not in FUNCTIONS:
        raise BadCondition(f"There is no function {name or 'like that'}; there are {_listed(FUNCTIONS)}.")
    number = FUNCTIONS[name][0]
    if node.keywords or len(node.args) != number:
        raise BadCondition(f"{name} takes {number} value{'s' if number > 1 else ''} in its brackets.")


def _read_arguments(arguments: str) -> dict[str, Any]:
    try:
        given = json.loads(arguments or "{}")
    except (ValueError, RecursionError):
        raise Untold("the arguments cannot be read") from None
    if not isinstance(given, dict):
        raise Untold("the arguments have no names")
    return given


def _value(node: ast.expr, given: dict[str, Any]) -> Any:
    match node:
        case ast.Constant():
            return node.value
        case ast.Name():
            return CONSTANTS[node.id] if node.id in CONSTANTS else given.get(node.id)
        case ast.List() | ast.Tuple():
            return [_value(one, given) for one in node.elts]
        case ast.Subscript(slice=ast.Constant(value=key)):
            return _part(_value(node.value, given), key)
        case ast.BoolOp(op=ast.And()):
            return all(_truth(_value(one, given)) for one in node.values)
        case ast.BoolOp():
            return any(_truth(_value(one, given)) for one in node.values)
        case ast.UnaryOp(op=ast.Not()):
            return not _truth(_value(node.operand, given))
        case ast.UnaryOp():
            return -_number(_value(node.operand, given))
        case ast.BinOp():
            return _sum(node.op, _number(_value(node.left, given)), _number(_value(node.right, given)))
        case ast.Compare():
            return _compared(node, given)
        case ast.Call(func=ast.Name(id=name)):
            return FUNCTIONS[name][1](*(_value(one, given) for one in node.args))
    raise Untold("it cannot be read")


def _part(whole: Any, key: object) -> Any:
    """What stands at a place of an argument; None where nothing does."""
    if isinstance(whole, dict):
        return whole.get(key)
    if isinstance(whole, list) and isinstance(key, int):
        return whole[key] if -len(whole) <= key < len(whole) else None
    if whole is None:
        return None
    raise Untold(f"{_kind(whole)} has no parts")


def _compared(node: ast.Compare, given: dict[str, Any]) -> bool:
    left = _value(node.left, given)
    for sign, right in zip(node.ops, (_value(one, given) for one in node.comparators), strict=True):
        if not _is_so(sign, left, right):
            return False
        left = right
    return True


def _is_so(sign: ast.cmpop, left: Any, right: Any) -> bool:
    if isinstance(sign, ast.In | ast.NotIn):
        return _contains(right, left) == isinstance(sign, ast.In)
    if isinstance(sign, ast.Eq | ast.NotEq | ast.Is | ast.IsNot):
        return _are_equal(left, right) == isinstance(sign, ast.Eq | ast.Is)
    if _kind(left) != _kind(right) or _kind(left) not in ("a number", "a text"):
        raise Untold(f"{_kind(left)} cannot be compared with {_kind(right)}")
    return ORDERS[type(sign)](left, right)


def _are_equal(left: Any, right: Any) -> bool:
    if left is None or right is None:
        return left is right
    if _kind(left) != _kind(right):
        raise Untold(f"{_kind(left)} cannot be compared with {_kind(right)}")
    return bool(left == right)


def _contains(whole: Any, part: Any) -> bool:
    if isinstance(whole, list):
        return any(_are_equal(one, part) for one in whole)
    return _text(part) in _text(whole)


def _truth(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise Untold(f"{_kind(value)} is neither yes nor no")


def _sum(sign: ast.operator, left: Any, right: Any) -> Any:
    try:
        return _number(SUMS[type(sign)](left, right))
    except ArithmeticError:
        raise Untold("it cannot be calculated") from None


def _number(value: Any) -> Any:
    if _kind(value) != "a number":
        raise Untold(f"{_kind(value)} is no number")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise Untold(f"{_kind(value)} is no text")
    return value


def _length(value: Any) -> int:
    if not isinstance(value, str | list | dict):
        raise Untold(f"{_kind(value)} has no length")
    return len(value)


def _kind(value: Any) -> str:
    """What a value is, in words. A number that is none (JSON has no NaN, but parsers read it) compares with nothing."""
    if isinstance(value, float) and not math.isfinite(value):
        raise Untold("a number is not finite")
    kinds = {bool: "yes or no", int: "a number", float: "a number", str: "a text", list: "a list", dict: "an object"}
    return kinds.get(type(value), "nothing")


FUNCTIONS: dict[str, tuple[int, Callable[..., Any]]] = {
    "len": (1, _length),
    "lower": (1, lambda text: _text(text).lower()),
    "starts_with": (2, lambda text, start: _text(text).startswith(_text(start))),
    "ends_with": (2, lambda text, end: _text(text).endswith(_text(end))),
    "contains": (2, _contains),
}


def _listed(names: dict[str, Any]) -> str:
    return ", ".join(names)
