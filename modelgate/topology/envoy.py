"""Where Envoy routes a request: the first of three phases, kept apart from policies.

Istio's conversion: HTTP listeners of one port share their virtual hosts, an HTTPS listener has
its own, chosen by SNI. Only the nearest virtual host is asked. Routes that declare a hostname in
the same words become one VirtualService; in it the precedence is: Exact, then longest prefix, then
regular expression, method, headers, query, then age (pilot `mergeHTTPRoutes`, `sortHTTPRoutes`).
A virtual host has its VirtualServices one after another, the older first; only matches of
everything come behind all (pilot `buildGatewayHTTPRouteConfig`, `SortVHostRoutes`).
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import re2

from modelgate.topology import hostnames
from modelgate.topology.graph import Attachment, Topology
from modelgate.topology.paths import PathIndex, under
from modelgate.topology.routes import Condition, Gateway, Listener, Match, Rule

_KINDS = {"Exact": 3, "PathPrefix": 2, "RegularExpression": 1}


@dataclass(frozen=True, slots=True)
class Call:
    """A request after Envoy's normalisation: `path` without query, `query` as pairs."""

    host: str
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]


@dataclass(slots=True, eq=False)
class VirtualService:
    """What Istio makes of the routes that declare one hostname on one listener."""

    attachments: list[Attachment] = field(default_factory=list)

    @property
    def age(self) -> str:
        """That of its oldest route; empty where it is not known."""
        sure = all(one.route.created and not one.doubt for one in self.attachments)
        return min(one.route.created for one in self.attachments) if sure else ""


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One match of one rule on one listener: what Envoy compares a request with."""

    attachment: Attachment
    rule: Rule
    index: int
    match: Match
    rank: tuple[int, int, bool, int, int]
    services: tuple[VirtualService, ...]

    @property
    def age(self) -> str:
        return self.attachment.route.created

    @property
    def takes_everything(self) -> bool:
        match = self.match
        conditions = match.method or match.headers or match.query
        return match.kind == "PathPrefix" and match.path == "/" and not conditions


@dataclass(slots=True)
class VirtualHost:
    domain: str
    entries: list[Entry] = field(default_factory=list)
    index: PathIndex[Entry] = field(default_factory=PathIndex)

    def add(self, entry: Entry) -> None:
        self.entries.append(entry)
        self.index.add(entry.match.kind, entry.match.path, entry)

    def candidates(self, call: Call) -> list[Entry]:
        """The entries that may serve `call`: several where age or attachment is not known."""
        found = [entry for entry in self.index.at(call.path) if matches(entry.match, call)]
        services = list(dict.fromkeys(each for entry in found for each in entry.services))
        if len(services) == 1:
            return first_of(found)
        firsts = {
            service: first_of([entry for entry in found if service in entry.services])
            for service in services
        }
        result: list[Entry] = []
        for last in (False, True):
            for group in by_age(services):
                chosen = [
                    entry
                    for service in group
                    for entry in firsts[service]
                    if entry.takes_everything is last
                ]
                result += [entry for entry in dict.fromkeys(chosen) if entry not in result]
                if any(not entry.attachment.doubt for entry in chosen):
                    return result
        return result

    @property
    def certain(self) -> bool:
        """Whether some route surely attaches here, so that Envoy has this virtual host."""
        return any(not entry.attachment.doubt for entry in self.entries)


def first_of(found: list[Entry]) -> list[Entry]:
    """The entries of one VirtualService of which one comes first."""
    result: list[Entry] = []
    while found:
        best = max(entry.rank for entry in found)
        chosen = oldest([entry for entry in found if entry.rank == best])
        result += chosen
        if not all(entry.attachment.doubt for entry in chosen):
            break
        found = [entry for entry in found if entry not in chosen]
    return result


def by_age(services: list[VirtualService]) -> list[list[VirtualService]]:
    """In the order of a virtual host; together where their order is not known."""
    listeners = {id(one.listener) for service in services for one in service.attachments}
    if len(listeners) > 1 or not all(service.age for service in services):
        return [services]
    ages = sorted({service.age for service in services})
    return [[service for service in services if service.age == age] for age in ages]


def oldest(entries: list[Entry]) -> list[Entry]:
    """Of entries with one rank: one of each route (its first rule); the oldest route if known."""
    first: dict[int, Entry] = {}
    for entry in entries:
        key = id(entry.attachment.route)
        kept = first.get(key)
        if kept is None or (entry.rule.index, entry.index) < (kept.rule.index, kept.index):
            first[key] = entry
    chosen = list(first.values())
    if len(chosen) > 1 and all(entry.age for entry in chosen):
        return [min(chosen, key=lambda entry: (entry.age, entry.attachment.route.key))]
    return chosen


def matches(match: Match, call: Call) -> bool:
    """Whether Envoy's route for `match` takes `call`."""
    if match.method and match.method != call.method:
        return False
    if match.kind == "Exact":
        path = match.path == call.path
    elif match.kind == "PathPrefix":
        path = under(match.path, call.path)
    else:
        path = full(match.path, call.path)
    return (
        path
        and all(_holds(item, call.headers) for item in match.headers)
        and all(_holds(item, call.query) for item in match.query)
    )


def _holds(condition: Condition, values: Mapping[str, str]) -> bool:
    value = values.get(condition.name)
    if value is None:
        return False
    return full(condition.value, value) if condition.regex else value == condition.value


