"""What stands behind a rule: whether it is in view, may be reached, and serves a model."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from modelgate.topology.graph import Topology
from modelgate.topology.objects import Object
from modelgate.topology.routes import GATEWAY_API, Backend, Route
from modelgate.topology.values import items, labels, mapping, mappings, text

POOL_GROUPS = ("inference.networking.k8s.io", "inference.networking.x-k8s.io")
WORKLOADS = ("Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "LeaderWorkerSet")
GATEWAY_LABEL = "gateway.networking.k8s.io/gateway-name"
HARMLESS_IMAGES = frozenset(
    {"agnhost", "echo-server", "http-echo", "httpbin", "maas-api", "pause", "podinfo"}
)
"""Base names of images that neither serve a model nor forward requests to one."""


@dataclass(frozen=True, slots=True)
class Target:
    """A resolved backend. `closed` says why Envoy answers 500; `doubt` why it is not certain."""

    backend: Backend
    through_picker: bool = False
    closed: str = ""
    doubt: str = ""
    harmless: bool = False


def resolve(topology: Topology, route: Route, backend: Backend) -> Target:
    """What a request that is sent to `backend` by `route` meets."""
    closed, doubt = _permitted(topology, route, backend)
    if closed:
        return Target(backend, closed=closed)
    if backend.kind == "InferencePool":
        return _pool(topology, backend, doubt)
    if backend.kind == "Service" and backend.group == "":
        return _service(topology, backend, doubt)
    return Target(backend, doubt=doubt or f"{backend.ref}: this kind of backend is not understood")


def _permitted(topology: Topology, route: Route, backend: Backend) -> tuple[str, str]:
    """A backend in another namespace needs a ReferenceGrant there (Gateway API)."""
    if backend.namespace == route.object.namespace:
        return "", ""
    wanted = (GATEWAY_API, route.object.kind, route.object.namespace)
    for grant in topology.of("ReferenceGrant"):
        if grant.namespace == backend.namespace and _grants(grant, wanted, backend):
            return "", ""
    if topology.settings.everything:
        return f"RefNotPermitted: no ReferenceGrant in {backend.namespace} admits the route", ""
    return "", f"no ReferenceGrant in {backend.namespace} is in view that admits the route"


def _grants(grant: Object, wanted: tuple[str, str, str], backend: Backend) -> bool:
    sources = [
        (text(item.get("group")), text(item.get("kind")), text(item.get("namespace")))
        for item in mappings(grant.spec.get("from"))
    ]
    targets = mappings(grant.spec.get("to"))
    return wanted in sources and any(
        text(item.get("group")) == backend.group
        and text(item.get("kind")) == backend.kind
        and text(item.get("name")) in ("", backend.name)
        for item in targets
    )


def _pool(topology: Topology, backend: Backend, doubt: str) -> Target:
    if topology.find("InferencePool", backend.namespace, backend.name, backend.group):
        return Target(backend, through_picker=True, doubt=doubt)
    other = topology.find("InferencePool", backend.namespace, backend.name)
    if other is not None:
        named = backend.group or "the core group"
        why = f"{backend.ref} exists in group {other.group}, the route names {named}"
        return Target(backend, through_picker=True, doubt=doubt or why)
    return Target(backend, through_picker=True, doubt=doubt or _not_in_view(backend))


def _service(topology: Topology, backend: Backend, doubt: str) -> Target:
    if backend.ref in topology.settings.harmless:
        return Target(backend, harmless=True)
    service = topology.find("Service", backend.namespace, backend.name, "")
    if service is None:
        return Target(backend, doubt=doubt or _not_in_view(backend))
    if service.spec.get("type") == "ExternalName" or not mapping(service.spec.get("selector")):
        why = f"{backend.ref} has no pods of its own: where it leads is not in view"
        return Target(backend, doubt=doubt or why)
    if of_gateway(topology, service):
        why = f"{backend.ref} leads to another gateway, whose own doors decide"
        return Target(backend, doubt=doubt or why)
    return Target(backend, doubt=doubt, harmless=_harmless(topology, service))


def of_gateway(topology: Topology, service: Object) -> bool:
    """Whether `service` stands in front of a gateway's own Envoy (Istio: `<gateway>-<class>`)."""
    selector = labels(service.spec.get("selector"))
    made = gateway_service(topology, service.namespace, service.name) and not selector
    return GATEWAY_LABEL in selector or made


def gateway_service(topology: Topology, namespace: str, name: str) -> bool:
    """Whether Istio gives this name to the Service of a gateway in view."""
    return any(
        gateway.object.namespace == namespace
        and name == f"{gateway.object.name}-{gateway.class_name}"
        for gateway in topology.gateways.values()
    )


def _not_in_view(backend: Backend) -> str:
    return f"{backend.ref} is not in view: give it with `--with STACK|PATH|--live`"


def _harmless(topology: Topology, service: Object) -> bool:
    """Whether pods of `service` are in view and every image is known to serve no model."""
    selector = labels(service.spec.get("selector"))
    images = [
        text(container.get("image"))
        for workload in topology.of(*WORKLOADS)
        if workload.namespace == service.namespace
        for pod in pod_templates(workload)
        if selector.items() <= labels(mapping(pod.get("metadata")).get("labels")).items()
        for container in mappings(mapping(pod.get("spec")).get("containers"))
    ]
    return bool(images) and all(_base_name(image) in HARMLESS_IMAGES for image in images)


def _base_name(image: str) -> str:
    return image.partition("@")[0].rpartition("/")[2].partition(":")[0]


def pod_templates(workload: Object) -> list[Mapping[str, Any]]:
    """The pods (metadata and spec) that `workload` runs, leaders first; itself for a Pod."""
    if workload.kind == "Pod":
        return [workload.body]
    spec: Mapping[str, Any] = workload.spec
    names: tuple[str, ...] = ("template",)
    if workload.kind == "LeaderWorkerSet":
        spec = mapping(spec.get("leaderWorkerTemplate"))
        names = ("leaderTemplate", "workerTemplate")
    return [mapping(spec[name]) for name in names if name in spec]


def pod_template(workload: Object) -> Mapping[str, Any]:
    """The first of the pods that `workload` runs."""
    return next(iter(pod_templates(workload)), {})


def pool_selector(pool: Object) -> dict[str, str]:
    """The labels of a pool's pods: flat in v1alpha2, below matchLabels in v1."""
    selector = mapping(pool.spec.get("selector"))
    return labels(selector.get("matchLabels", selector))


def model_selectors(topology: Topology) -> list[tuple[str, dict[str, str]]]:
    """(namespace, labels) of pods that are known to serve a model: those of pools in view."""
    pools = [pool for pool in topology.of("InferencePool") if pool.group in POOL_GROUPS]
    return [(pool.namespace, pool_selector(pool)) for pool in pools if pool_selector(pool)]


def ports(service: Object) -> list[int]:
    return [port["port"] for port in mappings(service.spec.get("ports")) if "port" in port]


def external_ips(service: Object) -> list[str]:
    return [text(address) for address in items(service.spec.get("externalIPs"))]
