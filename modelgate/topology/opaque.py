"""What takes a gateway out of reach of a proof: changes to its Envoy that are not understood."""

from collections.abc import Mapping
from typing import Any

from modelgate.topology.backends import GATEWAY_LABEL
from modelgate.topology.graph import Topology
from modelgate.topology.objects import UNKNOWN, Object
from modelgate.topology.routes import Gateway
from modelgate.topology.values import items, labels, mapping, mappings, text

EXT_PROC = "envoy.filters.http.ext_proc"
ROOT_NAMESPACES = ("istio-system", "openshift-ingress")


def opaque(topology: Topology, gateway: Gateway) -> str:
    """Why nothing can be proved on `gateway`, or empty."""
    infrastructure = mapping(gateway.object.spec.get("infrastructure"))
    if "parametersRef" in infrastructure:
        return f"Gateway {gateway.key}: infrastructure.parametersRef may change labels and ports"
    if GATEWAY_LABEL in mapping(infrastructure.get("labels")):
        return f"Gateway {gateway.key}: infrastructure.labels hides it from Kuadrant's filter"
    if items(gateway.object.spec.get("addresses")):
        return (
            f"Gateway {gateway.key}: spec.addresses means a hand-made gateway, without the filter"
        )
    for obj in topology.of("EnvoyFilter", "WasmPlugin"):
        if reaches(obj, gateway) and not _understood(obj):
            return f"{obj.ref} changes the Envoy of Gateway {gateway.key} in a way not understood"
    return ""


def reaches(obj: Object, gateway: Gateway) -> bool:
    """Whether this EnvoyFilter or WasmPlugin changes the proxies of `gateway`."""
    own = gateway.object.namespace
    if obj.namespace != own and obj.namespace not in ROOT_NAMESPACES:
        return False
    refs = [*mappings(obj.spec.get("targetRefs")), mapping(obj.spec.get("targetRef"))]
    named = [(text(ref.get("kind")), text(ref.get("name"))) for ref in refs if ref]
    if named:
        here = obj.namespace == own and ("Gateway", gateway.object.name) in named
        return here or ("GatewayClass", gateway.class_name) in named
    selector = {
        **mapping(obj.spec.get("workloadSelector")),
        **mapping(obj.spec.get("selector")),
    }
    wanted = {**labels(selector.get("labels")), **labels(selector.get("matchLabels"))}
    name = wanted.get(GATEWAY_LABEL)
    return name in (None, gateway.object.name)


def _understood(obj: Object) -> bool:
    """Kuadrant's own objects, added clusters, and per-route ext_proc overrides change no door."""
    if obj.name.startswith("kuadrant-") and _of_kuadrant(obj):
        return True
    if obj.kind == "WasmPlugin":
        return False
    patches = obj.spec.get("configPatches")
    return patches is not UNKNOWN and all(_harmless(patch) for patch in mappings(patches))


def _of_kuadrant(obj: Object) -> bool:
    return labels(obj.metadata.get("labels")).get("kuadrant.io/managed") == "true"


def _harmless(config: Mapping[str, Any]) -> bool:
    patch = mapping(config.get("patch"))
    operation, value = text(patch.get("operation")), mapping(patch.get("value"))
    if config.get("applyTo") == "CLUSTER" and operation == "ADD":
        return True
    overrides = mapping(value.get("typed_per_filter_config"))
    return (
        config.get("applyTo") == "HTTP_ROUTE"
        and operation == "MERGE"
        and value.keys() == {"typed_per_filter_config"}
        and overrides.keys() == {EXT_PROC}
    )
