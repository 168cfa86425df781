"""Rules that go through a picker, as Istio names them in Envoy, and the cluster of their picker.

Sources: istio/istio, pilot/pkg/config/kube/gateway/conversion.go (names of routes) and
pilot/pkg/model (BuildSubsetKey: names of clusters).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from modelgate.topology import Analysis, Object
from modelgate.topology.graph import Topology
from modelgate.topology.routes import Backend, Route, Rule
from modelgate.topology.values import mapping, number, text

POOL = "InferencePool"
PICKER_PORT = 9002


@dataclass(frozen=True, slots=True, eq=False)
class EnvoyRoute:
    """A rule of a route on a gateway. `pools` are those in view to which it leads."""

    gateway: str
    route: Route
    rule: Rule
    name: str
    pools: tuple[Object, ...]

    @property
    def to_pool(self) -> bool:
        return any(backend.kind == POOL for backend in self.rule.backends)

    @property
    def clusters(self) -> frozenset[str]:
        """The clusters of its pickers, without the domain of the cluster's Services."""
        return frozenset(_cluster(pool) for pool in self.pools)

    @property
    def closed(self) -> bool:
        """Whether a pool of it shall answer nothing without its picker."""
        return any(_picker(pool).get("failureMode") == "FailClose" for pool in self.pools)


def envoy_routes(analysis: Analysis) -> Iterator[EnvoyRoute]:
    """Every rule of every route that a gateway in view serves, once for each gateway."""
    kept = analysis.world.behaviour.rule_names_kept
    for key, attachments in analysis.topology.attachments.items():
        for route in dict.fromkeys(attachment.route for attachment in attachments):
            for rule in route.rules:
                name = rule.name if kept and rule.name else _numbered(route, rule)
                yield EnvoyRoute(key, route, rule, name, _pools(analysis.topology, rule))


def _numbered(route: Route, rule: Rule) -> str:
    return f"{route.object.namespace}.{route.object.name}.{rule.index}"


def _pools(topology: Topology, rule: Rule) -> tuple[Object, ...]:
    found = (_pool(topology, backend) for backend in rule.backends if backend.kind == POOL)
    return tuple(pool for pool in found if pool is not None)


def _pool(topology: Topology, backend: Backend) -> Object | None:
    return topology.find(POOL, backend.namespace, backend.name, backend.group)


def _picker(pool: Object) -> dict[str, object]:
    return dict(mapping(pool.spec.get("endpointPickerRef") or pool.spec.get("extensionRef")))


def _cluster(pool: Object) -> str:
    picker = _picker(pool)
    port = number(mapping(picker.get("port")).get("number", picker.get("portNumber")), PICKER_PORT)
    return f"outbound|{port}||{text(picker.get('name'))}.{pool.namespace}.svc"
