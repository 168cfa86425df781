"""Which policy Kuadrant's filter applies: the second phase, with its own idea of routes.

Semantics: kuadrant-operator 1.5.2 (`internal/wasm/utils.go`, `internal/gatewayapi/types.go`) and
the selection code of wasm-shim 0.14.1, executed. The filter compares the Host up to its first
colon, takes the nearest hostname's list over all listeners and ports, and the first action set
whose predicates hold. Where only map order decides, every winner is possible.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import re2

from modelgate.topology import cel, hostnames, presence
from modelgate.topology.authorino import Say, Word, ask, dropped
from modelgate.topology.cel_syntax import CelSyntaxError, parse
from modelgate.topology.conditions import ANY_REQUEST
from modelgate.topology.effective import Effective, effectives, limits_apply
from modelgate.topology.envoy import Call
from modelgate.topology.graph import Topology, kuadrant_paths
from modelgate.topology.paths import PathIndex
from modelgate.topology.routes import Condition, Gateway, Listener, Match, Route, Rule
from modelgate.topology.settings import Behaviour

_KINDS = {"Exact": 0, "RegularExpression": 1, "PathPrefix": 2}


@dataclass(frozen=True, slots=True)
class Auth:
    """The auth action of a path under one order of policies; `dropped` says why it is left out."""

    effective: Effective
    dropped: str
    always: Word

    @property
    def strict(self) -> bool:
        """Whether it refuses every request without credentials, whatever the request is."""
        sure = self.always.say is Say.REFUSES and self.always.status in (401, 403)
        return not self.dropped and not self.effective.when and sure


@dataclass(frozen=True, slots=True, eq=False)
class ActionSet:
    """One entry of the filter's configuration: the predicates of one match, and its action.

    `auths` holds one action per possible order of policies; it is empty where only limits apply.
    `order` is the sort key; equal keys are in no determined order.
    """

    listener: Listener
    route: Route
    rule: Rule
    index: int
    match: Match
    auths: tuple[Auth, ...]
    complete: bool
    limited: bool
    order: tuple[int, int, bool, int, int, str]

    @property
    def strict(self) -> bool:
        return self.complete and bool(self.auths) and all(auth.strict for auth in self.auths)


@dataclass(slots=True)
class HostList:
    """The action sets of one hostname, found by path."""

    hostname: str
    sets: list[ActionSet] = field(default_factory=list)
    index: PathIndex[ActionSet] = field(default_factory=PathIndex)

    @property
    def strict(self) -> bool:
        return all(item.strict for item in self.sets)


@dataclass(slots=True)
class Filter:
    """Kuadrant's filter on one gateway. `broken` says why it fails.

    `absent` says why there is none, `remedy` the way out of that.
    """

    hosts: dict[str, HostList] = field(default_factory=dict)
    absent: str = ""
    remedy: str = ""
    broken: str = ""
    doubt: str = ""

    def find(self, host: str, behaviour: Behaviour) -> HostList | None:
        """The list that a Host header selects: cut at the first colon, case kept where it is."""
        name = host.partition(":")[0] if behaviour.first_colon_cut else hostnames.envoy_host(host)
        if not behaviour.host_case_sensitive:
            name = name.lower()
        nearest = hostnames.nearest(self.hosts.keys(), name)
        return None if nearest is None else self.hosts[nearest]


def configure(topology: Topology, gateway: Gateway, behaviour: Behaviour) -> Filter:
    """The filter that Kuadrant writes for `gateway`."""
    result = Filter()
    result.absent, result.remedy = presence.absent(topology, gateway)
    if not result.absent:
        result.doubt = presence.doubt(topology)
    builder = _Builder(topology, gateway, behaviour)
    for listener, route, rule, hosts in builder.paths():
        auths, complete, limited = builder.actions(listener, route, rule)
        if not limited and all(auth.dropped for auth in auths):
            continue
        for index, match in enumerate(rule.matches):
            order, asked = _order(match, route), _as_asked(match)
            item = ActionSet(listener, route, rule, index, asked, auths, complete, limited, order)
            result.broken = result.broken or _broken(asked)
            for hostname in hosts:
                listed = result.hosts.setdefault(hostname, HostList(hostname))
                listed.sets.append(item)
                listed.index.add(*_indexed(asked), item)
    return result


class _Builder:
    """Looks up and merges the policies of paths; merged results are shared between paths."""

    def __init__(self, topology: Topology, gateway: Gateway, behaviour: Behaviour) -> None:
        self.topology, self.gateway, self.behaviour = topology, gateway, behaviour
        self.merged: dict[tuple[int, ...], tuple[tuple[Auth, ...], bool]] = {}

    def paths(self) -> Iterator[tuple[Listener, Route, Rule, tuple[str, ...]]]:
        """Paths by their identity: of equal names the last one stays (policy-machinery PathID)."""
        found = {}
        for grpc in (False, True):
            for listener, route, rule, hosts in kuadrant_paths(self.topology, self.gateway):
                if route.is_grpc is grpc and (not grpc or self.behaviour.grpc_routes):
                    identity = (listener.name, route.key, rule_name(rule, self.behaviour))
                    found[identity] = (listener, route, rule, hosts)
        yield from found.values()

    def actions(
        self, listener: Listener, route: Route, rule: Rule
    ) -> tuple[tuple[Auth, ...], bool, bool]:
        """Auth actions, whether every order was tried, and whether limits act on the path."""
        places = targets(self.gateway, listener, route, rule, self.behaviour)
        levels = [self.topology.auth_at.get(place, []) for place in places]
        key = tuple(id(policy) for level in levels for policy in level)
        if key not in self.merged:
            possible, complete = effectives(levels)
            self.merged[key] = tuple(_auth(item) for item in possible), complete
        auths, complete = self.merged[key]
        limited = any(limits_apply(self.topology.limits_at.get(place, ())) for place in places)
        return auths, complete, limited


def rule_name(rule: Rule, behaviour: Behaviour) -> str:
    """The name by which a policy's sectionName addresses a rule, under the versions in force."""
    kept = behaviour.rule_names_kept and behaviour.rule_names_used
    return rule.name if kept and rule.name else f"rule-{rule.index + 1}"