def full(pattern: str, value: str) -> bool:
    """Envoy's `safe_regex`: RE2 over the whole value; an invalid pattern matches nothing."""
    try:
        return re2.fullmatch(pattern, value) is not None
    except re2.error:
        return False


@dataclass(slots=True)
class RouteTable:
    """One RDS: the virtual hosts of an HTTP port, or of one HTTPS listener."""

    listeners: tuple[Listener, ...]
    vhosts: dict[str, VirtualHost] = field(default_factory=dict)

    def find(self, host: str) -> VirtualHost | None:
        """The virtual host for a Host header, as Envoy looks it up."""
        return next(self.possible(host), None)

    def possible(self, host: str) -> Iterator[VirtualHost]:
        """That virtual host, and the next ones as long as it is not known whether Envoy has it."""
        left = self.vhosts
        while (nearest := hostnames.nearest(left.keys(), hostnames.envoy_host(host))) is not None:
            yield self.vhosts[nearest]
            if self.vhosts[nearest].certain:
                return
            left = {domain: vhost for domain, vhost in left.items() if domain != nearest}


@dataclass(slots=True)
class Proxy:
    """The Envoy of one gateway: its route tables by port, and by listener for HTTPS."""

    gateway: Gateway
    http: dict[int, RouteTable] = field(default_factory=dict)
    https: dict[str, RouteTable] = field(default_factory=dict)

    def tables(self) -> Iterator[tuple[Listener, RouteTable]]:
        for listener in self.gateway.listeners:
            if listener.protocol == "HTTP" and listener.port in self.http:
                yield listener, self.http[listener.port]
            elif listener.name in self.https:
                yield listener, self.https[listener.name]

    def table(self, scheme: str, port: int, sni: str) -> RouteTable | None:
        """The table that serves a connection; None where no listener takes it."""
        if scheme == "http":
            return self.http.get(port)
        named = {
            listener.hostname or hostnames.ANY: listener
            for listener in reversed(self.gateway.listeners)
            if listener.protocol == "HTTPS" and listener.port == port
        }
        chosen = hostnames.nearest(named.keys(), sni.lower())
        return None if chosen is None else self.https.get(named[chosen].name)


def program(topology: Topology, gateway: Gateway) -> Proxy:
    """What the gateway controller programs into the Envoy of `gateway`."""
    proxy = Proxy(gateway)
    ports: dict[int, list[Listener]] = defaultdict(list)
    for listener in gateway.listeners:
        if listener.protocol == "HTTP":
            ports[listener.port].append(listener)
        elif listener.protocol == "HTTPS":
            proxy.https[listener.name] = RouteTable((listener,))
    proxy.http = {port: RouteTable(tuple(named)) for port, named in ports.items()}
    services: dict[tuple[str, str, str], VirtualService] = defaultdict(VirtualService)
    for attachment in topology.attachments.get(gateway.key, ()):
        listener = attachment.listener
        table = proxy.https.get(listener.name) or proxy.http[listener.port]
        for hostname, declared in declarations(attachment).items():
            keys = [(listener.name, attachment.route.object.kind, name) for name in declared]
            used = tuple(services[key] for key in keys)
            for service in used:
                service.attachments.append(attachment)
            vhost = table.vhosts.setdefault(hostname, VirtualHost(hostname))
            for entry in _entries(attachment, used):
                vhost.add(entry)
    return proxy


def declarations(attachment: Attachment) -> dict[str, list[str]]:
    """The hostnames that Envoy serves, each with the hostnames of the route that lead to it."""
    found: dict[str, list[str]] = {hostname: [] for hostname in attachment.hostnames}
    for name in attachment.route.hostnames or (hostnames.ANY,):
        served = hostnames.intersect(attachment.listener.hostname, name)
        if served in found:
            found[served].append(name)
    return found


def _entries(attachment: Attachment, services: tuple[VirtualService, ...]) -> Iterator[Entry]:
    for rule in attachment.route.rules:
        for index, match in enumerate(rule.matches):
            yield Entry(attachment, rule, index, match, rank(match), services)


def rank(match: Match) -> tuple[int, int, bool, int, int]:
    """Sorts the match that Envoy prefers last (Istio cuts a prefix's trailing slash first).

    A gRPC match without a method has no path in Istio's eyes, and comes after all that have one.
    """
    path = match.path.rstrip("/") or "/" if match.kind == "PathPrefix" else match.path
    anything = match.grpc is not None and match.grpc.any
    return (
        -1 if anything else _KINDS.get(match.kind, 0),
        0 if anything else len(path),
        bool(match.method),
        len(match.headers),
        len(match.query),
    )


def pairs(query: str) -> dict[str, str]:
    """Query parameters as Envoy reads them: the first of equal names counts, nothing decoded."""
    found: dict[str, str] = {}
    for part in query.split("&") if query else ():
        name, _, value = part.partition("=")
        found.setdefault(name, value)
    return found


def overlapping(vhost: VirtualHost, match: Match) -> Sequence[Entry]:
    """Entries of `vhost` whose path may meet that of `match`."""
    if match.kind == "RegularExpression":
        return vhost.entries
    stem = match.path if match.kind == "Exact" else match.path.rstrip("/")
    return list(vhost.index.near(stem, subtree=match.kind != "Exact"))
