"""A second judge, naive on purpose: it only answers requests, the plainest way there is.

Written from the executed semantics and not from the first judge, of which it shares nothing but
the objects. It knows HTTP listeners, HTTPRoutes with exact and prefix paths, methods and exact
headers, AuthPolicies with keys and anonymous identities, and a few predicates; nothing else.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations, product
from typing import Any, NamedTuple

from modelgate.topology import Object

Manifest = Mapping[str, Any]


@dataclass(frozen=True)
class Asked:
    gateway: str
    port: int
    host: str
    method: str
    path: str
    headers: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Routed:
    """Where Envoy sends a request: the match that it takes."""

    listener: str
    route: str
    rule: int
    match: int


class Taken(NamedTuple):
    """A match that takes a request: its rank in its list, its route, its place."""

    rank: tuple[Any, ...]
    key: str
    where: Routed
    everything: bool


class Naive:
    """All answers to one request on one set of objects."""

    def __init__(self, objects: Sequence[Object], ignores_case: bool) -> None:
        bodies = [obj.body for obj in objects]
        self.gateways = {_key(body): body for body in bodies if body["kind"] == "Gateway"}
        self.routes = [body for body in bodies if body["kind"] == "HTTPRoute"]
        self.policies = [body for body in bodies if body["kind"] == "AuthPolicy"]
        self.ignores_case = ignores_case
        self.sets = {key: list(self._action_sets(key)) for key in self.gateways}

    def gets_in(self, asked: Asked) -> set[Routed]:
        """The matches by which `asked` may reach its backend without credentials."""
        routed = self.routed(asked)
        if not routed or not self._passes(asked):
            return set()
        return routed

    # Envoy

    def routed(self, asked: Asked) -> set[Routed]:
        """Hostnames in other words are other lists, whose order is not known without ages."""
        found: dict[str, dict[Any, list[Taken]]] = {}
        for listener, route in self._attached(asked.gateway):
            if listener["port"] != asked.port:
                continue
            for domain, declared in _domains(listener, route):
                lists = found.setdefault(domain, {})
                for index, number, match in _matches(route):
                    where = Routed(listener["name"], _key(route), index, number)
                    if _envoy_takes(match, asked):
                        taken = Taken(_envoy_rank(match), _key(route), where, _everything(match))
                        lists.setdefault((listener["name"], declared), []).append(taken)
        nearest = _nearest(list(found), _envoy_name(asked.host))
        first = [_first(taken) for taken in found.get(nearest or "", {}).values()]
        some = [one for ones in first for one in ones if not one.everything]
        return {one.where for one in some or [one for ones in first for one in ones]}

    def _attached(self, gateway: str) -> Iterator[tuple[Manifest, Manifest]]:
        for route in self.routes:
            for parent in route["spec"]["parentRefs"]:
                if f"{parent['namespace']}/{parent['name']}" == gateway:
                    for listener in self.gateways[gateway]["spec"]["listeners"]:
                        if parent.get("sectionName", listener["name"]) == listener["name"]:
                            yield listener, route

    # The filter

    def _passes(self, asked: Asked) -> bool:
        sets = self.sets[asked.gateway]
        name = asked.host.split(":")[0]
        if self.ignores_case:
            name = name.lower()
        host = _nearest([item["host"] for item in sets], name)
        held = [it for it in sets if it["host"] == host and it["holds"](asked)]
        first = min((item["order"] for item in held), default=None)
        acting = [item for item in held if item["order"] == first]
        if not acting:
            return True
        return any(_lets_in(rules, asked) for item in acting for rules in item["effective"])

    def _action_sets(self, gateway: str) -> Iterator[dict[str, Any]]:
        paths: dict[tuple[str, str, str], tuple[Manifest, Manifest, int]] = {}
        for listener, route in self._attached(gateway):
            for index, rule in enumerate(route["spec"]["rules"]):
                name = rule.get("name", f"rule-{index + 1}")
                paths[listener["name"], _key(route), name] = (listener, route, index)
        for (section, route_key, name), (listener, route, index) in paths.items():
            levels = [
                self._of("Gateway", gateway, None),
                self._of("Gateway", gateway, section),
                self._of("HTTPRoute", route_key, None),
                self._of("HTTPRoute", route_key, name),
            ]
            effective = list(_effective(levels))
            if not effective:
                continue
            for at, _, match in _matches(route):
                for host in _filter_hosts(listener, route) if at == index else ():
                    yield {
                        "host": host,
                        "order": _filter_order(match),
                        "holds": _filter_holds(match),
                        "effective": effective,
                    }

    def _of(self, kind: str, key: str, section: str | None) -> list[Manifest]:
        return [
            policy
            for policy in self.policies
            if (target := policy["spec"]["targetRef"])["kind"] == kind
            and f"{policy['metadata']['namespace']}/{target['name']}" == key
            and target.get("sectionName") == section
        ]


def _key(body: Manifest) -> str:
    return f"{body['metadata']['namespace']}/{body['metadata']['name']}"


def _matches(route: Manifest) -> Iterator[tuple[int, int, Manifest]]:
    for index, rule in enumerate(route["spec"]["rules"]):
        for number, match in enumerate(rule["matches"]):
            yield index, number, match


# Hostnames


def _within(pattern: str, name: str) -> bool:
    """Whether the hostname `name` (or wildcard) lies within `pattern`."""
    if pattern in ("*", name):
        return True
    return pattern.startswith("*.") and name != "*" and name.lstrip("*").endswith(pattern[1:])


def _domains(listener: Manifest, route: Manifest) -> list[tuple[str, str]]:
    """Each domain with the words in which the route declares it."""
    own = listener.get("hostname", "*")
    names = route["spec"].get("hostnames")
    if not names:
        return [(own, "*")]
    found = []
    for name in names:
        if _within(own, name):
            found.append((name, name))
        elif _within(name, own):
            found.append((own, name))
    return found


def _first(taken: list[Taken]) -> list[Taken]:
    """The first of each route among those of the best rank."""
    best = max(one.rank for one in taken)
    first: dict[str, Taken] = {}
    for one in taken:
        if one.rank == best:
            first.setdefault(one.key, one)
    return list(first.values())


def _everything(match: Manifest) -> bool:
    others = match.get("method") or match.get("headers")
    return match["path"] == {"type": "PathPrefix", "value": "/"} and not others


def _filter_hosts(listener: Manifest, route: Manifest) -> list[str]:
    own = listener.get("hostname", "*")
    names = route["spec"].get("hostnames")
    return [name for name in names if _within(own, name)] if names else [own]


def _envoy_name(host: str) -> str:
    head, colon, tail = host.rpartition(":")
    return (head if colon and tail.isdigit() else host).lower()


def _nearest(domains: list[str], name: str) -> str | None:
    if name in domains and "*" not in name:
        return name
    wild = [domain for domain in domains if domain.startswith("*.") and name.endswith(domain[1:])]
    if wild:
        return max(wild, key=len)
    return "*" if "*" in domains else None


# Matches


def _envoy_takes(match: Manifest, asked: Asked) -> bool:
    want, path = match["path"]["value"], asked.path.split("?")[0]
    if match["path"]["type"] == "Exact":
        fits = path == want
    else:
        stem = want.rstrip("/")
        fits = path == stem or path.startswith(stem + "/")
    return fits and _rest_holds(match, asked)


def _rest_holds(match: Manifest, asked: Asked) -> bool:
    if match.get("method", asked.method) != asked.method:
        return False
    sent = dict(asked.headers)
    return all(sent.get(item["name"]) == item["value"] for item in match.get("headers", ()))


def _envoy_rank(match: Manifest) -> tuple[Any, ...]:
    exact = match["path"]["type"] == "Exact"
    path = match["path"]["value"]
    length = len(path if exact or path == "/" else path.rstrip("/"))
    return exact, length, "method" in match, len(match.get("headers", ()))


def _filter_order(match: Manifest) -> tuple[Any, ...]:
    exact = match["path"]["type"] == "Exact"
    length = len(match["path"]["value"])
    return not exact, -length, "method" in match, -len(match.get("headers", ()))


def _filter_holds(match: Manifest) -> Callable[[Asked], bool]:
    want = match["path"]["value"]

    def holds(asked: Asked) -> bool:
        path = asked.path.split("?")[0]
        fits = path == want if match["path"]["type"] == "Exact" else path.startswith(want)
        return fits and _rest_holds(match, asked)

    return holds


# Policies

Rules = dict[str, Any]


def _effective(levels: list[list[Manifest]]) -> Iterator[Rules]:
    """What may be in force: one result for each order in which policies may have been made."""
    if not any(levels):
        return
    for orders in product(*(permutations(level) for level in levels)):
        from_top = [policy for level in orders for policy in level]
        rules = _content(from_top[-1])[0]
        for policy in reversed(from_top[:-1]):
            own, overrides, merge = _content(policy)
            if merge:
                rules = {**rules, **own} if overrides else {**own, **rules}
            elif overrides or not rules:
                rules = own
        yield rules


def _content(policy: Manifest) -> tuple[Rules, bool, bool]:
    spec = policy["spec"]
    block = spec.get("overrides") or spec.get("defaults") or spec
    found: Rules = {
        f"authentication {name}": entry
        for name, entry in block["rules"].get("authentication", {}).items()
    }
    if "response" in block["rules"]:
        found["response"] = block["rules"]["response"]
    if block.get("when"):
        found["when"] = block["when"]
    return found, "overrides" in spec, block.get("strategy") == "merge"


def _lets_in(rules: Rules, asked: Asked) -> bool:
    if not all(_true(item["predicate"], asked) for item in rules.get("when", ())):
        return True
    identities = [entry for name, entry in rules.items() if name.startswith("authentication ")]
    if not identities:
        return True
    return any(
        "anonymous" in entry
        and all(_true(item["predicate"], asked) for item in entry.get("when", ()))
        for entry in identities
    )


def _true(predicate: str, asked: Asked) -> bool:
    negated = predicate.startswith("!")
    text = predicate[2:-1] if negated else predicate
    words = re.findall(r"'([^']*)'", text)
    if text.startswith("request.path.startsWith("):
        value = asked.path.startswith(words[0])
    elif text.startswith("request.path.endsWith("):
        value = asked.path.endswith(words[0])
    elif text.startswith("request.method == "):
        value = asked.method == words[0]
    elif text.endswith(" in request.headers"):
        value = words[0] in dict(asked.headers)
    else:
        raise AssertionError(f"a predicate that is not known here: {predicate}")
    return value is not negated
