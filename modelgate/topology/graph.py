"""The objects as a graph: gateways, routes, policies, and what attaches to what.

Two attachments are kept apart because they disagree, and there the doors are: `served` is what
the gateway controller programs into Envoy (Gateway API), `kuadrant_paths` is what Kuadrant's
topology sees (policy-machinery: no port, no allowedRoutes, hostnames one way only).
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from modelgate.topology import hostnames
from modelgate.topology.effective import (
    AUTH_POLICY,
    LIMIT_POLICIES,
    Policy,
    by_target,
    read_policy,
)
from modelgate.topology.objects import Object
from modelgate.topology.routes import (
    GATEWAY_API,
    Gateway,
    Listener,
    Parent,
    Route,
    Rule,
    read_gateway,
    read_route,
)
from modelgate.topology.settings import Settings
from modelgate.topology.unknown import deciding
from modelgate.topology.values import labels, selected_by, selects, text

ROUTE_KINDS = ("HTTPRoute", "GRPCRoute")
PROTOCOLS = {"TLSRoute": ("TLS",), "TCPRoute": ("TCP", "TLS"), "UDPRoute": ("UDP",)}
"""Protocols of the listeners to which a route attaches; HTTP and HTTPS for the others."""
KUADRANT = "kuadrant.io"
NAME_LABEL = "kubernetes.io/metadata.name"
"""The label that the API server gives to every Namespace."""


@dataclass(frozen=True, slots=True, eq=False)
class Attachment:
    """A route on a listener as Envoy serves it. `doubt` says why that is not certain."""

    gateway: Gateway
    listener: Listener
    route: Route
    hostnames: tuple[str, ...]
    doubt: str = ""


@dataclass(slots=True)
class Topology:
    """Everything that is in view, indexed; made by `build`, read by judge, trace and rules."""

    objects: tuple[Object, ...]
    settings: Settings
    gateways: dict[str, Gateway] = field(default_factory=dict)
    routes: list[Route] = field(default_factory=list)
    auth_policies: list[Policy] = field(default_factory=list)
    limit_policies: list[Policy] = field(default_factory=list)
    auth_at: dict[tuple[str, str], list[Policy]] = field(default_factory=dict)
    limits_at: dict[tuple[str, str], list[Policy]] = field(default_factory=dict)
    by_kind: dict[str, list[Object]] = field(default_factory=dict)
    by_name: dict[tuple[str, str, str], list[Object]] = field(default_factory=dict)
    children: dict[str, list[tuple[Parent, Route]]] = field(default_factory=dict)
    attachments: dict[str, list[Attachment]] = field(default_factory=dict)
    refused: list[tuple[Route, Parent, str]] = field(default_factory=list)
    unknowns: dict[str, list[str]] = field(default_factory=dict)

    def of(self, *kinds: str) -> list[Object]:
        """All objects of these kinds, in the order in which they were given."""
        return [obj for kind in kinds for obj in self.by_kind.get(kind, ())]

    def find(self, kind: str, namespace: str, name: str, group: str | None = None) -> Object | None:
        found = self.by_name.get((kind, namespace, name), ())
        return next((obj for obj in found if group in (None, obj.group)), None)

    def namespace_labels(self, namespace: str) -> dict[str, str] | None:
        """The labels of a namespace; None where it is not in view."""
        for obj in self.by_kind.get("Namespace", ()):
            if obj.name == namespace:
                own = labels(obj.metadata.get("labels"))
                return {NAME_LABEL: namespace, **own}
        return None

    def class_controller(self, gateway: Gateway) -> str | None:
        """The controller of the gateway's class; None where the class is not in view."""
        for obj in self.by_kind.get("GatewayClass", ()):
            if obj.name == gateway.class_name:
                return text(obj.spec.get("controllerName"))
        return None

    def parents(self, route: Route) -> Iterator[tuple[Parent, Gateway]]:
        for parent in route.parents:
            gateway = self.gateways.get(f"{parent.namespace}/{parent.name}")
            if gateway and parent.kind == "Gateway" and parent.group == GATEWAY_API:
                yield parent, gateway


def build(objects: Sequence[Object], settings: Settings) -> Topology:
    """The topology of `objects` (declared and derived). Never fails on their content."""
    topology = Topology(tuple(objects), settings)
    kinds: dict[str, list[Object]] = defaultdict(list)
    for obj in objects:
        kinds[obj.kind].append(obj)
        topology.by_name.setdefault((obj.kind, obj.namespace, obj.name), []).append(obj)
    topology.by_kind = dict(kinds)
    for obj in _of_group(kinds, "Gateway", GATEWAY_API):
        topology.gateways[f"{obj.namespace}/{obj.name}"] = read_gateway(obj)
    for kind in ROUTE_KINDS:
        topology.routes += [read_route(obj) for obj in _of_group(kinds, kind, GATEWAY_API)]
    topology.auth_policies = _policies(kinds, AUTH_POLICY)
    topology.limit_policies = [item for kind in LIMIT_POLICIES for item in _policies(kinds, kind)]
    topology.auth_at = by_target(topology.auth_policies)
    topology.limits_at = by_target(topology.limit_policies)
    if not all(route.created for route in topology.routes):
        # An order in which some ages are unknown is no order.
        topology.routes = [replace(route, created="") for route in topology.routes]
    _attach(topology)
    for obj in topology.objects:
        found = deciding(obj)
        if found:
            topology.unknowns[obj.ref] = found
    return topology


