"""The cells of a partition: one concrete request for each way in which parts can see requests.

For one match on one virtual host, every literal that routes, action sets and conditions compare
with cuts host, path, method, headers and query; each cell gets one representative, the plainest
first. `incomplete` says why not all cells are covered, where they are not.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice, product

from modelgate.topology.asked import HEADER, Asked, Tests, asked
from modelgate.topology.envoy import Entry, VirtualHost, overlapping
from modelgate.topology.filter import ActionSet, HostList
from modelgate.topology.implied import may_act
from modelgate.topology.languages import (
    TEXT_CHARS,
    Language,
    NotRegularError,
    below,
    exact,
    full,
    partition,
    search,
    starts,
)
from modelgate.topology.paths import under
from modelgate.topology.representatives import representatives
from modelgate.topology.routes import Condition, Match

MOST_CELLS = 20_000


@dataclass(frozen=True, slots=True)
class Cell:
    method: str
    path: str
    headers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Cells:
    """All cells of one match under one host list; `incomplete` says why not all are covered."""

    cells: tuple[Cell, ...]
    incomplete: str = ""


def cells(vhost: VirtualHost, entry: Entry, listed: HostList | None) -> Cells:
    """The cells of `entry` where the filter has selected `listed`."""
    rivals = [item.match for item in overlapping(vhost, entry.match) if item is not entry]
    sets = may_act(listed, entry.match)[0] if listed else []
    return _Partition(entry.match, rivals, sets).cells()


class _Partition:
    """Cuts one dimension after the other; `incomplete` gathers what could not be cut."""

    def __init__(self, match: Match, rivals: list[Match], sets: list[ActionSet]) -> None:
        self.match, self.rivals, self.sets = match, rivals, sets
        self.others = [*rivals, *(item.match for item in sets)]
        lax = (auth for item in sets for auth in item.auths if not auth.strict)
        self.asked: Asked = asked(auth.effective for auth in lax)
        self.incomplete = [self.asked.uncut] if self.asked.uncut else []

    def cells(self) -> Cells:
        paths, methods = self.paths(), self.methods()
        headers, queries = self.headers(), self.queries()
        made = (
            Cell(method, f"{path}{query}", chosen)
            for chosen, query, method, path in product(headers, queries, methods, paths)
        )
        total = len(paths) * len(methods) * len(headers) * len(queries)
        if total > MOST_CELLS:
            self.incomplete.append(f"{total} different kinds of request are too many to try")
        return Cells(tuple(islice(made, MOST_CELLS)), next(iter(self.incomplete), ""))

    def attempt(self, what: str, make: Callable[[], list[str]], otherwise: list[str]) -> list[str]:
        try:
            return make()
        except NotRegularError:
            self.incomplete.append(f"{what} cannot be split into cases")
            return otherwise

    def paths(self) -> list[str]:
        if self.match.kind == "Exact":
            return [self.match.path]
        tests = _path_tests(self.asked)
        regular = tests.patterns or any(
            item.kind == "RegularExpression" for item in (self.match, *self.others)
        )
        found: list[str] | None = None
        if regular:
            found = self.attempt("a path expression", lambda: self._by_language(tests), [])
            tests.patterns.clear()
        if not found and self.match.kind == "PathPrefix":
            found = self.attempt("a path condition", lambda: self._below(tests), [self.match.path])
        return sorted(found or (), key=lambda path: (len(path), path))

    def _below(self, tests: Tests) -> list[str]:
        stem = self.match.path.rstrip("/")
        tests.equal.add(stem or "/")
        for rival in self.rivals:
            if rival.kind == "RegularExpression":
                continue
            tests.equal.add(rival.path if rival.kind == "Exact" else rival.path.rstrip("/"))
            if rival.kind == "PathPrefix":
                tests.starts.add(f"{rival.path.rstrip('/')}/")
        for item in self.sets:
            if item.match.kind != "RegularExpression":
                (tests.equal if item.match.kind == "Exact" else tests.starts).add(item.match.path)
        found = representatives(tests, f"{stem}/")
        return [path for path in found if _PATH.fullmatch(path) and under(self.match.path, path)]

    def _by_language(self, tests: Tests) -> list[str]:
        told = [
            starts("/"),
            *(_filter_language(item.match) for item in self.sets),
            *(_envoy_language(rival) for rival in self.rivals),
            *_languages(tests),
        ]
        return [path for path in partition(_envoy_language(self.match), told) if path[:1] == "/"]

    def methods(self) -> list[str]:
        if self.match.method:
            return [self.match.method]
        tests = Tests(equal={"GET", "POST", *(item.method for item in self.others if item.method)})
        tests.add(self.asked.of("method"))
        found = self.attempt("the method", lambda: representatives(tests), sorted(tests.equal))
        plain = [name for name in USUAL if not _touched(name, tests)][:1]
        usable = [name for name in (*plain, *found) if _TOKEN.fullmatch(name)]
        return sorted(dict.fromkeys(usable), key=lambda name: name not in ("GET", "POST"))

    def headers(self) -> list[tuple[tuple[str, str], ...]]:
        own = {item.name: item for item in self.match.headers}
        conditions = [item for other in self.others for item in other.headers]
        names = {item.name for item in conditions} | self.asked.headers
        fixed = [
            [(name, value) for value in self.values(item, conditions, HEADER)]
            for name, item in own.items()
        ]
        free: list[list[tuple[str, str] | None]] = []
        for name in sorted(names - own.keys()):
            if _TOKEN.fullmatch(name):
                anything = Condition(name, ".*", regex=True)
                values = self.values(anything, conditions, HEADER)
                free.append([None, *((name, value) for value in values)])
        return [
            (*chosen, *(pair for pair in extra if pair is not None))
            for chosen in product(*fixed)
            for extra in product(*free)
        ]

    def values(self, own: Condition, conditions: list[Condition], where: str) -> list[str]:
        """Values of one header or parameter, one for each way to tell them apart."""
        if not own.regex:
            return [own.value]
        others = [item for item in conditions if item.name == own.name]
        tests = Tests(equal={item.value for item in others if not item.regex})
        if where:
            tests.add(self.asked.of(f"{where}{own.name}"))
        expressions = [item.value for item in others if item.regex]
        if own.value == ".*" and not expressions and not tests.patterns:
            return self.attempt(
                f"the value of {own.name}",
                lambda: [text for text in representatives(tests) if _VALUE.fullmatch(text)],
                sorted(tests.equal),
            )
        return self.attempt(
            f"the expression for {own.name}",
            lambda: partition(
                full(own.value, TEXT_CHARS),
                [
                    *(full(pattern, TEXT_CHARS) for pattern in expressions),
                    *_languages(tests, TEXT_CHARS),
                ],
            ),
            sorted(tests.equal),
        )

    def queries(self) -> list[str]:
        """What follows the path: nothing, or `?` and a query string."""
        parameters = self._parameters()
        tests = _query_tests(self.asked)
        if tests is None:
            return [f"?{text}" if text else "" for text in parameters]
        if any(parameters):
            self.incomplete.append("a query and its parameters are both asked for")
        found = self.attempt("the query", lambda: representatives(tests), sorted(tests.equal))
        texts = ["", *(f"?{text}" for text in ("", *found) if _QUERY.fullmatch(text))]
        return [*dict.fromkeys([*(f"?{text}" if text else "" for text in parameters), *texts])]

    def _parameters(self) -> list[str]:
        conditions = [item for other in self.others for item in other.query]
        own = {item.name: item for item in self.match.query}
        free = sorted({item.name for item in conditions} - own.keys())
        chosen = [
            [f"{name}={value}" for value in self.values(item, conditions, "")]
            for name, item in own.items()
        ]
        for name in free:
            anything = Condition(name, ".*", regex=True)
            values = self.values(anything, conditions, "")
            chosen.append(["", *(f"{name}={value}" for value in values)])
        return ["&".join(filter(None, pairs)) for pairs in product(*chosen)]


USUAL = ("PATCH", "PUT", "DELETE", "TRACE")
_PATH = re.compile(r"/[!-\"$->@-~]*")
_QUERY = re.compile(r"[!-\"$-~]*")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"|[!-~](?:[ -~]*[!-~])?")


def _touched(text: str, tests: Tests) -> bool:
    """Whether `text` comes out of some test otherwise than a text that no test knows."""
    return (
        text in tests.equal
        or text.startswith(tuple(tests.starts))
        or text.endswith(tuple(tests.ends))
        or any(word in text for word in tests.contains)
    )


def _path_tests(found: Asked) -> Tests:
    """Tests of the path without query, those of the path with query included."""
    tests = Tests()
    tests.add(found.of("url_path"))
    whole = found.of("path")
    tests.patterns |= whole.patterns
    for word in (*whole.equal, *whole.starts, *whole.ends, *whole.contains):
        path, mark, _ = word.partition("?")
        if mark:
            tests.equal.add(path)
            tests.ends.add(path)
    tests.add(Tests(*({word for word in words if "?" not in word} for words in _compared(whole))))
    return tests


def _query_tests(found: Asked) -> Tests | None:
    """Tests of the query, those of the path with query included; None where there are none."""
    if not {"query", "path"} & found.tests.keys():
        return None
    tests = Tests()
    tests.add(found.of("query"))
    whole = found.of("path")
    tests.ends |= whole.ends
    tests.contains |= whole.contains
    for word in (*whole.equal, *whole.starts, *whole.ends, *whole.contains):
        query = word.partition("?")[2]
        if query:
            tests.equal.add(query)
            tests.starts.add(query)
    return tests


def _compared(tests: Tests) -> tuple[set[str], set[str], set[str], set[str]]:
    return tests.equal, tests.starts, tests.ends, tests.contains


def _envoy_language(match: Match) -> Language:
    if match.kind == "Exact":
        return exact(match.path)
    return below(match.path) if match.kind == "PathPrefix" else full(match.path)


def _filter_language(match: Match) -> Language:
    if match.kind == "Exact":
        return exact(match.path)
    return starts(match.path) if match.kind == "PathPrefix" else search(match.path)


def _languages(tests: Tests, chars: frozenset[str] | None = None) -> Iterator[Language]:
    given = (chars,) if chars else ()
    yield from (exact(word, *given) for word in tests.equal)
    yield from (search(f"^{re.escape(word)}", *given) for word in tests.starts)
    yield from (search(f"{re.escape(word)}$", *given) for word in tests.ends)
    yield from (search(re.escape(word), *given) for word in tests.contains)
    yield from (search(pattern, *given) for pattern in tests.patterns)
