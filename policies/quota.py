"""Whether some limit surely applies to every caller on a way to a model: callers are tried out.

A limit applies when its `when` holds and its counters resolve; where either fails the filter lets
the request pass uncounted (Kuadrant/kuadrant-operator, issue 2152). `auth.identity` holds what
the AuthPolicy exports and nothing else.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from modelgate.topology import cel
from modelgate.topology.cel_syntax import CelSyntaxError, parse
from modelgate.topology.conditions import Attributes, attributes
from modelgate.topology.effective import Effective
from modelgate.topology.values import mapping, mappings, text
from policies.expressions import HEADERS, Chain, chain_of, chains, expressions, literals, reads
from policies.model_paths import ModelPath, denies, entries, exported

SOMEBODY = "somebody-else"
MOST_CALLERS = 400
IDENTITY = ("auth", "identity")


@dataclass(frozen=True, slots=True)
class Caller:
    """One caller and request: what limits read of the identity, by property."""

    request: str
    known: Mapping[str, str]

    def __str__(self) -> str:
        values = ", ".join(f"{key} {value!r}" for key, value in self.known.items())
        return f"{self.request} by a caller with {values}" if values else self.request


def unlimited(path: ModelPath, auth: Effective, limits: Sequence[Effective]) -> str:
    """A caller whom no limit of `limits` counts, with the reason; empty where there is none."""
    if not any(True for limit in limits for _ in entries(limit, "limits")):
        return "no RateLimitPolicy or TokenRateLimitPolicy applies"
    silent = _not_exported(auth, limits)
    for caller, seen in _callers(path, auth, limits):
        if not any(_applies(limit, seen.filter_env) for limit in limits):
            return silent or f"no limit counts {caller}"
    return ""


def scope(path: ModelPath, auth: Effective, limits: Sequence[Effective]) -> object:
    """What of a match the answer of `unlimited` depends on."""
    if not limits:
        return None
    authorization = [entry for _, entry, _ in entries(auth, "authorization")]
    read = reads([authorization, *(_parts(limit) for limit in limits)])
    of_request = {chain[:2] for chain in read if chain[0] == "request"}
    return path.match if of_request - {HEADERS} else path.match.headers


def _not_exported(auth: Effective, limits: Sequence[Effective]) -> str:
    known = exported(auth)
    wanted = {
        chain[2]
        for limit in limits
        for chain in reads(_parts(limit))
        if chain[:2] == IDENTITY and len(chain) > 2
    }
    missing = sorted(wanted - known.keys())
    if not missing:
        return ""
    names = ", ".join(f"auth.identity.{name}" for name in missing)
    where = ", ".join(auth.policies) or "no AuthPolicy"
    return f"limits read {names}, which {where} does not export (response.success.filters.identity)"


def _parts(limits: Effective) -> list[Any]:
    return [limits.when, *(entry for _, entry, _ in entries(limits, "limits"))]


def _applies(limits: Effective, env: cel.Env) -> bool:
    if not _holds(limits.when, env):
        return False
    return any(
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


def _callers(
    path: ModelPath, auth: Effective, limits: Sequence[Effective]
) -> Iterator[tuple[Caller, Attributes]]:
    """Callers that authorization may let through, in the forms that limits may tell apart."""
    sources = exported(auth)
    read = {chain for limit in limits for chain in reads(_parts(limit))}
    names = sorted({chain[2] for chain in read if chain[:2] == IDENTITY and len(chain) > 2})
    known = [name for name in names if name in sources]
    choices = [_values(name, sources[name], auth, limits) for name in known]
    tried = 0
    for values in product(*choices):
        given = dict(zip(known, values, strict=True))
        for sent in _requests(path):
            tried += 1
            if tried > MOST_CALLERS:
                return
            seen = _seen(path, sent, given, sources)
            if not denies(auth, seen):
                yield Caller(f"{path.match.method or 'POST'} {sent}", given), seen


def _values(
    name: str, source: Mapping[str, Any], auth: Effective, limits: Sequence[Effective]
) -> Sequence[str]:
    """What a property may be: a constant, or any text that it is compared with, or another."""
    if "value" in source:
        return [str(source["value"])]
    constants = _constants(_chain(source), auth)
    if constants is not None:
        return constants
    authorization = [entry for _, entry, _ in entries(auth, "authorization")]
    same = {(*IDENTITY, name), _chain(source)}
    words = {
        word
        for part in (*(_parts(limit) for limit in limits), authorization)
        for expression in expressions(part)
        if same & chains(expression)
        for word in literals(expression)
    }
    return [SOMEBODY, *sorted(words)]


def _constants(chain: Chain | None, auth: Effective) -> Sequence[str] | None:
    """The values that every identity sets itself for a property; None where one does not."""
    if chain is None or len(chain) != len(IDENTITY) + 1:
        return None
    found = []
    for _, entry, _ in entries(auth, "authentication"):
        set_ = mapping(mapping(entry.get("overrides")).get(chain[2]))
        if "value" not in set_:
            return None
        found.append(str(set_["value"]))
    return found or None


def _chain(source: Mapping[str, Any]) -> Chain | None:
    return chain_of(text(source.get("expression"))) or next(iter(reads(source)), None)


def _requests(path: ModelPath) -> list[str]:
    """Paths of this match that serve completions, as clients may write them."""
    match = path.match
    if match.kind == "Exact":
        stems = [match.path]
    elif match.kind == "PathPrefix":
        stem = match.path.rstrip("/")
        stems = [f"{stem}/v1/chat/completions", f"{stem}/v1/chat%2Fcompletions"]
        stems += [match.path] if "/v1/" in match.path else []
    else:
        stems = ["/v1/chat/completions"]
    return [f"{stem}{query}" for stem in stems for query in ("", "?x=1")]


def _seen(
    path: ModelPath, sent: str, given: Mapping[str, str], sources: Mapping[str, Mapping[str, Any]]
) -> Attributes:
    match = path.match
    headers = {item.name: item.value for item in match.headers if not item.regex}
    host = path.door.hostname.replace("*", "x9", 1) or "model.example.net"
    plain = attributes(match.method or "POST", "https", host, sent, headers)
    identity: dict[str, Any] = {}
    for name, value in given.items():
        chain = _chain(sources[name])
        if chain is not None and chain[:2] == IDENTITY and len(chain) > 2:
            _put(identity, chain[2:], value)
    known = {"identity": dict(given)} if sources else {}
    return Attributes(
        filter_env={**plain.filter_env, "auth": known},
        authorino_env={**plain.authorino_env, "auth": {"identity": identity}},
    )


def _put(tree: dict[str, Any], chain: Chain, value: str) -> None:
    for part in chain[:-1]:
        below = tree.setdefault(part, {})
        if not isinstance(below, dict):
            return
        tree = below
    tree.setdefault(chain[-1], value)
