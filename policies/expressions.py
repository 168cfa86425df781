"""What the text of a policy reads: attributes of the request, the identity, the metadata.

A chain is one attribute as a tuple: `request.headers["x-user"]` is ("request", "headers",
"x-user"). Authorino's older `context.request.http` is the same request.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from modelgate.topology.cel_syntax import (
    Call,
    CelSyntaxError,
    Expr,
    Index,
    Literal,
    Name,
    Select,
    parse,
    strings,
    walk,
)
from modelgate.topology.values import items

Chain = tuple[str, ...]

HEADERS = ("request", "headers")
_OLD_REQUEST = ("context", "request", "http")
_SEGMENT = re.compile(r"(?:\\.|[^.\\])+")
_REGO = re.compile(r"\binput((?:\.\w+|\[\"[^\"]+\"\])+)")
_REGO_PART = re.compile(r"\.(\w+)|\[\"([^\"]+)\"\]")


def chain_of(expression: str) -> Chain | None:
    """The chain of an expression that is nothing but one attribute, else None."""
    try:
        return _chain(parse(expression))
    except CelSyntaxError:
        return None


def chains(expression: str) -> frozenset[Chain]:
    """Every attribute that a CEL expression reads; the longest form of each."""
    try:
        expr = parse(expression)
    except CelSyntaxError:
        return frozenset()
    return _longest(filter(None, (_read(item) for item in walk(expr))))


def literals(expression: str) -> set[str]:
    """Every text that a CEL expression compares with."""
    try:
        return strings(parse(expression))
    except CelSyntaxError:
        return set()


def reads(part: Any) -> frozenset[Chain]:
    """Every attribute that is read anywhere below `part` of a policy: CEL, selectors, Rego."""
    found: set[Chain] = set()
    for key, text in _texts(part, ""):
        if key in ("predicate", "expression", "urlExpression"):
            found |= chains(text)
        elif key == "selector":
            found.add(_request(tuple(_unescaped(text))))
        elif key == "rego":
            found |= {_request(_rego(match)) for match in _REGO.findall(text)}
    return frozenset(found)


def expressions(part: Any) -> Iterator[str]:
    """Every CEL text below `part`."""
    return (text for key, text in _texts(part, "") if key in ("predicate", "expression"))


def headers(found: Iterable[Chain]) -> frozenset[str]:
    """Names of the request headers among `found`; "*" where one is read by a computed name."""
    return frozenset(
        chain[2].lower() if len(chain) > 2 else "*" for chain in found if chain[:2] == HEADERS
    )


def _read(item: Expr) -> Chain | None:
    match item:
        case Call("in", None, (Literal(str() as key), operand)):
            chain = _chain(operand)
            return (*chain, key) if chain else None
    return _chain(item)


def _chain(expr: Expr) -> Chain | None:
    match expr:
        case Name(name):
            return (name,)
        case Select(operand, field) | Index(operand, Literal(str() as field)):
            before = _chain(operand)
            return (*before, field) if before else None
    return None


def _longest(found: Iterable[Chain]) -> frozenset[Chain]:
    every = set(found)
    inner = {chain[:length] for chain in every for length in range(1, len(chain))}
    return frozenset(every - inner)


def _request(chain: Chain) -> Chain:
    return ("request", *chain[3:]) if chain[:3] == _OLD_REQUEST else chain


def _unescaped(selector: str) -> Iterator[str]:
    for segment in _SEGMENT.findall(selector.partition(".@")[0]):
        yield segment.replace("\\", "")


def _rego(path: str) -> Chain:
    return tuple(plain or quoted for plain, quoted in _REGO_PART.findall(path))


def _texts(value: Any, key: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from _texts(item, str(name))
    else:
        for item in items(value):
            yield from _texts(item, key)
