"""Models whose derived objects are held against those that KServe makes."""

from collections.abc import Mapping
from typing import Any, Final

from modelgate.releases import V1_POOL_GROUP, X_POOL_GROUP
from modelgate.topology import Object
from tests.derive.samples import NAME, gateway, managed, manifest, service, to

LONG: Final = "a-model-whose-name-is-longer-than-what-fits-with-a-suffix"
_POD: Final = {
    "containers": [
        {
            "name": "main",
            "image": "registry.example.com/vllm:1",
            "ports": [{"containerPort": 8000, "name": "http", "protocol": "TCP"}],
        }
    ]
}
_PARALLEL: Final = {"data": 2, "dataLocal": 1}
_ARGS: Final = ["--config-text", "{plugins: [{type: queue-scorer}]}"]
_LORA: Final = {"adapters": [{"name": "b", "uri": "hf://x/b"}, {"name": "a", "uri": "hf://x/a"}]}
_POOL: Final = f"{NAME}-inference-pool"


def models(release: str) -> Mapping[str, list[Object]]:
    """Each model with what is declared beside it; all are moved to a namespace of their own."""
    newer = release == "kserve-0.20"
    found = {
        "no-picker": [service({"route": {}, "gateway": {}})],
        "no-router": [service()],
        "prefill": [service({"scheduler": {}}, prefill={"replicas": 2})],
        "workers": [_workers()],
        "workers-and-prefill": [_workers(prefill={"worker": _POD, "parallelism": _PARALLEL})],
        "bases": _with_bases(),
        "hostnames": [_with_route(hostnames=["models.example.com"])],
        "own-rules": [_their_pool(newer), _with_route(scheduler=_pool_ref(), rules=_rules(newer))],
        "route-refs": _with_own_route(newer),
        "stopped": [service(managed(), annotations={"serving.kserve.io/stop": "true"})],
    }
    return found | (_newer() if newer else _older())


def gateways() -> list[Object]:
    """In view of every model."""
    names = ("openshift-ai-inference", "maas-gateway")
    return [*map(gateway, names), moved(gateway("kserve-ingress-gateway"), "kserve")]


def moved(one: Object, namespace: str) -> Object:
    metadata = {**one.metadata, "namespace": namespace}
    body = {**one.body, "metadata": metadata}
    return Object(one.api_version, one.kind, namespace, one.name, body, one.source)


def _newer() -> dict[str, list[Object]]:
    labels = {"team": "models", "llm-d.ai/role": "mine"}
    scheduler = {"replicas": 2, "labels": {"team": "pickers"}}
    inline = {
        "apiVersion": "inference.networking.x-k8s.io/v1alpha1",
        "kind": "EndpointPickerConfig",
        "plugins": [{"type": "queue-scorer"}],
        "schedulingProfiles": [{"name": "default", "plugins": [{"pluginRef": "queue-scorer"}]}],
    }
    lora = {"uri": "hf://Qwen/Qwen3-0.6B", "name": "Qwen/Qwen3-0.6B", "lora": _LORA}
    here = to("here") | {"refs": [{"name": "here"}]}
    return {
        "two-gateways": [service(managed(gateway=to("openshift-ai-inference", "maas-gateway")))],
        "long-name": [_named(service(managed(scheduler=scheduler), labels=labels, replicas=3))],
        "adapters": [gateway("here"), service(managed(gateway=here), model=lora)],
        "inline-configuration": [service(managed(scheduler={"config": {"inline": inline}}))],
        "no-model-routing": [
            service(managed(), handed_on={"serving.kserve.io/model-based-routing-enabled": "false"})
        ],
    }


def _older() -> dict[str, list[Object]]:
    """KServe 0.16 takes gateways of others only for routes of others."""
    template = {"containers": [{"name": "main", "args": _ARGS}]}
    pool = {
        "extensionRef": {"name": "theirs", "failureMode": "FailClose"},
        "selector": {"tier": "gold"},
        "targetPortNumber": 8001,
    }
    critical = {"uri": "hf://Qwen/Qwen3-0.6B", "criticality": "Sheddable"}
    return {
        "default-gateway": [service(managed())],
        "long-name": [_named(service(managed(), model=critical, replicas=3))],
        "own-arguments": [service(managed(scheduler={"template": template}))],
        "own-pool": [service(managed(scheduler={"pool": {"spec": pool}}))],
    }


def _named(one: Object) -> Object:
    body = {**one.body, "metadata": {**one.metadata, "name": LONG}}
    return Object(one.api_version, one.kind, one.namespace, LONG, body, one.source)


def _workers(**more: Any) -> Object:
    return service({"scheduler": {}}, worker=_POD, parallelism=_PARALLEL, **more)


def _with_route(scheduler: Any = None, **spec: Any) -> Object:
    return service({"route": {"http": {"spec": spec}}, "scheduler": scheduler or {}})


def _pool_ref() -> dict[str, Any]:
    return {"pool": {"ref": {"name": "theirs"}}}


def _their_pool(newer: bool) -> Object:
    place = ("", "theirs")
    if newer:
        spec: dict[str, Any] = {
            "selector": {"matchLabels": {"app": "theirs"}},
            "targetPorts": [{"number": 8000}],
            "endpointPickerRef": {"name": "picker", "port": {"number": 9002}},
        }
        return manifest(f"{V1_POOL_GROUP}/v1", "InferencePool", place, {"spec": spec})
    spec = {
        "selector": {"app": "theirs"},
        "targetPortNumber": 8000,
        "extensionRef": {"name": "picker"},
    }
    return manifest(f"{X_POOL_GROUP}/v1alpha2", "InferencePool", place, {"spec": spec})


def _rules(newer: bool) -> list[dict[str, Any]]:
    pool = {"group": V1_POOL_GROUP if newer else X_POOL_GROUP, "kind": "InferencePool"}
    other = {"kind": "Service", "name": "something", "port": 80}
    return [
        {"matches": [_path("PathPrefix", "/own")], "backendRefs": [{**pool, "name": _POOL}]},
        {"matches": [_path("Exact", "/other")], "backendRefs": [other]},
    ]


def _path(kind: str, value: str) -> dict[str, Any]:
    return {"path": {"type": kind, "value": value}}


def _with_own_route(newer: bool) -> list[Object]:
    spec = {"parentRefs": to("maas-gateway")["refs"], "rules": _rules(newer)}
    route = manifest("gateway.networking.k8s.io/v1", "HTTPRoute", ("", "by-hand"), {"spec": spec})
    refs = {"http": {"refs": [{"name": "by-hand"}]}}
    return [route, service(managed(route=refs, gateway=to("maas-gateway")))]


def _with_bases() -> list[Object]:
    """The second base names the model, which the service names otherwise."""
    rule = {"matches": [_path("PathPrefix", "/shared")]}
    child = "{{ ChildName .ObjectMeta.Name `-inference-pool` }}"
    backend = {"group": X_POOL_GROUP, "kind": "InferencePool", "name": child, "port": 8000}
    route = {"http": {"spec": {"rules": [{**rule, "backendRefs": [backend]}]}}}
    named = {"uri": "hf://a/b", "name": "base/name"}
    return [
        _base("shared-router", {"router": {"scheduler": {}, "route": route}, "replicas": 4}),
        _base("shared-model", {"model": named}),
        service(baseRefs=[{"name": "shared-router"}, {"name": "shared-model"}]),
    ]


def _base(name: str, spec: Mapping[str, Any]) -> Object:
    version = "serving.kserve.io/v1alpha1"
    return manifest(version, "LLMInferenceServiceConfig", ("", name), {"spec": spec})