def targets(
    gateway: Gateway, listener: Listener, route: Route, rule: Rule, behaviour: Behaviour
) -> tuple[tuple[str, str], ...]:
    """(target, section) of the policies on a path, from the gateway down to the rule."""
    key, name = f"Gateway {gateway.key}", rule_name(rule, behaviour)
    return (key, ""), (key, listener.name), (route.ref, ""), (route.ref, name)


def _auth(effective: Effective) -> Auth:
    return Auth(effective, dropped(effective), ask(effective, ANY_REQUEST))


def _order(match: Match, route: Route) -> tuple[int, int, bool, int, int, str]:
    """kuadrant-operator's order: a match without method comes before one with (types.go:88)."""
    kind, length = _specificity(match)
    return (
        _KINDS.get(kind, 3),
        -length,
        bool(match.method),
        -len(match.headers),
        -len(match.query),
        route.created,
    )


def _specificity(match: Match) -> tuple[str, int]:
    """Kind and length by which a match is sorted: a gRPC method not by what its predicate says.

    Source: kuadrant-operator, internal/wasm/utils.go, ConvertGRPCRouteMatchToHTTP.
    """
    asked = match.grpc
    if asked is None:
        return match.kind, len(match.path)
    both = bool(asked.service and asked.name)
    named = len("/".join(["", *filter(None, (asked.service, asked.name))]))
    if asked.regex and not asked.any:
        return "RegularExpression", named + (len("^$") if both else len("^"))
    return "Exact" if both else "PathPrefix", named


def _as_asked(match: Match) -> Match:
    """The match of which the filter's predicate is made (utils.go, predicateFromGRPCMethod)."""
    asked = match.grpc
    if asked is None or asked.any or (asked.service and not asked.regex):
        return match
    path = f"^/{asked.service or '[^/]+'}/{asked.name or '.*'}$"
    return replace(match, kind="RegularExpression", path=path)


def _indexed(match: Match) -> tuple[str, str]:
    if odd(match):
        return "RegularExpression", match.path
    return match.kind, match.path


def _values(match: Match) -> Iterator[str]:
    yield match.path
    yield match.method
    for condition in (*match.headers, *match.query):
        yield condition.name
        yield condition.value


def odd(match: Match) -> bool:
    """Whether a value changes the predicate into which kuadrant-operator pastes it unescaped."""
    return any("'" in value or "\\" in value for value in _values(match))


def predicates(match: Match) -> list[str]:
    """The predicates as kuadrant-operator writes them (`internal/wasm/utils.go`)."""
    found = [f"request.method == '{match.method}'"] if match.method else []
    if match.kind == "Exact":
        found.append(f"request.url_path == '{match.path}'")
    elif match.kind == "PathPrefix":
        found.append(f"request.url_path.startsWith('{match.path}')")
    else:
        found.append(f"request.url_path.matches('{match.path}')")
    found += [
        f"request.headers.exists(h, h.lowerAscii() == '{item.name}' && "
        f"request.headers[h] == '{item.value}')"
        for item in match.headers
    ]
    return found


def _broken(match: Match) -> str:
    if not odd(match):
        return ""
    for predicate in predicates(match):
        try:
            parse(predicate)
        except CelSyntaxError:
            return f"the filter's configuration does not compile: {predicate}"
    return ""


def selects(item: ActionSet, call: Call, env: cel.Env, behaviour: Behaviour) -> bool | None:
    """Whether the predicates of `item` hold for `call`; None where they fail (500, closed)."""
    holds = _by_text(item.match, env) if odd(item.match) else _natively(item.match, call)
    if not holds or not item.match.query:
        return holds
    if behaviour.query_match_answers_500:
        return None
    return all(_equals(condition, call.query) for condition in item.match.query)


def _natively(match: Match, call: Call) -> bool:
    if match.method and match.method != call.method:
        return False
    if match.kind == "Exact":
        path = call.path == match.path
    elif match.kind == "PathPrefix":
        path = call.path.startswith(match.path)
    else:
        path = _search(match.path, call.path)
    return path and all(_equals(condition, call.headers) for condition in match.headers)


def _equals(condition: Condition, values: Mapping[str, str]) -> bool:
    return values.get(condition.name) == condition.value


def _search(pattern: str, value: str) -> bool:
    try:
        return re2.search(pattern, value) is not None
    except re2.error:
        return False


def _by_text(match: Match, env: cel.Env) -> bool:
    return all(cel.evaluate(parse(predicate), env) is True for predicate in predicates(match))


def winners(
    listed: HostList, call: Call, env: cel.Env, behaviour: Behaviour
) -> list[ActionSet | None]:
    """The action sets that may act on `call`; None stands for a predicate that fails.

    Empty where no set holds. Several where only map order decides between equal sort keys.
    """
    found: list[ActionSet | None] = []
    order: object = None
    for item in sorted(listed.index.at(call.path), key=lambda each: each.order):
        if found and item.order != order:
            break
        answer = selects(item, call, env, behaviour)
        if answer is not False:
            found.append(item if answer else None)
            order = item.order
    return found
