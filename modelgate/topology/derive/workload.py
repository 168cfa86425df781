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


def passed_on(service: Service, own: Section, labels: Mapping[str, Any]) -> dict[str, Any]:
    """`labels` with the service's own over them (second generation of the controller).

    They reach selectors and the objects' own labels too, not the pods' only: all share one map.
    """
    extra = section(own, "labels") if service.release.controller > 1 else None
    return {**labels, **mapping(extra)}


def _pods(service: Service, own: Section, suffix: str) -> Iterator[Object]:
    sidecar = not suffix and _has_sidecar(service)
    single = section(own, "worker") is None
    yield (_deployment if single else _leader_worker_set)(service, own, suffix)
    labels = _labels(service, "workload")
    if sidecar:
        yield account(service, service.names.child("-kserve"), labels)
        yield from _sidecar_rights(service, "-kserve", labels)
    if single:
        return
    labels = {key: labels[key] for key in labels if not key.endswith("/component")}
    yield account(service, service.names.child(f"-kserve-mn{suffix}"), labels)
    if sidecar:
        yield from _sidecar_rights(service, "-kserve-mn", labels)


def _role(service: Service, suffix: str) -> str:
    if suffix:
        return "prefill"
    return "both" if service.prefill is None else "decode"


def _has_sidecar(service: Service) -> bool:
    """Whether decode pods have the routing sidecar: a prefill section's preset, or by hand."""
    own = mappings(mapping(service.spec.get("template")).get("initContainers"))
    return service.prefill is not None or any(one.get("name") == SIDECAR for one in own)


def _sidecar_rights(service: Service, suffix: str, labels: Mapping[str, str]) -> Iterator[Object]:
    name = service.names.child(suffix)
    groups = ["inference.networking.x-k8s.io"]
    if service.release.controller > 1:
        groups.append("inference.networking.k8s.io")
    read = ["get", "list", "watch"]
    rules = [
        {"apiGroups": [""], "resources": ["pods"], "verbs": read},
        {"apiGroups": groups, "resources": ["inferencepools"], "verbs": read},
    ]
    yield role(service, service.names.child(f"{suffix}-role"), rules, labels)
    yield role_binding(
        service,
        service.names.child(f"{suffix}-rb"),
        (service.names.child(f"{suffix}-role"), name),
        labels,
    )


def _pod_spec(own: Any, behind: bool, account_name: str = "", sidecar: bool = False) -> Any:
    """The preset's ports under the pod that the service describes in `own`.

    `behind`: its model listens behind a sidecar, which is in this pod where `sidecar` says so.
    """
    if isinstance(own, Unknown):
        return UNKNOWN
    port = {"containerPort": BEHIND_SIDECAR if behind else PORT, "protocol": "TCP"}
    base: dict[str, Any] = {"containers": [{"name": "main", "ports": [port]}]}
    if behind and sidecar:
        front = {"containerPort": PORT, "protocol": "TCP"}
        base["initContainers"] = [{"name": SIDECAR, "ports": [front]}]
    if account_name:
        base["serviceAccountName"] = account_name
    return merged(base, dict(mapping(own)))


def _deployment(service: Service, own: Section, suffix: str) -> Object:
    fixed = {
        **_labels(service, f"workload{suffix}"),
        "kserve.io/component": "workload",
        "llm-d.ai/role": _role(service, suffix),
    }
    labels = passed_on(service, own, fixed)
    decodes = service.prefill is not None and not suffix
    named = service.names.child("-kserve") if not suffix and _has_sidecar(service) else ""
    pod = _pod_spec(section(own, "template"), decodes, named, sidecar=True)
    spec: dict[str, Any] = {
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": pod},
    }
    if mapping(own).get("replicas") is not None:
        spec["replicas"] = mapping(own)["replicas"]
    name = service.names.child(f"-kserve{suffix}")
    return service.make("apps/v1", "Deployment", name, {"spec": spec}, labels)


def _leader_worker_set(service: Service, own: Section, suffix: str) -> Object:
    """The preset has a leader for every set, so only leaders are selected as the model's pods."""
    workers = passed_on(service, own, _labels(service, f"workload-worker{suffix}"))
    serving = {"kserve.io/component": "workload", "llm-d.ai/role": _role(service, suffix)}
    leading = {**_labels(service, f"workload-leader{suffix}"), **serving}
    name = service.names.child(f"-kserve-mn{suffix}")
    decodes = service.prefill is not None and not suffix
    leader, worker = section(own, "template"), section(own, "worker")
    template = {
        "leaderTemplate": {
            "metadata": {"labels": passed_on(service, own, leading)},
            "spec": _pod_spec(leader, decodes, name, sidecar=True),
        },
        "workerTemplate": {
            "metadata": {"labels": workers},
            "spec": _pod_spec(worker, decodes, name),
        },
    }
    spec: dict[str, Any] = {"leaderWorkerTemplate": template}
    if mapping(own).get("replicas") is not None:
        spec["replicas"] = mapping(own)["replicas"]
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
    labels = passed_on(service, service.spec, _labels(service, "workload"))
    return service.make("v1", "Service", service.names.workload_service, {"spec": spec}, labels)


def main_container(pod: Any) -> Mapping[str, Any]:
    """The container `main` of a pod specification; empty where there is none."""
    containers = mappings(items(mapping(pod).get("containers")))
    return next((one for one in containers if one.get("name") == "main"), {})
