"""What a rule forwards to, and for a pool the question to its picker, exactly in Istio's shape.

Source: istio/istio 1.28, pilot/pkg/networking/core/route/route.go (ExtProcPerRoute: both bodies
FULL_DUPLEX_STREAMED, all headers and trailers sent) and pilot/pkg/xds/filters/filters.go
(InferencePoolExtProc, the stub of the listener).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from modelgate.local.lab.gateway.attaching import Listener
from modelgate.local.lab.gateway.clusters import Clusters, MissingError
from modelgate.local.lab.gateway.filters import header_changes
from modelgate.local.lab.gateway.world import INFERENCE, Body, Config, NotUnderstoodError, World

EXT_PROC: Final = "envoy.filters.http.ext_proc"
_TYPE: Final = "type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3"
_MODES: Final = {
    "request_header_mode": "SEND",
    "request_body_mode": "FULL_DUPLEX_STREAMED",
    "request_trailer_mode": "SEND",
    "response_header_mode": "SEND",
    "response_body_mode": "FULL_DUPLEX_STREAMED",
    "response_trailer_mode": "SEND",
}
_HEADER_FILTERS: Final = frozenset({"RequestHeaderModifier", "ResponseHeaderModifier"})


@dataclass(frozen=True)
class Found:
    """`target` names the cluster or clusters, `per_filter` overrides filters of the listener."""

    target: Config
    per_filter: Config = field(default_factory=dict)


class Backends:
    """Where rules lead; a backend that is not there, or not allowed, is a cluster that is not."""

    def __init__(self, world: World, clusters: Clusters) -> None:
        self._world = world
        self._clusters = clusters

    def of_rule(self, route: Body, rule: Body, listener: Listener) -> Found | None:
        """None where no backend has any weight. Raises NotUnderstoodError."""
        references = [each for each in rule.get("backendRefs", ()) if each.get("weight", 1) > 0]
        if not references:
            return None
        pools = [self._pool(route, each) for each in references]
        names = [
            self._cluster(route, each, pool, listener)
            for each, pool in zip(references, pools, strict=True)
        ]
        per_filter = {}
        if any(pools):
            if route["kind"] != "HTTPRoute":
                raise NotUnderstoodError("an InferencePool behind gRPC")
            if len(references) > 1:
                raise NotUnderstoodError("an InferencePool beside another backend in one rule")
            (pool,) = pools
            assert pool is not None
            per_filter = {EXT_PROC: self._override(pool, listener)}
        if len(references) == 1 and not references[0].get("filters"):
            return Found({"cluster": names[0]}, per_filter)
        return Found({"weighted_clusters": {"clusters": _weighted(names, references)}}, per_filter)

    def _pool(self, route: Body, reference: Body) -> Body | None:
        if reference.get("kind", "Service") != "InferencePool":
            return None
        if reference.get("group") != INFERENCE:
            return None  # Istio 1.28 knows one InferencePool only; the other is no backend
        return self._world.find("InferencePool", _namespace(route, reference), reference["name"])

    def _cluster(self, route: Body, reference: Body, pool: Body | None, listener: Listener) -> str:
        kind, group = reference.get("kind", "Service"), reference.get("group", "")
        namespace, name = _namespace(route, reference), reference["name"]
        target = f"{kind}.{group}" if group else kind
        own = route["metadata"]["namespace"]
        if not self._world.allows(route["kind"], own, target, namespace, name):
            return f"not allowed|{target} {namespace}/{name}"
        try:
            if pool is not None:
                return self._clusters.of_pool(listener.namespace, pool)
            if target == "Service":
                port = reference.get("port", 0)
                return self._clusters.of_service(listener.namespace, namespace, name, port)
        except MissingError as missing:
            return f"not there|{missing}"
        if kind == "InferencePool":
            return f"not there|{target} {namespace}/{name}"
        raise NotUnderstoodError(f"backend of kind {target}")

    def _override(self, pool: Body, listener: Listener) -> Config:
        try:
            picker = self._clusters.of_picker(listener.namespace, pool)
        except MissingError as missing:
            picker = f"not there|{missing}"
        return {
            "@type": f"{_TYPE}.ExtProcPerRoute",
            "overrides": {
                "grpc_service": {"envoy_grpc": {"cluster_name": picker}},
                "processing_mode": _MODES,
                "failure_mode_allow": (
                    pool["spec"]["endpointPickerRef"].get("failureMode") == "FailOpen"
                ),
            },
        }


def stub() -> Config:
    """The filter of a listener to which a pool is attached: it sends nothing, to no cluster."""
    return {
        "name": EXT_PROC,
        "typed_config": {
            "@type": f"{_TYPE}.ExternalProcessor",
            "grpc_service": {"envoy_grpc": {"cluster_name": "dummy"}, "timeout": "10s"},
            "failure_mode_allow": True,
            "processing_mode": {"request_header_mode": "SKIP", "response_header_mode": "SKIP"},
            "message_timeout": "1000s",
            "metadata_options": {
                "receiving_namespaces": {"untyped": ["envoy.lb"]},
                "forwarding_namespaces": {"untyped": ["envoy.lb"]},
            },
        },
    }


def leads_to_a_pool(route: Body) -> bool:
    """Whether Istio puts the stub on the gateways of this route."""
    return route["kind"] == "HTTPRoute" and any(
        each.get("kind") == "InferencePool" and each.get("group") == INFERENCE
        for rule in route["spec"].get("rules", ())
        for each in rule.get("backendRefs", ())
    )


def _weighted(names: Sequence[str], references: Sequence[Body]) -> list[Config]:
    weighted = []
    for name, reference in zip(names, references, strict=True):
        filters = reference.get("filters", ())
        unknown = [each["type"] for each in filters if each["type"] not in _HEADER_FILTERS]
        if unknown:
            raise NotUnderstoodError(f"filter {unknown[0]} of a backend")
        weight = reference.get("weight", 1)
        weighted.append({"name": name, "weight": weight, **header_changes(filters)})
    return weighted


def _namespace(route: Body, reference: Body) -> str:
    return str(reference.get("namespace", route["metadata"]["namespace"]))
