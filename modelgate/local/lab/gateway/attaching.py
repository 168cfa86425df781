"""Which routes a listener takes: its own rules and the route's references decide, no status does.

Source: Gateway API 1.4 (allowedRoutes, parentRefs) as istio/istio 1.28 reads it,
pilot/pkg/config/kube/gateway/conversion.go.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from modelgate.local.lab.gateway.hostnames import intersection
from modelgate.local.lab.gateway.world import GATEWAY_API, Body, World, selects


@dataclass(frozen=True)
class Listener:
    """One listener of one Gateway."""

    gateway: Body
    spec: Body

    @property
    def namespace(self) -> str:
        return str(self.gateway["metadata"]["namespace"])

    @property
    def owner(self) -> str:
        """`namespace/name` of its Gateway."""
        return f"{self.namespace}/{self.gateway['metadata']['name']}"

    @property
    def name(self) -> str:
        return str(self.spec["name"])

    @property
    def hostname(self) -> str:
        return str(self.spec.get("hostname", "*"))

    @property
    def port(self) -> int:
        return int(self.spec["port"])


def listeners_of(gateway: Body) -> list[Listener]:
    return [Listener(gateway, spec) for spec in gateway["spec"]["listeners"]]


def attached(listener: Listener, world: World) -> Iterator[Body]:
    """The HTTPRoutes and GRPCRoutes of `listener`, the oldest first."""
    routes = [*world.of("HTTPRoute"), *world.of("GRPCRoute")]
    for route in sorted(routes, key=_age):
        if (
            any(refers(reference, route, listener) for reference in _parents(route))
            and admits(listener, route, world)
            and shares_a_hostname(listener, route)
        ):
            yield route


def _age(route: Body) -> tuple[str, str, str]:
    metadata = route["metadata"]
    return metadata.get("creationTimestamp", ""), metadata["namespace"], metadata["name"]


def _parents(route: Body) -> list[Body]:
    return list(route["spec"].get("parentRefs", ()))


def refers(reference: Body, route: Body, listener: Listener) -> bool:
    """Whether a parentRef of `route` names this listener, by section and port where it has them."""
    namespace = reference.get("namespace", route["metadata"]["namespace"])
    return (
        reference.get("group", GATEWAY_API) == GATEWAY_API
        and reference.get("kind", "Gateway") == "Gateway"
        and f"{namespace}/{reference['name']}" == listener.owner
        and reference.get("sectionName", listener.name) == listener.name
        and int(reference.get("port", listener.port)) == listener.port
    )


def shares_a_hostname(listener: Listener, route: Body) -> bool:
    names: Sequence[str] = route["spec"].get("hostnames") or ["*"]
    return any(intersection(listener.hostname, name) for name in names)


def admits(listener: Listener, route: Body, world: World) -> bool:
    """Whether `allowedRoutes` takes the route's kind and namespace."""
    allowed = listener.spec.get("allowedRoutes", {})
    kinds = allowed.get("kinds") or [{"kind": "HTTPRoute"}, {"kind": "GRPCRoute"}]
    if not any(
        each["kind"] == route["kind"] and each.get("group", GATEWAY_API) == GATEWAY_API
        for each in kinds
    ):
        return False
    namespaces, place = allowed.get("namespaces", {}), route["metadata"]["namespace"]
    match namespaces.get("from", "Same"):
        case "All":
            return True
        case "Same":
            return bool(place == listener.namespace)
        case "Selector":
            return selects(namespaces.get("selector", {}), world.labels_of_namespace(place))
        case _:
            return False
