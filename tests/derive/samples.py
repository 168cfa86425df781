"""Manifests that several tests of the derivation start from."""

from collections.abc import Mapping
from typing import Any

from modelgate.topology.derive import derive
from modelgate.topology.objects import Object
from modelgate.versions import table

RELEASES = ("3.0", "3.2", "3.3", "3.4", "3.5", "kserve-0.16", "kserve-0.20")
OPENSHIFT_AI = RELEASES[:5]
NAMESPACE = "my-first-model"
NAME = "qwen3-0-6b"


def manifest(
    api_version: str, kind: str, place: tuple[str, str], body: Mapping[str, Any] | None = None
) -> Object:
    """An object as the reader gives it; `body` may hold more metadata."""
    namespace, name = place
    given = dict(body or {})
    metadata = {"name": name, "namespace": namespace, **given.pop("metadata", {})}
    whole = {"apiVersion": api_version, "kind": kind, "metadata": metadata, **given}
    return Object(api_version, kind, namespace, name, whole, "models.yaml:1")


def service(
    router: Any = None, annotations: Any = None, handed_on: Any = None, **spec: Any
) -> Object:
    """An LLMInferenceService; `router=None` leaves it out. `handed_on` are spec.annotations."""
    model = {"uri": "hf://Qwen/Qwen3-0.6B", "name": "Qwen/Qwen3-0.6B"}
    own = {"model": model, "replicas": 2, **spec}
    if router is not None:
        own["router"] = router
    if handed_on is not None:
        own["annotations"] = handed_on
    body: dict[str, Any] = {"spec": own}
    if annotations is not None:
        body["metadata"] = {"annotations": annotations}
    version = "serving.kserve.io/v1alpha1"
    return manifest(version, "LLMInferenceService", (NAMESPACE, NAME), body)


def managed(**more: Any) -> dict[str, Any]:
    """A router with everything that the operator makes itself."""
    return {"route": {}, "gateway": {}, "scheduler": {}, **more}


def gateway(
    name: str = "maas-gateway",
    labels: Any = None,
    annotations: Any = None,
    admits: Any = "All",
    **metadata: Any,
) -> Object:
    """A Gateway in openshift-ingress whose listener admits routes from `admits` (a word or all)."""
    if labels is not None:
        metadata["labels"] = labels
    if annotations is not None:
        metadata["annotations"] = annotations
    listener = {
        "name": "https",
        "port": 443,
        "protocol": "HTTPS",
        "allowedRoutes": {"namespaces": {"from": admits} if isinstance(admits, str) else admits},
    }
    spec = {"gatewayClassName": "openshift-default", "listeners": [listener]}
    version = "gateway.networking.k8s.io/v1"
    body = {"metadata": metadata, "spec": spec}
    return manifest(version, "Gateway", ("openshift-ingress", name), body)


def to(*names: str) -> dict[str, Any]:
    """`router.gateway` with references to gateways in openshift-ingress."""
    return {"refs": [{"name": name, "namespace": "openshift-ingress"} for name in names]}


def derived(release: str, *objects: Object, istio: str = "") -> dict[str, Object]:
    """What is derived, by `Kind ns/name` and, where two share it, the API group before it."""
    found: dict[str, Object] = {}
    for one in derive(objects, table().release(release), istio):
        found[f"{one.group}/{one.ref}" if one.ref in found else one.ref] = one
    return found


def route_of(release: str, *objects: Object, istio: str = "") -> Object:
    return derived(release, *objects, istio=istio)[f"HTTPRoute {NAMESPACE}/{NAME}-kserve-route"]
