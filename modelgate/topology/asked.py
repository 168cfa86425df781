"""What conditions ask of a request, attribute by attribute: where a partition has to be cut.

Whatever is not a comparison of one attribute with a literal is reported as `uncut`: no cut covers
it, so that nothing may be proved by trying requests.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from modelgate.topology.cel_syntax import (
    Call,
    CelSyntaxError,
    Expr,
    Index,
    ListOf,
    Literal,
    Name,
    Select,
    parse,
    strings,
    walk,
)
from modelgate.topology.effective import Effective
from modelgate.topology.values import items, mapping, mappings, text


@dataclass(slots=True)
class Tests:
    """The texts with which one attribute is compared, and how."""

    equal: set[str] = field(default_factory=set)
    starts: set[str] = field(default_factory=set)
    ends: set[str] = field(default_factory=set)
    contains: set[str] = field(default_factory=set)
    patterns: set[str] = field(default_factory=set)

    def __bool__(self) -> bool:
        return any((self.equal, self.starts, self.ends, self.contains, self.patterns))

    def add(self, other: "Tests") -> None:
        self.equal |= other.equal
        self.starts |= other.starts
        self.ends |= other.ends
        self.contains |= other.contains
        self.patterns |= other.patterns


TEXT = ("method", "path", "url_path", "query")
HEADER = "headers."
ALIASES = {"referer": f"{HEADER}referer", "useragent": f"{HEADER}user-agent"}
UNCUT = ("host", "scheme")
"""Attributes of which a client chooses the value and which no cell varies."""


@dataclass(slots=True)
class Asked:
    """Every attribute that is read, with its tests; `headers.x` for the header x."""

    tests: dict[str, Tests] = field(default_factory=dict)
    uncut: str = ""

    def of(self, attribute: str) -> Tests:
        return self.tests.get(attribute) or Tests()

    @property
    def headers(self) -> set[str]:
        return {name.removeprefix(HEADER) for name in self.tests if name.startswith(HEADER)}


def asked(effectives: Iterable[Effective]) -> Asked:
    """What the policies' conditions ask of a request before it is refused or let through."""
    reader = _Reader(Asked())
    for effective in effectives:
        reader.conditions(effective.when)
        for pattern in effective.section("patterns").values():
            reader.conditions(mapping(pattern).get("allOf"))
        for entry in map(mapping, effective.section("authentication").values()):
            reader.conditions(entry.get("when"))
            reader.value(mapping(entry.get("plain")))
        for entry in map(mapping, effective.section("authorization").values()):
            reader.conditions(entry.get("when"))
            reader.conditions(mapping(entry.get("patternMatching")).get("patterns"))
    return reader.found


_METHODS = {"startsWith": "starts", "endsWith": "ends", "contains": "contains"}


