"""CEL in three values: a value, an error as CEL raises it, or `Unsure` with the reason.

`&&` and `||` absorb errors as the CEL specification says. What this evaluator does not understand
is Unsure; a verdict that depends on it is UNDECIDED.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import re2

from modelgate.topology.cel_syntax import (
    MACROS,
    Call,
    Expr,
    Index,
    ListOf,
    Literal,
    MapOf,
    Name,
    Select,
)


@dataclass(frozen=True, slots=True)
class CelError:
    """The evaluation fails at run time, as a missing map key does."""

    message: str


@dataclass(frozen=True, slots=True)
class Unsure:
    """The value depends on something that is not known here."""

    reason: str


Env = Mapping[str, Any]


def holds(expr: Expr, env: Env) -> bool | CelError | Unsure:
    """The answer of `expr` as a predicate: one that is not boolean fails.

    Attributes have no type before run time (executed: `request.path` alone answers 500); where
    the type can be seen, a checker may refuse the whole predicate instead.
    """
    value = evaluate(expr, env)
    if isinstance(value, bool | CelError | Unsure):
        return value
    if isinstance(expr, Name | Select | Index):
        return CelError("the predicate is not boolean")
    return Unsure("a value that is not boolean")


def evaluate(expr: Expr, env: Env) -> Any:
    """The value of `expr` where `env` gives the declared names; values are plain JSON."""
    match expr:
        case Literal(value):
            return value
        case Name(name):
            return env[name] if name in env else CelError(f"undeclared {name}")
        case Select(operand, field):
            return _member(evaluate(operand, env), field)
        case Index(operand, index):
            return _index(evaluate(operand, env), evaluate(index, env))
        case ListOf(listed):
            return _strict([evaluate(item, env) for item in listed], list)
        case MapOf(pairs):
            flat = [evaluate(item, env) for pair in pairs for item in pair]
            return _strict(flat, lambda values: dict(zip(values[::2], values[1::2], strict=True)))
        case Call():
            return _call(expr, env)


def _call(call: Call, env: Env) -> Any:
    match call.function:
        case "&&" | "||":
            return _logic(call, env)
        case "?:":
            condition = holds(call.args[0], env)
            if not isinstance(condition, bool):
                return condition
            return evaluate(call.args[1 if condition else 2], env)
        case "has" if call.target is None and len(call.args) == 1:
            return _has(call.args[0], env)
    if call.function in MACROS and call.target is not None and len(call.args) == 2:
        return _macro(call, env)
    operands = call.args if call.target is None else (call.target, *call.args)
    return _strict(
        [evaluate(item, env) for item in operands],
        lambda values: _apply(call.function, values),
    )


def _strict(values: list[Any], build: Callable[[list[Any]], Any]) -> Any:
    """`build(values)`, unless one of them is an error or unsure: errors come first."""
    for kind in (CelError, Unsure):
        for value in values:
            if isinstance(value, kind):
                return value
    return build(values)


def _logic(call: Call, env: Env) -> Any:
    decisive = call.function == "||"
    sides = [holds(item, env) for item in call.args]
    if decisive in sides:
        return decisive
    return next(
        (side for kind in (Unsure, CelError) for side in sides if isinstance(side, kind)),
        not decisive,
    )


def _has(expr: Expr, env: Env) -> Any:
    if not isinstance(expr, Select):
        return CelError("has() needs a field")
    operand = evaluate(expr.operand, env)
    if isinstance(operand, CelError | Unsure):
        return operand
    return isinstance(operand, Mapping) and expr.field in operand


def _macro(call: Call, env: Env) -> Any:
    assert call.target is not None
    bound, body = call.args
    domain = evaluate(call.target, env)
    if isinstance(domain, CelError | Unsure):
        return domain
    if not isinstance(bound, Name) or not isinstance(domain, list | Mapping):
        return CelError(f"{call.function}() needs a list or a map")
    inner = [{**env, bound.name: item} for item in domain]
    if call.function == "map":
        return _strict([evaluate(body, scope) for scope in inner], list)
    answers = [holds(body, scope) for scope in inner]
    if call.function in ("exists", "all"):
        decisive = call.function == "exists"
        if decisive in answers:
            return decisive
        return _strict(list(answers), lambda _: not decisive)
    kept = [item for item, answer in zip(domain, answers, strict=True) if answer is True]
    result = kept if call.function == "filter" else len(kept) == 1
    return _strict(list(answers), lambda _: result)


def _member(operand: Any, field: str) -> Any:
    if isinstance(operand, CelError | Unsure):
        return operand
    if isinstance(operand, Mapping):
        return operand[field] if field in operand else CelError(f"no such key: {field}")
    return CelError(f"no field {field}")


def _index(operand: Any, index: Any) -> Any:
    def look_up(_: list[Any]) -> Any:
        if isinstance(operand, Mapping) and isinstance(index, str):
            return _member(operand, index)
        if isinstance(operand, list) and type(index) is int and 0 <= index < len(operand):
            return operand[index]
        return CelError("index out of range")

    return _strict([operand, index], look_up)


_TEXT: dict[str, Callable[[str, str], bool]] = {
    "startsWith": str.startswith,
    "endsWith": str.endswith,
    "contains": str.__contains__,
    "matches": lambda value, pattern: re2.search(pattern, value) is not None,
}
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


def _apply(function: str, values: list[Any]) -> Any:
    match function, values:
        case "==", [left, right]:
            return _equal(left, right)
        case "!=", [left, right]:
            return not _equal(left, right)
        case "!", [bool() as value]:
            return not value
        case "in", [item, list() as listed]:
            return any(_equal(item, other) for other in listed)
        case "in", [str() as key, Mapping() as pairs]:
            return key in pairs
        case "+", [str() as left, str() as right]:
            return left + right
        case "+", [list() as left, list() as right]:
            return left + right
        case "size", [str() | list() | Mapping() as value]:
            return len(value)
        case "lowerAscii", [str() as value]:
            return _ascii(value, str.lower)
        case "upperAscii", [str() as value]:
            return _ascii(value, str.upper)
        case (("<" | "<=" | ">" | ">="), [left, right]) if _ordered(left, right):
            return _COMPARE[function](left, right)
        case (
            ("startsWith" | "endsWith" | "contains" | "matches"),
            [str() as left, str() as right],
        ):
            return _text(function, left, right)
    if function in KNOWN:
        # A checker that knows the types drops the predicate, one that does not fails at run time.
        return Unsure(f"whether {function} takes such values")
    return Unsure(f"the CEL function {function} is not understood")


def _text(function: str, value: str, argument: str) -> Any:
    try:
        return _TEXT[function](value, argument)
    except re2.error:
        return CelError(f"not a regular expression: {argument}")


def _ascii(value: str, change: Callable[[str], str]) -> str:
    return "".join(change(char) if char.isascii() else char for char in value)


def _ordered(left: Any, right: Any) -> bool:
    return type(left) is type(right) and isinstance(left, str | int | float)


def _equal(left: Any, right: Any) -> bool:
    if isinstance(left, bool) != isinstance(right, bool):
        return False
    return bool(left == right)


KNOWN = frozenset(
    {
        "==",
        "!=",
        "!",
        "in",
        "+",
        "size",
        "lowerAscii",
        "upperAscii",
        "&&",
        "||",
        "?:",
        "has",
    }
    | MACROS
    | _TEXT.keys()
    | _COMPARE.keys()
)
