"""Why this gateway, listener, route and rule: Envoy's choice in words, with what it left aside.

Precedence is Gateway API's: exact path, longest prefix, method, headers, query, then age. An
explanation is made for a trace only; the choice itself is the interpreter's.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from modelgate.topology.answers import Request, Step
from modelgate.topology.envoy import Entry, RouteTable, VirtualHost, by_age, matches
from modelgate.topology.graph import Topology
from modelgate.topology.hostnames import ANY, covers
from modelgate.topology.paths import normalize
from modelgate.topology.roles import role
from modelgate.topology.routes import Gateway, Listener, Match
from modelgate.topology.values import items, mapping, mappings, text
from modelgate.topology.ways import Way

MOST_OTHERS = 4
_REASONS = (
    "an exact path comes before a prefix, and a prefix before a regular expression",
    "a longer path comes first",
    "a match with a method comes first",
    "more header conditions come first",
    "more query conditions come first",
)


def entrance(
    topology: Topology, request: Request, way: Way, others: Sequence[Way]
) -> Iterator[Step]:
    """Address, gateway and listener; `others` are ways on gateways that could be meant too."""
    gateway = way.proxy.gateway
    yield Step("address", request.host, _address(topology, gateway))
    for other in others:
        end = f"{other.answer.outcome} {other.answer.status or ''}".rstrip()
        at = f"Gateway {other.proxy.gateway.key}"
        yield Step("address", at, f"would take this host too; there it is {end}")
    of = topology.class_controller(gateway) or "a controller that is not in view"
    kind = f"class {gateway.class_name} of {of}; {role(topology, gateway)}"
    yield Step("gateway", f"Gateway {gateway.key}", kind)
    if way.entry is not None:
        listener = way.entry.attachment.listener
        yield Step("listener", listener.name, _listener(listener, gateway))
    elif way.table is not None:
        for listener in way.table.listeners:
            yield Step("listener", listener.name, _listener(listener, gateway))
    else:
        yield Step("listener", "none", f"{way.answer.reason}; {_listening(gateway)}")


def _address(topology: Topology, gateway: Gateway) -> str:
    status = mapping(gateway.object.body.get("status"))
    known = [text(one.get("value")) for one in mappings(status.get("addresses"))]
    if known:
        return f"must lead to {', '.join(known)}, the address of Gateway {gateway.key}"
    for policy in topology.of("DNSPolicy"):
        target = mapping(policy.spec.get("targetRef"))
        place = (policy.namespace, text(target.get("name")))
        if place == (gateway.object.namespace, gateway.object.name):
            return f"{policy.ref} makes it lead to Gateway {gateway.key}"
    own = f"kubectl get gateway -n {gateway.object.namespace} {gateway.object.name}"
    return f"must lead to Gateway {gateway.key}, whose address is not in view: `{own}`"


def _listener(listener: Listener, gateway: Gateway) -> str:
    where = f"{listener.protocol} on port {listener.port}, hostname {listener.hostname or ANY}"
    if listener.protocol != "HTTPS":
        return f"{where}; no TLS: credentials travel in plain text"
    names, no_name = ", ".join(_certificates(listener, gateway)), "and no certificate is named"
    return f"{where}; TLS ends here, {f'with certificate {names}' if names else no_name}"


def _certificates(listener: Listener, gateway: Gateway) -> Iterator[str]:
    for item in mappings(gateway.object.spec.get("listeners")):
        if text(item.get("name")) == listener.name:
            for ref in mappings(mapping(item.get("tls")).get("certificateRefs")):
                namespace = text(ref.get("namespace")) or gateway.object.namespace
                yield f"Secret {namespace}/{text(ref.get('name'))}"


def _listening(gateway: Gateway) -> str:
    found = [
        f"{one.name} ({one.protocol} on port {one.port}, hostname {one.hostname or ANY})"
        for one in gateway.listeners
    ]
    return f"it listens with {', '.join(found)}" if found else "it has no listener"


def passed(request: Request, way: Way) -> Iterator[Step]:
    """The route that took the request, why it won, and what its rule makes of the path."""
    entry = way.entry
    if entry is None or way.table is None:
        return
    route = entry.attachment.route
    read = "" if normalize(request.path) == request.path else f"; Envoy reads {way.call.path}"
    yield Step("route", route.ref, f"{_rule(entry)}{_maker(entry)}{read}")
    found = way.table.possible(way.call.host)
    vhost = next((one for one in found if entry in one.entries), None)
    yield from _hostname(way.table, vhost, way.call.host)
    yield from _losers(way, vhost)
    if vhost is not None and not entry.rule.backends and not entry.rule.redirect:
        yield from _meant(vhost, way.call.path)
    if entry.rule.rewrite:
        path = forwarded(entry, way.call.path)
        yield Step("rewrite", route.ref, f"{entry.rule.rewrite}: the model sees {path}")
    for name in removed_headers(entry):
        yield Step("rewrite", route.ref, f"the header {name} is taken off and stays here")


def _rule(entry: Entry) -> str:
    name = f" ({entry.rule.name})" if entry.rule.name else ""
    empty = "" if entry.rule.backends or entry.rule.redirect else ", which has no backend"
    return f"rule {entry.rule.index}{name} match {entry.index}: {described(entry.match)}{empty}"


def described(match: Match) -> str:
    """A match as people write it."""
    asked = [f"{item.name}: {item.value}" for item in match.headers]
    asked += [f"?{item.name}={item.value}" for item in match.query]
    parts = [match.method, match.kind, match.path, *(["with", ", ".join(asked)] if asked else [])]
    return " ".join(part for part in parts if part)


def _maker(entry: Entry) -> str:
    maker = entry.attachment.route.object.derived_from
    return f"; made by a controller from {maker}" if maker else ""


def _hostname(table: RouteTable, vhost: VirtualHost | None, host: str) -> Iterator[Step]:
    wider = [name for name in table.vhosts if vhost and name != vhost.domain and covers(name, host)]
    if vhost is not None and wider:
        others = ", ".join(sorted(wider))
        why = f"only routes under {vhost.domain} are asked: it is nearer to {host} than {others}"
        yield Step("route", "hostname", why)


def _losers(way: Way, vhost: VirtualHost | None) -> Iterator[Step]:
    """Rules that match too; each route's first of a rank, since later ones lose to it."""
    winner = way.entry
    if vhost is None or winner is None:
        return
    others = [
        other
        for other in vhost.index.at(way.call.path)
        if other is not winner and matches(other.match, way.call)
    ]
    others.sort(key=lambda other: other.rank, reverse=True)
    for other in islice(others, MOST_OTHERS):
        why = f"{_rule(other)} matches too: {reason(winner, other)}"
        yield Step("route", other.attachment.route.ref, why)
    if len(others) > MOST_OTHERS:
        yield Step("route", "", f"{len(others) - MOST_OTHERS} more match too, with less")


