"""Rules that go through a picker, as Istio names them in Envoy, and the cluster of their picker.

Sources: istio/istio, pilot/pkg/config/kube/gateway/conversion.go (names of routes) and
pilot/pkg/model (BuildSubsetKey: names of clusters).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from modelgate.topology import Analysis, Object
from modelgate.topology.derive.merge import either
from modelgate.topology.routes import Route, Rule
from modelgate.topology.values import mapping, number, text

POOL = "InferencePool"
PICKER_PORT = 9002


@dataclass(frozen=True, slots=True, eq=False)
class EnvoyRoute:
    """A rule of a route on a gateway, under its name in Envoy."""

    gateway: str
    route: Route
    rule: Rule
    name: str
    known_pools: Mapping[tuple[str, str, str], Object]

    @property
    def to_pool(self) -> bool:
        return any(backend.kind == POOL for backend in self.rule.backends)

    @property
    def pools(self) -> Iterator[Object]:
        """The pools in view to which it leads."""
        for backend in self.rule.backends:
            place = (backend.group, backend.namespace, backend.name)
            if backend.kind == POOL and place in self.known_pools:
                yield self.known_pools[place]

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
    found = analysis.topology.of(POOL)
    pools = {(pool.group, pool.namespace, pool.name): pool for pool in found}
    for key, attachments in analysis.topology.attachments.items():
        for route in dict.fromkeys(attachment.route for attachment in attachments):
            for rule in route.rules:
                name = rule.name if kept and rule.name else _numbered(route, rule)
                yield EnvoyRoute(key, route, rule, name, pools)


def _numbered(route: Route, rule: Rule) -> str:
    return f"{route.object.namespace}.{route.object.name}.{rule.index}"


def _picker(pool: Object) -> Mapping[str, Any]:
    return mapping(either(pool.spec.get("endpointPickerRef"), pool.spec.get("extensionRef")))


def _cluster(pool: Object) -> str:
    picker = _picker(pool)
    port = number(mapping(picker.get("port")).get("number", picker.get("portNumber")), PICKER_PORT)
    return f"outbound|{port}||{text(picker.get('name'))}.{pool.namespace}.svc"
