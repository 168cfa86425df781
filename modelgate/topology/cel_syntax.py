"""CEL text becomes a small tree; what CEL's grammar refuses is a CelSyntaxError, never a guess.

The grammar is cel-python's; string escapes are checked here because its lexer lets bad ones pass
while cel-go and the filter's parser refuse them (a path regex with `\\d` breaks the whole filter).
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from celpy.celparser import CELParseError, CELParser
from lark import Token, Tree


class CelSyntaxError(ValueError):
    """The text is not CEL."""


@dataclass(frozen=True, slots=True)
class Literal:
    value: Any


@dataclass(frozen=True, slots=True)
class Name:
    name: str


@dataclass(frozen=True, slots=True)
class Select:
    operand: "Expr"
    field: str


@dataclass(frozen=True, slots=True)
class Index:
    operand: "Expr"
    index: "Expr"


@dataclass(frozen=True, slots=True)
class Call:
    """A function, method, operator or macro; `target` is the receiver of a method."""

    function: str
    target: "Expr | None"
    args: tuple["Expr", ...]


@dataclass(frozen=True, slots=True)
class ListOf:
    items: tuple["Expr", ...]


@dataclass(frozen=True, slots=True)
class MapOf:
    pairs: tuple[tuple["Expr", "Expr"], ...]


Expr = Literal | Name | Select | Index | Call | ListOf | MapOf

MACROS = frozenset({"exists", "all", "exists_one", "filter", "map"})

_OPERATORS = {
    "relation_eq": "==",
    "relation_ne": "!=",
    "relation_lt": "<",
    "relation_le": "<=",
    "relation_gt": ">",
    "relation_ge": ">=",
    "relation_in": "in",
    "addition_add": "+",
    "addition_sub": "-",
    "multiplication_mul": "*",
    "multiplication_div": "/",
    "multiplication_mod": "%",
}


@cache
def _parser() -> CELParser:
    return CELParser()


@cache
def parse(text: str) -> Expr:
    """The expression tree of `text`. Raises CelSyntaxError."""
    try:
        tree = _parser().parse(text)
    except CELParseError as error:
        raise CelSyntaxError(f"not CEL: {text!r}") from error
    return _convert(tree)


def _convert(node: Tree[Any] | Token) -> Expr:
    if isinstance(node, Token):
        raise CelSyntaxError(f"unexpected {node!s}")
    build = _BUILDERS.get(node.data)
    if build is not None:
        return build(node)
    if len(node.children) == 1:
        return _convert(node.children[0])
    return _operation(node)


def _operation(node: Tree[Any]) -> Expr:
    children = node.children
    match node.data:
        case "expr":
            return Call("?:", None, tuple(_convert(child) for child in children))
        case "conditionalor":
            return Call("||", None, (_convert(children[0]), _convert(children[1])))
        case "conditionaland":
            return Call("&&", None, (_convert(children[0]), _convert(children[1])))
        case "unary":
            sign = "!" if children[0].data == "unary_not" else "-"
            return Call(sign, None, (_convert(children[1]),))
    head = children[0]
    if isinstance(head, Tree) and head.data in _OPERATORS:
        operands = (_convert(head.children[0]), _convert(children[1]))
        return Call(_OPERATORS[head.data], None, operands)
    raise CelSyntaxError(f"unsupported construct {node.data}")


def _arguments(node: Tree[Any], start: int) -> tuple[Expr, ...]:
    if len(node.children) <= start:
        return ()
    listed = node.children[start]
    return tuple(_convert(child) for child in listed.children) if listed is not None else ()


def _literal(node: Tree[Any]) -> Expr:
    token = str(node.children[0])
    if token in ("true", "false", "null"):
        return Literal({"true": True, "false": False, "null": None}[token])
    if token[-1] in "'\"":
        return Literal(_string(token))
    try:
        return Literal(int(token.rstrip("uU"), 0))
    except ValueError:
        return Literal(float(token))


_ESCAPE = re.compile(
    r"\\(?:([abfnrtv\\?\"'`])|x([0-9a-fA-F]{2})|X([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})"
    r"|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|())"
)
_SIMPLE = dict(zip("abfnrtv", "\a\b\f\n\r\t\v", strict=True))


def _string(token: str) -> str:
    prefix = token[: min(token.find(quote) for quote in "'\"" if quote in token)].lower()
    if "b" in prefix:
        raise CelSyntaxError("bytes literals are not understood")
    body = token[len(prefix) :]
    width = 3 if len(body) >= 6 and body[:3] in ("'''", '"""') else 1
    body = body[width:-width]
    return body if "r" in prefix else _ESCAPE.sub(_unescape, body)


def _unescape(match: re.Match[str]) -> str:
    simple, *codes, octal, bad = match.groups()
    if bad is not None:
        raise CelSyntaxError(f"invalid escape in {match.string!r}")
    if simple:
        return _SIMPLE.get(simple, simple)
    if octal:
        return chr(int(octal, 8))
    return chr(int(next(code for code in codes if code), 16))


def _pairs(node: Tree[Any]) -> Expr:
    values = [_convert(child) for inner in node.children for child in inner.children]
    return MapOf(tuple(zip(values[::2], values[1::2], strict=True)))


_BUILDERS: dict[str, Callable[[Tree[Any]], Expr]] = {
    "literal": _literal,
    "ident": lambda node: Name(str(node.children[0])),
    "dot_ident": lambda node: Name(str(node.children[0])),
    "member_dot": lambda node: Select(_convert(node.children[0]), str(node.children[1])),
    "member_index": lambda node: Index(_convert(node.children[0]), _convert(node.children[1])),
    "member_dot_arg": lambda node: Call(
        str(node.children[1]), _convert(node.children[0]), _arguments(node, 2)
    ),
    "ident_arg": lambda node: Call(str(node.children[0]), None, _arguments(node, 1)),
    "dot_ident_arg": lambda node: Call(str(node.children[0]), None, _arguments(node, 1)),
    "list_lit": lambda node: ListOf(_arguments(node, 0)),
    "map_lit": _pairs,
}


def walk(expr: Expr) -> Iterator[Expr]:
    """`expr` and everything below it."""
    yield expr
    for child in _children(expr):
        yield from walk(child)


def _children(expr: Expr) -> tuple[Expr, ...]:
    match expr:
        case Select(operand, _):
            return (operand,)
        case Index(operand, index):
            return (operand, index)
        case Call(_, target, args):
            return args if target is None else (target, *args)
        case ListOf(listed):
            return listed
        case MapOf(pairs):
            return tuple(item for pair in pairs for item in pair)
    return ()


def free_names(expr: Expr) -> set[str]:
    """Names that `expr` reads and no macro inside it declares."""
    match expr:
        case Name(name):
            return {name}
        case Call(function, target, (Name(bound), *rest)) if target and function in MACROS:
            inner = set().union(*(free_names(item) for item in rest)) - {bound}
            return free_names(target) | inner
    return set().union(*(free_names(child) for child in _children(expr)))


def functions(expr: Expr) -> set[str]:
    """Every function, method and operator that `expr` calls."""
    return {item.function for item in walk(expr) if isinstance(item, Call)}


def strings(expr: Expr) -> set[str]:
    """Every string literal in `expr`: where a partition has to be cut."""
    return {
        item.value for item in walk(expr) if isinstance(item, Literal) and type(item.value) is str
    }
