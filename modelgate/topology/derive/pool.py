"""The InferencePools of a service: in every group that the release writes, under one name.

Sources: KServe's config-llm-scheduler preset and scheduler.go (expectedSchedulerInferencePool).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from modelgate.releases import V1_POOL_GROUP
from modelgate.topology.derive.merge import either, section
from modelgate.topology.derive.service import Service
from modelgate.topology.objects import UNKNOWN, Object, Unknown, group_of
from modelgate.topology.values import items, mapping

PORT = 8000
PICKER_PORT = 9002


def workload_labels(service: Service) -> dict[str, str]:
    """What pool and workload Service select."""
    return {
        "app.kubernetes.io/name": service.name,
        "app.kubernetes.io/part-of": "llminferenceservice",
        "kserve.io/component": "workload",
    }


def scheduler_labels(service: Service) -> dict[str, str]:
    """What the picker's objects carry and its Service selects."""
    return {
        "app.kubernetes.io/component": "llminferenceservice-router-scheduler",
        "app.kubernetes.io/name": service.name,
        "app.kubernetes.io/part-of": "llminferenceservice",
    }


def makes_picker(service: Service) -> bool:
    """Whether the operator makes picker and pool: a scheduler, and no pool of somebody else's."""
    return service.scheduler is not None and service.pool_ref in ("", UNKNOWN)


def picker_service_name(service: Service) -> str | Unknown:
    """The Service of the picker; the pool may name it (second generation of the controller)."""
    name = _picker_ref(service).get("name")
    if service.release.controller < 2 or not isinstance(name, str | Unknown) or name == "":
        return service.names.picker_service
    return name


def _own(service: Service) -> Mapping[str, Any]:
    return mapping(section(section(service.scheduler, "pool"), "spec"))


def _picker_ref(service: Service) -> Mapping[str, Any]:
    own = _own(service)
    return mapping(either(own.get("endpointPickerRef"), own.get("extensionRef")))


def pools(service: Service) -> Iterator[Object]:
    """One InferencePool for each apiVersion of the release; nothing where it makes none."""
    if not makes_picker(service):
        return
    for api_version in service.release.pools:
        newer = group_of(api_version) == V1_POOL_GROUP
        spec = _newer(service) if newer else _older(service)
        labels = scheduler_labels(service)
        yield service.make(api_version, "InferencePool", service.names.pool, {"spec": spec}, labels)


def _selector(service: Service) -> dict[str, Any]:
    selector = mapping(_own(service).get("selector"))
    return {**mapping(selector.get("matchLabels", selector))} or workload_labels(service)


def _ports(service: Service) -> list[Any]:
    own = _own(service)
    ports = [mapping(port).get("number", UNKNOWN) for port in items(own.get("targetPorts"))]
    return ports or [own.get("targetPortNumber", PORT)]


def _picker(service: Service) -> dict[str, Any]:
    ref = _picker_ref(service)
    return {
        "failureMode": ref.get("failureMode", "FailOpen"),
        "kind": ref.get("kind", "Service"),
        "name": either(ref.get("name"), service.names.picker_service),
    }


def _picker_port(service: Service) -> Any:
    ref = _picker_ref(service)
    number = mapping(ref.get("port")).get("number")
    return either(number, either(ref.get("portNumber"), PICKER_PORT))


def _newer(service: Service) -> dict[str, Any]:
    return {
        "selector": {"matchLabels": _selector(service)},
        "targetPorts": [{"number": port} for port in _ports(service)],
        "endpointPickerRef": {**_picker(service), "port": {"number": _picker_port(service)}},
    }


def _older(service: Service) -> dict[str, Any]:
    picker = _picker(service)
    if service.release.controller > 1:
        picker["portNumber"] = _picker_port(service)
    return {
        "selector": _selector(service),
        "targetPortNumber": _ports(service)[0],
        "extensionRef": picker,
    }


def inference_model(service: Service) -> Iterator[Object]:
    """The InferenceModel that the first generation of the controller adds."""
    wanted = service.release.inference_model
    if service.scheduler is None or not wanted or (wanted == "own-pool" and service.pool_ref):
        return
    model = mapping(service.spec.get("model"))
    pool = service.pool_ref
    spec = {
        "modelName": service.model,
        "criticality": either(model.get("criticality"), "Critical"),
        "poolRef": {
            "group": service.release.pool_groups[0],
            "kind": "InferencePool",
            "name": pool if isinstance(pool, Unknown) or pool else service.names.pool,
        },
    }
    yield service.make(
        "inference.networking.x-k8s.io/v1alpha2",
        "InferenceModel",
        service.names.child("-inference-model"),
        {"spec": spec},
        scheduler_labels(service),
    )
