"""What runs the model: Deployments or LeaderWorkerSets, their Service, accounts and certificates.

Only labels, ports and what the service itself says are derived of a pod; images, probes and
volumes of the presets are not. Sources: KServe's workload_single_node.go, workload_multi_node.go,
workload.go, and the presets config-llm-template and config-llm-decode-template.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from modelgate.topology.derive.access import account, role, role_binding
from modelgate.topology.derive.merge import Section, merged, section
from modelgate.topology.derive.pool import PORT, workload_labels
from modelgate.topology.derive.service import Service
from modelgate.topology.objects import UNKNOWN, Object, Unknown
from modelgate.topology.values import items, mapping, mappings

BEHIND_SIDECAR = 8001
SIDECAR = "llm-d-routing-sidecar"


def workload(service: Service) -> Iterator[Object]:
    """Deployments (LeaderWorkerSets with workers), workload Service, certificates, accounts."""
    yield service.make("v1", "Secret", service.names.certificates, {}, _labels(service, "workload"))
    yield from _pods(service, service.spec, "")
    if service.prefill is not None:
        yield from _pods(service, service.prefill, "-prefill")
    yield _service(service)


def _labels(service: Service, component: str) -> dict[str, str]:
    return {
        "app.kubernetes.io/component": f"llminferenceservice-{component}",
        "app.kubernetes.io/name": service.name,
        "app.kubernetes.io/part-of": "llminferenceservice",
    }


def _passed_on(service: Service, own: Section, labels: Mapping[str, Any]) -> dict[str, Any]:
    """`labels` of pods or Service, with the service's own (second generation of the controller)."""
    extra = section(own, "labels") if service.release.controller > 1 else None
    return {**mapping(extra), **labels}


def _pods(service: Service, own: Section, suffix: str) -> Iterator[Object]:
    if section(own, "worker") is None:
        yield _deployment(service, own, suffix)
        if not suffix and _has_sidecar(service):
            yield from _sidecar_access(service, "-kserve")
        return
    yield _leader_worker_set(service, own, suffix)
    if suffix:
        yield account(service, service.names.child(f"-kserve-mn{suffix}"), {})
    else:
        yield from _sidecar_access(service, "-kserve-mn")


def _role(service: Service, suffix: str) -> str:
    if suffix:
        return "prefill"
    return "both" if service.prefill is None else "decode"


def _has_sidecar(service: Service) -> bool:
    """Whether decode pods have the routing sidecar: a prefill section's preset, or by hand."""
    own = mappings(mapping(service.spec.get("template")).get("initContainers"))
    return service.prefill is not None or any(one.get("name") == SIDECAR for one in own)


def _sidecar_access(service: Service, suffix: str) -> Iterator[Object]:
    name = service.names.child(suffix)
    groups = ["inference.networking.x-k8s.io"]
    if service.release.controller > 1:
        groups.append("inference.networking.k8s.io")
    read = ["get", "list", "watch"]
    rules = [
        {"apiGroups": [""], "resources": ["pods"], "verbs": read},
        {"apiGroups": groups, "resources": ["inferencepools"], "verbs": read},
    ]
    labels = _labels(service, "workload")
    yield account(service, name, labels)
    yield role(service, service.names.child(f"{suffix}-role"), rules, labels)
    yield role_binding(
        service,
        service.names.child(f"{suffix}-rb"),
        (service.names.child(f"{suffix}-role"), name),
        labels,
    )


def _pod_spec(own: Any, suffix: str, sidecar: bool) -> Any:
    """The preset's ports under the pod that the service describes in `own`."""
    if isinstance(own, Unknown):
        return UNKNOWN
    behind = sidecar and not suffix
    port = {"containerPort": BEHIND_SIDECAR if behind else PORT, "protocol": "TCP"}
    base: dict[str, Any] = {"containers": [{"name": "main", "ports": [port]}]}
    if behind:
        front = {"containerPort": PORT, "protocol": "TCP"}
        base["initContainers"] = [{"name": SIDECAR, "ports": [front]}]
    return merged(base, dict(mapping(own)))


def _deployment(service: Service, own: Section, suffix: str) -> Object:
    labels = {
        **_labels(service, f"workload{suffix}"),
        "kserve.io/component": "workload",
        "llm-d.ai/role": _role(service, suffix),
    }
    pod = _pod_spec(section(own, "template"), suffix, service.prefill is not None)
    spec: dict[str, Any] = {
        "selector": {"matchLabels": labels},
        "template": {
            "metadata": {"labels": _passed_on(service, own, labels)},
            "spec": pod,
        },
    }
    if mapping(own).get("replicas") is not None:
        spec["replicas"] = mapping(own)["replicas"]
    name = service.names.child(f"-kserve{suffix}")
    return service.make("apps/v1", "Deployment", name, {"spec": spec}, labels)


def _leader_worker_set(service: Service, own: Section, suffix: str) -> Object:
    serving = {
        "kserve.io/component": "workload",
        "llm-d.ai/role": "prefill" if suffix else "decode",
    }
    workers = _labels(service, f"workload-worker{suffix}")
    leader, worker = section(own, "template"), section(own, "worker")
    if leader is None:
        workers |= serving
    template: dict[str, Any] = {
        "workerTemplate": {
            "metadata": {"labels": _passed_on(service, own, workers)},
            "spec": UNKNOWN if isinstance(worker, Unknown) else dict(mapping(worker)),
        }
    }
    if leader is not None:
        leading = {**_labels(service, f"workload-leader{suffix}"), **serving}
        template["leaderTemplate"] = {
            "metadata": {"labels": _passed_on(service, own, leading)},
            "spec": _pod_spec(leader, suffix, service.prefill is not None),
        }
    spec: dict[str, Any] = {"leaderWorkerTemplate": template}
    if mapping(own).get("replicas") is not None:
        spec["replicas"] = mapping(own)["replicas"]
    name = service.names.child(f"-kserve-mn{suffix}")
    version = "leaderworkerset.x-k8s.io/v1"
    return service.make(version, "LeaderWorkerSet", name, {"spec": spec}, workers)


def _service(service: Service) -> Object:
    spec = {
        "type": "ClusterIP",
        "selector": workload_labels(service),
        "ports": [
            {
                "name": "https",
                "protocol": "TCP",
                "appProtocol": "https",
                "port": PORT,
                "targetPort": PORT,
            }
        ],
    }
    labels = _passed_on(service, service.spec, _labels(service, "workload"))
    return service.make("v1", "Service", service.names.workload_service, {"spec": spec}, labels)


def main_container(pod: Any) -> Mapping[str, Any]:
    """The container `main` of a pod specification; empty where there is none."""
    containers = mappings(items(mapping(pod).get("containers")))
    return next((one for one in containers if one.get("name") == "main"), {})