class _Reader:
    def __init__(self, found: Asked) -> None:
        self.found = found

    def conditions(self, listed: Any) -> None:
        for item in mappings(items(listed)):
            if "predicate" in item:
                self._cel(text(item["predicate"]))
            self.conditions(item.get("all"))
            self.conditions(item.get("any"))
            if "selector" in item:
                self._pattern(item)

    def value(self, source: Mapping[str, Any]) -> None:
        """What `{selector | expression}` reads: only whether there is a value counts."""
        if "expression" in source:
            self._cel(text(source["expression"]))
        elif "selector" in source:
            self._pattern(source)

    def _pattern(self, item: Mapping[str, Any]) -> None:
        selector = text(item["selector"])
        name = selector.removeprefix("context.request.http.").removeprefix("request.")
        if name == selector:
            return  # not an attribute of the request: its value is not known here
        attribute = self._named(*name.split(".", 1))
        if attribute is None or "\\" in name:
            self._give_up(f"the selector {selector!r}", {text(item.get("value"))})
        elif item.get("operator") == "matches":
            self._expression(attribute, text(item.get("value")), f"the selector {selector!r}")
        elif attribute:
            self._test(attribute, "equal", text(item.get("value")))

    def _cel(self, predicate: str) -> None:
        try:
            expr = parse(predicate)
        except CelSyntaxError:
            return  # no request changes what becomes of it
        if not self._covers(expr):
            self._give_up(f"the predicate {predicate!r}", strings(expr))

    def _give_up(self, what: str, words: set[str]) -> None:
        self.found.uncut = self.found.uncut or f"{what} cannot be split into cases"
        for attribute in (*TEXT, *(f"{HEADER}{name}" for name in self.found.headers)):
            tests = self.found.tests.setdefault(attribute, Tests())
            tests.add(Tests(equal={*words}, starts={*words}, ends={*words}))

    def _test(self, attribute: str, how: str, word: str) -> None:
        getattr(self.found.tests.setdefault(attribute, Tests()), how).add(word)

    def _expression(self, attribute: str, pattern: str, where: str) -> None:
        if attribute == "url_path" or attribute.startswith(HEADER):
            self._test(attribute, "patterns", pattern)
        elif attribute:
            self._give_up(where, set())

    def _covers(self, expr: Expr) -> bool:
        """Whether equal answers to all tests that are noted give equal values of `expr`."""
        match expr:
            case Call("&&" | "||" | "!" | "?:", None, args):
                covered = [self._covers(item) for item in args]
                return all(covered)
            case Call("has", None, (Select() as read,)):
                return self._reads(read)
            case Call(function, target, args) if _asks(expr):
                operands = args if target is None else (target, *args)
                return len(operands) == 2 and self._compares(function, *operands)
            case Select() | Index():
                return self._reads(expr)
        return not _asks(expr)

    def _reads(self, expr: Expr) -> bool:
        attribute = self._attribute(expr)
        if attribute:
            self.found.tests.setdefault(attribute, Tests())
        return attribute is not None

    def _compares(self, function: str, left: Expr, right: Expr) -> bool:
        if function in ("==", "!=") and isinstance(left, Literal):
            left, right = right, left
        if function == "in" and isinstance(left, Literal) and right in HEADERS:
            return self._reads(Index(right, left))
        words = _words(right)
        if words is None or not self._reads(left):
            return False
        attribute = self._attribute(left)
        for word in words if attribute else ():
            if function == "matches":
                if attribute != "url_path" and not str(attribute).startswith(HEADER):
                    return False
                self._test(str(attribute), "patterns", word)
            elif function in ("==", "!=", "in", *_METHODS):
                self._test(str(attribute), _METHODS.get(function, "equal"), word)
            else:
                return False
        return True

    def _attribute(self, expr: Expr) -> str | None:
        """The attribute that `expr` is; empty where it is no choice of the client; None else."""
        if not _asks(expr):
            return ""
        match expr:
            case Select(operand, name) | Index(operand, Literal(str() as name)):
                if operand in REQUESTS:
                    return self._named(name)
                if operand in HEADERS:
                    return self._named("headers", name)
        return None

    def _named(self, name: str, header: str = "") -> str | None:
        if name == "headers" and header:
            return None if header.startswith(":") else f"{HEADER}{header.lower()}"
        if name in UNCUT or name == "headers":
            return None
        return name if name in TEXT else ALIASES.get(name, "")


REQUESTS = (Name("request"), Select(Select(Name("context"), "request"), "http"))
HEADERS = tuple(Select(request, "headers") for request in REQUESTS)
ROOTS = (Name("request"), Name("context"))


def _asks(expr: Expr) -> bool:
    return any(item in ROOTS for item in walk(expr))


def _words(expr: Expr) -> list[str] | None:
    """The texts of a literal or of a list of literals; None for anything else."""
    listed: Iterator[Expr] = iter(expr.items if isinstance(expr, ListOf) else (expr,))
    values = [item.value if isinstance(item, Literal) else expr for item in listed]
    if expr in values:
        return None
    return [value for value in values if isinstance(value, str)]
