"""The cells of a partition: one concrete request for each way in which parts can see requests.

For one match on one virtual host, every literal that routes, action sets and conditions mention
near it cuts host, path, method, headers and query; each cell gets one representative, the plainest
first. `complete` is False where regular expressions or sheer number keep cells from being covered.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, product

from modelgate.topology import hostnames
from modelgate.topology.authorino import entries
from modelgate.topology.conditions import Literals, literals
from modelgate.topology.envoy import Entry, RouteTable, VirtualHost, overlapping
from modelgate.topology.filter import ActionSet, Filter, HostList
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
from modelgate.topology.routes import Condition, Match
from modelgate.topology.settings import Behaviour

FRESH = "x9"
MOST_CELLS = 20_000
MOST_WORDS = 24


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


def hosts(
    table: RouteTable, vhost: VirtualHost, filter_: Filter, behaviour: Behaviour
) -> list[str]:
    """Host headers that Envoy sends to `vhost`, one for each list the filter may then select."""
    found: dict[int, str] = {}
    for host in _host_forms(vhost.domain, filter_, behaviour):
        if table.find(host) is vhost:
            found.setdefault(id(filter_.find(host, behaviour)), host)
    return list(found.values())


def _host_forms(domain: str, filter_: Filter, behaviour: Behaviour) -> Iterator[str]:
    """Forms that Envoy and the filter read differently (measured; see `hostnames.envoy_host`)."""
    if not hostnames.is_wildcard(domain):
        yield domain
        if behaviour.host_case_sensitive:
            yield domain.upper()
        return
    stem = domain[1:] or ".example.net"
    own = f"{FRESH}{stem}"
    named = [name for name in filter_.hosts if name != hostnames.ANY]
    others = [f"{FRESH}{name[1:]}" if name.startswith("*") else name for name in named]
    bases = [own, f"{FRESH}.{own}", *(host for host in others if hostnames.covers(domain, host))]
    yield from bases
    if behaviour.host_case_sensitive:
        yield from (base.upper() for base in bases)
    if behaviour.first_colon_cut:
        yield from (f"{first}:{own}:1" for first in ("x", *others))


def cells(vhost: VirtualHost, entry: Entry, listed: HostList | None) -> Cells:
    """The cells of `entry` where the filter has selected `listed`."""
    match = entry.match
    rivals = [other.match for other in overlapping(vhost, match) if other is not entry]
    sets = may_act(listed, match)[0] if listed else []
    asked = _literals(sets)
    incomplete: list[str] = [asked.uncut] if asked.uncut else []
    others = [*rivals, *(item.match for item in sets)]
    words = sorted(asked.words, key=lambda word: (len(word), word))
    paths = _paths(match, rivals, sets, asked, incomplete)
    methods = _methods(match, others, words)
    headers = list(_headers(match, others, asked, incomplete))
    queries = list(dict.fromkeys(_queries(match, others, words, incomplete)))
    made = (
        Cell(method, f"{path}?{query}" if query else path, chosen)
        for chosen, query, method, path in product(headers, queries, methods, paths)
    )
    total = len(paths) * len(methods) * len(headers) * len(queries)
    if total > MOST_CELLS or len(words) > MOST_WORDS:
        incomplete.append(f"{total} different kinds of request are too many to try")
    return Cells(tuple(islice(made, MOST_CELLS)), next(iter(incomplete), ""))


def _literals(sets: Iterable[ActionSet]) -> Literals:
    parts = [
        part
        for item in sets
        for auth in item.auths
        if not auth.strict
        for part in entries(auth.effective)
    ]
    return literals(parts)


def _paths(
    match: Match,
    rivals: list[Match],
    sets: list[ActionSet],
    asked: Literals,
    incomplete: list[str],
) -> list[str]:
    if match.kind == "Exact":
        return [match.path]
    others = [*rivals, *(item.match for item in sets)]
    if not asked.patterns and all(it.kind != "RegularExpression" for it in (match, *others)):
        return list(dict.fromkeys(_below(match, others, sorted(asked.words))))
    try:
        filtered = [_filter_language(item.match) for item in sets]
        routed = [_envoy_language(other) for other in rivals]
        told = [starts("/"), *filtered, *routed, *_asked_paths(asked)]
        found = [path for path in partition(_envoy_language(match), told) if path[:1] == "/"]
        return sorted(found, key=lambda path: (len(path), path))
    except NotRegularError:
        incomplete.append("a path expression cannot be split into cases")
    if match.kind == "RegularExpression":
        return []
    plain = [other for other in others if other.kind != "RegularExpression"]
    return list(dict.fromkeys(_below(match, plain, sorted(asked.words))))


def _envoy_language(match: Match) -> Language:
    if match.kind == "Exact":
        return exact(match.path)
    return below(match.path) if match.kind == "PathPrefix" else full(match.path)


def _filter_language(match: Match) -> Language:
    if match.kind == "Exact":
        return exact(match.path)
    return starts(match.path) if match.kind == "PathPrefix" else search(match.path)


def _asked_paths(asked: Literals) -> Iterator[Language]:
    for word in asked.words:
        text = re.escape(word)
        yield from (exact(word), starts(word), search(text), search(f"{text}$"))
    yield from (search(pattern) for pattern in asked.patterns)


def _below(match: Match, others: list[Match], words: list[str]) -> Iterator[str]:
    """Representatives of the paths under a prefix, cut at literals: plain string tests only."""
    stem = match.path.rstrip("/")
    found = [stem or "/", f"{stem}/", f"{stem}/{FRESH}"]
    for text in dict.fromkeys([*(other.path for other in others), *words]):
        plain = text.rstrip("/")
        found += [text, plain, f"{plain}/", f"{plain}/{FRESH}", f"{plain}{FRESH}"]
        if text in words:
            inner = text.strip("/")
            found += [f"{stem}/{inner}", f"{stem}/{FRESH}/{inner}", f"{stem}/{inner}/{FRESH}"]
            found += [f"{stem}{text}", f"{stem}/{FRESH}{text}", f"{stem}/{FRESH}{text}{FRESH}"]
    for first, second in product(words[:4], words[:4]):
        if first != second:
            found.append(f"{stem}/{first.strip('/')}/{second.strip('/')}")
            found.append(f"{stem}/{first.strip('/')}{second}")
    return (text for text in found if _usable(text) and under(match.path, text))


def _usable(path: str) -> bool:
    return path.startswith("/") and path.isascii() and not re.search(r"[\s?#\x00-\x1f]", path)


def _methods(match: Match, others: list[Match], words: list[str]) -> list[str]:
    if match.method:
        return [match.method]
    named = {other.method for other in others if other.method}
    named |= {word for word in words if word.isalpha() and word.isupper()}
    fresh = next(name for name in ("PATCH", "PUT", "DELETE", "TRACE") if name not in named)
    return list(dict.fromkeys(["GET", "POST", *sorted(named), fresh]))


Chosen = tuple[tuple[str, str], ...]


def _headers(
    match: Match, others: list[Match], asked: Literals, incomplete: list[str]
) -> Iterator[Chosen]:
    own = {item.name: item for item in match.headers}
    names = {item.name for other in others for item in other.headers} - own.keys()
    names |= {name for name in asked.headers if _TOKEN.fullmatch(name)} - own.keys()
    conditions = [item for other in others for item in other.headers]
    fixed = [
        [(name, value) for value in _values(item, conditions, asked, incomplete)]
        for name, item in own.items()
    ]
    free: list[list[tuple[str, str] | None]] = []
    for name in sorted(names):
        anything = Condition(name, ".*", regex=True)
        values = _values(anything, conditions, asked, incomplete)
        free.append([None, *((name, value) for value in values)])
    for chosen in product(*fixed):
        for extra in product(*free):
            yield (*chosen, *(pair for pair in extra if pair is not None))


_TOKEN = re.compile(r"[a-z0-9-]+")


def _values(
    own: Condition, conditions: Iterable[Condition], asked: Literals, incomplete: list[str]
) -> list[str]:
    """Values of one header or parameter: one for each way in which anybody can tell them apart."""
    if not own.regex:
        return [own.value]
    others = [item for item in conditions if item.name == own.name]
    words = asked.words if own.name in asked.headers else frozenset()
    patterns = asked.patterns if own.name in asked.headers else frozenset()
    if own.value == ".*" and not patterns and not any(item.regex for item in others):
        texts = sorted(
            {item.value for item in others} | {word for word in words if _printable(word)}
        )
        tails = [f"{FRESH}{word}" for word in texts if word in words]
        heads = [f"{word}{FRESH}" for word in texts if word in words]
        return [*texts, FRESH, *heads, *tails]
    try:
        literal = [exact(own.value, TEXT_CHARS)]
        literal += [exact(item.value, TEXT_CHARS) for item in others]
        expressions = [full(item.value, TEXT_CHARS) for item in others if item.regex]
        asked_for = [search(re.escape(word), TEXT_CHARS) for word in words]
        asked_for += [exact(word, TEXT_CHARS) for word in words]
        asked_for += [search(pattern, TEXT_CHARS) for pattern in patterns]
        region = full(own.value, TEXT_CHARS)
        return partition(region, [*literal, *expressions, *asked_for])
    except NotRegularError:
        incomplete.append(f"the expression for {own.name} cannot be split into cases")
        return [FRESH]


def _printable(word: str) -> bool:
    return word.isprintable() and word.isascii()


def _queries(
    match: Match, others: list[Match], words: list[str], incomplete: list[str]
) -> Iterator[str]:
    nothing = Literals(frozenset(), frozenset(), frozenset(), "")
    conditions = [item for other in others for item in other.query]
    values = [_values(item, conditions, nothing, incomplete) for item in match.query]
    for chosen in product(*values):
        own = "&".join(
            f"{item.name}={value}" for item, value in zip(match.query, chosen, strict=True)
        )
        yield own
        join = f"{own}&" if own else ""
        mine = {item.name for item in match.query}
        for item in conditions:
            if item.name not in mine:
                others_values = _values(item, conditions, nothing, incomplete)
                yield from (f"{join}{item.name}={value}" for value in others_values)
        for word in words:
            if re.fullmatch(r"[\w/.:~-]+", word):
                yield f"{join}x={word}"