def _policies(kinds: dict[str, list[Object]], kind: str) -> list[Policy]:
    """The policies of a kind that take part: Kuadrant leaves out one that is being deleted."""
    found = _of_group(kinds, kind, KUADRANT)
    return [read_policy(obj) for obj in found if "deletionTimestamp" not in obj.metadata]


def _of_group(kinds: dict[str, list[Object]], kind: str, group: str) -> list[Object]:
    return [obj for obj in kinds.get(kind, ()) if obj.group == group]


def _attach(topology: Topology) -> None:
    attachments: dict[str, list[Attachment]] = defaultdict(list)
    children: dict[str, list[tuple[Parent, Route]]] = defaultdict(list)
    for route in topology.routes:
        for parent, gateway in topology.parents(route):
            children[gateway.key].append((parent, route))
            found = list(served(topology, route, parent, gateway))
            attachments[gateway.key] += found
            if not found:
                topology.refused.append((route, parent, _why_refused(topology, route, parent)))
    topology.attachments, topology.children = dict(attachments), dict(children)


def served(
    topology: Topology, route: Route, parent: Parent, gateway: Gateway
) -> Iterator[Attachment]:
    """Where Envoy serves `route` for one of its parents."""
    protocols = PROTOCOLS.get(route.object.kind, ("HTTP", "HTTPS"))
    for listener in _named(gateway, parent):
        allowed, doubt = _allows(topology, gateway, listener, route)
        if not allowed or listener.protocol not in protocols:
            continue
        hosts = served_hosts(listener, route)
        if hosts:
            yield Attachment(gateway, listener, route, hosts, doubt)


def _named(gateway: Gateway, parent: Parent) -> Iterator[Listener]:
    for listener in gateway.listeners:
        if parent.section in ("", listener.name) and parent.port in (0, listener.port):
            yield listener


def served_hosts(listener: Listener, route: Route) -> tuple[str, ...]:
    """The hostnames under which Envoy serves `route` on `listener` (Gateway API: both ways)."""
    if not route.hostnames:
        return (listener.hostname or hostnames.ANY,)
    found = (hostnames.intersect(listener.hostname, name) for name in route.hostnames)
    return tuple(dict.fromkeys(name for name in found if name is not None))


def kuadrant_hosts(listener: Listener, route: Route) -> tuple[str, ...]:
    """The hostnames of the action sets: route hostnames inside the listener's, one way only.

    kuadrant-operator `internal/gatewayapi/utils.go`; empty where the path is silently skipped.
    """
    if not route.hostnames:
        return (listener.hostname or hostnames.ANY,)
    return tuple(name for name in route.hostnames if hostnames.covers(listener.hostname, name))


def _allows(
    topology: Topology, gateway: Gateway, listener: Listener, route: Route
) -> tuple[bool, str]:
    if listener.kinds is not None and route.object.kind not in listener.kinds:
        return False, ""
    namespace = route.object.namespace
    match listener.allow_from:
        case "All":
            return True, ""
        case "Same":
            return namespace == gateway.object.namespace, ""
        case "Selector":
            known = topology.namespace_labels(namespace)
            if known is None and selected_by(listener.selector) <= {NAME_LABEL}:
                known = {NAME_LABEL: namespace}
            if known is not None:
                return selects(listener.selector, known), ""
            doubt = f"Namespace {namespace} is not in view: its labels decide whether routes attach"
            return True, doubt
    return False, ""


def _why_refused(topology: Topology, route: Route, parent: Parent) -> str:
    gateway = topology.gateways[f"{parent.namespace}/{parent.name}"]
    named = list(_named(gateway, parent))
    if not named:
        return "no listener has that sectionName and port"
    if not any(_allows(topology, gateway, listener, route)[0] for listener in named):
        return "NotAllowedByListeners: allowedRoutes does not admit this namespace or kind"
    return "NoMatchingListenerHostname: no hostname of the route meets one of a listener"


def kuadrant_paths(
    topology: Topology, gateway: Gateway
) -> Iterator[tuple[Listener, Route, Rule, tuple[str, ...]]]:
    """Every path that Kuadrant sees below `gateway`, with the hostnames of its action sets."""
    for parent, route in topology.children.get(gateway.key, ()):
        for listener in gateway.listeners:
            if parent.section not in ("", listener.name):
                continue
            hosts = kuadrant_hosts(listener, route)
            for rule in route.rules if hosts else ():
                yield listener, route, rule, hosts
