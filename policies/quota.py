"""Whether some limit surely applies to every caller on a way to a model: callers are tried out.

A limit applies when its `when` holds and its counters resolve; where either fails the filter lets
the request pass uncounted (Kuadrant/kuadrant-operator, issue 2152). `auth.identity` holds what
the AuthPolicy exports and nothing else.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, product
from typing import Any

from modelgate.topology import cel
from modelgate.topology.cel_syntax import CelSyntaxError, functions, parse
from modelgate.topology.conditions import Attributes
from modelgate.topology.effective import Effective
from modelgate.topology.routes import Match
from modelgate.topology.values import mapping, mappings, text
from policies.expressions import Chain, chain_of, chains, expressions, literals, reads
from policies.model_paths import ModelPath, caller, denies, entries, exported

SOMEBODY = "somebody-else"
MOST_IDENTITIES = 100
IDENTITY = ("auth", "identity")
WORD_TESTS = frozenset({"==", "!=", "in", "startsWith", "endsWith", "contains"}) | {
    "!",
    "&&",
    "||",
    "?:",
    "has",
}
PATH_TESTS = (str.__eq__, str.startswith, str.endswith, str.__contains__)

Identity = Mapping[str, str]
"""What limits read of a caller, by exported property."""


class Quota:
    """An AuthPolicy and the limits that are in force with it; one answer for each match."""

    def __init__(self, auth: Effective, limits: Sequence[Effective]) -> None:
        self.auth, self.limits = auth, limits
        self.sources = exported(auth)
        self.counting = any(True for limit in limits for _ in entries(limit, "limits"))
        parts: list[Any] = [part for limit in limits for part in _parts(limit)]
        self.parts = [*parts, [entry for _, entry, _ in entries(auth, "authorization")]]
        self.read = {chain for part in parts for chain in reads(part)}
        self.by_words = all(map(_by_words, expressions(self.parts)))
        self.words = {word for item in expressions(self.parts) for word in literals(item)}
        self.identities = list(islice(self._identities(), MOST_IDENTITIES)) if self.counting else []
        self.known: dict[object, str] = {}

    def unlimited(self, path: ModelPath) -> str:
        """A caller whom no limit counts, and why; empty where everybody is counted."""
        if not self.counting:
            return "no RateLimitPolicy or TokenRateLimitPolicy applies"
        requests = _requests(path.match)
        told_apart = tuple(
            test(sent, word) for sent in requests for word in self.words for test in PATH_TESTS
        )
        itself = "" if self.by_words else path.match.path
        key = (path.match.method, path.match.headers, itself, told_apart)
        if key not in self.known:
            self.known[key] = self._uncounted(path, requests)
        return self.known[key]

    def _uncounted(self, path: ModelPath, requests: Sequence[str]) -> str:
        for identity in self.identities:
            for sent in requests:
                seen = self._seen(caller(path, {}, sent), identity)
                counted = any(_applies(limit, seen.filter_env) for limit in self.limits)
                if not counted and not denies(self.auth, seen):
                    return self._not_exported() or self._said(path.match, sent, identity)
        return ""

    def _said(self, match: Match, sent: str, identity: Identity) -> str:
        values = ", ".join(f"{key} {value!r}" for key, value in identity.items())
        who = f" by a caller with {values}" if values else ""
        return f"no limit counts {match.method or 'POST'} {sent}{who}"

    def _not_exported(self) -> str:
        missing = sorted(self._properties() - self.sources.keys())
        if not missing:
            return ""
        names = ", ".join(f"auth.identity.{name}" for name in missing)
        where = ", ".join(self.auth.policies) or "no AuthPolicy"
        how = "response.success.filters.identity"
        return f"limits read {names}, which {where} does not export ({how})"

    def _properties(self) -> set[str]:
        return {chain[2] for chain in self.read if chain[:2] == IDENTITY and len(chain) > 2}

    def _identities(self) -> Iterator[Identity]:
        names = sorted(self._properties() & self.sources.keys())
        for values in product(*(self._values(name) for name in names)):
            yield dict(zip(names, values, strict=True))

    def _values(self, name: str) -> Sequence[str]:
        """What a property may be: a constant, or any text it is compared with, or another."""
        source = self.sources[name]
        if "value" in source:
            return [str(source["value"])]
        chain = _chain(source)
        constants = _constants(chain, self.auth)
        if constants:
            return constants
        same = {(*IDENTITY, name), chain}
        compared = (item for item in expressions(self.parts) if same & chains(item))
        return [SOMEBODY, *sorted({word for item in compared for word in literals(item)})]

    def _seen(self, request: Attributes, identity: Identity) -> Attributes:
        """`request` as the filter and Authorino see it when `identity` sends it."""
        tree: dict[str, Any] = {}
        for name, value in identity.items():
            chain = _chain(self.sources[name])
            if chain is not None and chain[:2] == IDENTITY and len(chain) > 2:
                _put(tree, chain[2:], value)
        known = {"identity": identity} if self.sources else {}
        return Attributes(
            filter_env={**request.filter_env, "auth": known},
            authorino_env={**request.authorino_env, "auth": {"identity": tree}},
        )


def _by_words(expression: str) -> bool:
    """Whether paths that relate alike to its words get the same answer."""
    try:
        return functions(parse(expression)) <= WORD_TESTS
    except CelSyntaxError:
        return True


def _parts(limits: Effective) -> list[Any]:
    return [limits.when, *(entry for _, entry, _ in entries(limits, "limits"))]


def _applies(limits: Effective, env: cel.Env) -> bool:
    return _holds(limits.when, env) and any(
        _holds(entry.get("when"), env) and _counts(entry.get("counters"), env)
        for _, entry, _ in entries(limits, "limits")
    )


def _holds(conditions: Any, env: cel.Env) -> bool:
    return all(_value(item, "predicate", env) is True for item in mappings(conditions))


def _counts(counters: Any, env: cel.Env) -> bool:
    values = [_value(item, "expression", env) for item in mappings(counters)]
    return not any(isinstance(value, cel.CelError | cel.Unsure) for value in values)


def _value(item: Mapping[str, Any], key: str, env: cel.Env) -> Any:
    try:
        return cel.evaluate(parse(text(item.get(key))), env)
    except CelSyntaxError as error:
        return cel.CelError(str(error))


def _constants(chain: Chain | None, auth: Effective) -> Sequence[str]:
    """The values that every identity sets itself for a property; empty where one does not."""
    if chain is None or len(chain) != len(IDENTITY) + 1:
        return ()
    found = []
    for _, entry, _ in entries(auth, "authentication"):
        override = mapping(mapping(entry.get("overrides")).get(chain[2]))
        if "value" not in override:
            return ()
        found.append(str(override["value"]))
    return found


def _chain(source: Mapping[str, Any]) -> Chain | None:
    return chain_of(text(source.get("expression"))) or next(iter(reads(source)), None)


def _requests(match: Match) -> list[str]:
    """Paths of this match that serve completions, as clients may write them."""
    if match.kind == "Exact":
        stems = [match.path]
    elif match.kind == "PathPrefix":
        stem = match.path.rstrip("/")
        stems = [f"{stem}/v1/chat/completions", f"{stem}/v1/chat%2Fcompletions"]
        stems += [match.path] if "/v1/" in match.path else []
    else:
        stems = ["/v1/chat/completions"]
    return [f"{stem}{query}" for stem in stems for query in ("", "?x=1")]


def _put(tree: dict[str, Any], chain: Chain, value: str) -> None:
    for part in chain[:-1]:
        below = tree.setdefault(part, {})
        if not isinstance(below, dict):
            return
        tree = below
    tree.setdefault(chain[-1], value)
