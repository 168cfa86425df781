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
from modelgate.topology.paths import under
from modelgate.topology.routes import Condition, Match
from modelgate.topology.samples import samples
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
    rivals = [other.match for other in overlapping(vhost, entry.match) if other is not entry]
    sets = may_act(listed, entry.match)[0] if listed else []
    asked = _literals(sets)
    matches = [*rivals, *(item.match for item in sets)]
    words = sorted(asked.words | _regex_words(asked), key=lambda word: (len(word), word))
    paths = list(dict.fromkeys(_paths(entry.match, matches, words)))
    methods = _methods(entry.match, matches, words)
    headers = list(_headers(entry.match, matches, asked, words))
    queries = list(dict.fromkeys(_queries(entry.match, matches, words)))
    made = (
        Cell(method, f"{path}?{query}" if query else path, chosen)
        for chosen, query, method, path in product(headers, queries, methods, paths)
    )
    total = len(paths) * len(methods) * len(headers) * len(queries)
    return Cells(
        tuple(islice(made, MOST_CELLS)), _incomplete(entry.match, matches, asked, total, words)
    )


def _incomplete(
    match: Match, matches: list[Match], asked: Literals, total: int, words: list[str]
) -> str:
    if total > MOST_CELLS or len(words) > MOST_WORDS:
        return f"{total} different kinds of request are too many to try"
    if asked.uncut:
        return asked.uncut
    for other in (match, *matches):
        if other.kind == "RegularExpression":
            return f"the path expression {other.path!r} cannot be split into cases"
        if any(item.regex for item in (*other.headers, *other.query)):
            return "a header or query expression cannot be split into cases"
    return ""


def _literals(sets: Iterable[ActionSet]) -> Literals:
    parts = [
        part
        for item in sets
        for auth in item.auths
        if not auth.strict
        for part in entries(auth.effective)
    ]
    return literals(parts)


def _regex_words(asked: Literals) -> set[str]:
    if not asked.uncut:
        return set()
    return {text for word in asked.words for text in samples(word)[:2]}


def _paths(match: Match, matches: list[Match], words: list[str]) -> Iterator[str]:
    if match.kind == "Exact":
        yield match.path
        return
    starts = samples(match.path) if match.kind == "RegularExpression" else [match.path]
    for start in starts:
        stem = start.rstrip("/")
        yield stem or "/"
        yield from _below(match, stem, matches, words)


def _below(match: Match, stem: str, matches: list[Match], words: list[str]) -> Iterator[str]:
    literal = [
        text
        for other in matches
        for text in (samples(other.path) if other.kind == "RegularExpression" else [other.path])
    ]
    found = [f"{stem}/", f"{stem}/{FRESH}"]
    for text in dict.fromkeys([*literal, *words]):
        plain = text.rstrip("/")
        found += [text, plain, f"{plain}/", f"{plain}/{FRESH}", f"{plain}{FRESH}"]
        inner = text.strip("/")
        if text in words or not text.startswith(stem):
            found += [f"{stem}/{inner}", f"{stem}/{FRESH}/{inner}", f"{stem}/{inner}/{FRESH}"]
            found += [f"{stem}{text}"]
    for first, second in product(words[:4], words[:4]):
        if first != second:
            found.append(f"{stem}/{first.strip('/')}/{second.strip('/')}")
    for text in found:
        if _usable(text) and (match.kind == "RegularExpression" or under(match.path, text)):
            yield text


def _usable(path: str) -> bool:
    return path.startswith("/") and path.isascii() and not re.search(r"[\s?#\x00-\x1f]", path)


def _methods(match: Match, matches: list[Match], words: list[str]) -> list[str]:
    if match.method:
        return [match.method]
    named = {other.method for other in matches if other.method}
    named |= {word for word in words if word.isalpha() and word.isupper()}
    fresh = next(name for name in ("PATCH", "PUT", "DELETE", "TRACE") if name not in named)
    return list(dict.fromkeys(["GET", "POST", *sorted(named), fresh]))


Chosen = tuple[tuple[str, str], ...]


def _headers(
    match: Match, matches: list[Match], asked: Literals, words: list[str]
) -> Iterator[Chosen]:
    own = [[(item.name, value) for value in _values(item)] for item in match.headers]
    taken = {item.name for item in match.headers}
    names = {item.name for other in matches for item in other.headers} | {
        name for name in asked.headers if re.fullmatch(r"[a-z0-9-]+", name)
    }
    free = []
    for name in sorted(names - taken):
        values = {
            value
            for other in matches
            for item in other.headers
            if item.name == name
            for value in _values(item)
        }
        if name in asked.headers:
            values |= {word for word in words if _usable_value(word)}
        ordered = sorted(values, key=lambda value: (len(value), value))
        free.append([None, *((name, value) for value in [*ordered, FRESH])])
    for fixed in product(*own):
        for extra in product(*free):
            yield (*fixed, *(pair for pair in extra if pair is not None))


def _usable_value(word: str) -> bool:
    return word.isprintable() and word.isascii()


def _values(condition: Condition) -> list[str]:
    if not condition.regex:
        return [condition.value]
    return [text for text in samples(condition.value) if text != condition.value] or [FRESH]


def _queries(match: Match, matches: list[Match], words: list[str]) -> Iterator[str]:
    own = "&".join(f"{item.name}={_values(item)[0]}" for item in match.query)
    yield own
    join = f"{own}&" if own else ""
    for other in matches:
        for item in other.query:
            if item.name not in {mine.name for mine in match.query}:
                yield f"{join}{item.name}={_values(item)[0]}"
    for word in words:
        if re.fullmatch(r"[\w/.:~-]+", word):
            yield f"{join}x={word}"