def reason(winner: Entry, other: Entry) -> str:
    """Why `winner` comes before `other`: the first difference in Gateway API's precedence."""
    if not set(winner.services) & set(other.services):
        if other.takes_everything:
            return "a match of everything comes last"
        if len(by_age([*winner.services, *other.services])) == 1:
            return "a hostname in other words: which comes first is not known, the worse is told"
        return "the routes of a hostname in other words come later: none of them is older"
    for mine, its, why in zip(winner.rank, other.rank, _REASONS, strict=True):
        if mine != its:
            return why
    if winner.attachment.route is other.attachment.route:
        return "the earlier rule of a route comes first"
    if winner.age and other.age:
        return "the older route comes first, then the one whose name sorts first"
    return "the older route comes first, and which one is older is not known: the worse is told"


def forwarded(entry: Entry, path: str) -> str:
    """The path that the backend sees, by Gateway API's URLRewrite."""
    kind, _, value = entry.rule.rewrite.partition(" ")
    if kind == "ReplaceFullPath":
        return value or "/"
    if kind != "ReplacePrefixMatch" or entry.match.kind != "PathPrefix":
        return path
    rest = path[len(entry.match.path.rstrip("/")) :]
    return value.rstrip("/") + rest or "/"


def removed_headers(entry: Entry) -> Sequence[str]:
    """Names of the headers that the rule takes off."""
    rules = list(mappings(entry.attachment.route.object.spec.get("rules")))
    rule: Mapping[str, Any] = rules[entry.rule.index] if entry.rule.index < len(rules) else {}
    return [
        text(name)
        for item in mappings(rule.get("filters"))
        for name in items(mapping(item.get("requestHeaderModifier")).get("remove"))
    ]


def not_routed(topology: Topology, way: Way) -> Iterator[Step]:
    """Why no route took the request: what would, and what is not attached."""
    if way.table is None or way.entry is not None:
        return
    vhost = way.table.find(way.call.host)
    if vhost is None:
        names = ", ".join(sorted(way.table.vhosts)) or "none"
        why = f"no route has a hostname that covers {way.call.host}; known are {names}"
        yield Step("route", "none", why)
        return
    yield Step("route", "none", f"no rule matches {way.call.method} {way.call.path}")
    yield from _meant(vhost, way.call.path)
    yield from _detached(topology, way)


def _meant(vhost: VirtualHost, path: str) -> Iterator[Step]:
    """Paths that end as this one does, else some that are routed."""
    known = [entry.match.path for entry in vhost.entries if entry.rule.backends]
    ending = [one for one in known if one.endswith(path)] if path != "/" else []
    stems = [f"{one}{path}" for one in known if one.count("/") == 2]
    for one in islice(dict.fromkeys(ending or stems or known), MOST_OTHERS):
        yield Step("route", "", f"{one} is routed: the path of a model begins with its namespace")


def _detached(topology: Topology, way: Way) -> Iterator[Step]:
    for route, parent, why in topology.refused:
        here = f"{parent.namespace}/{parent.name}" == way.proxy.gateway.key
        if here and any(matches(match, way.call) for rule in route.rules for match in rule.matches):
            yield Step("route", route.ref, f"would match and is not attached: {why}")
