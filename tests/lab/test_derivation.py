"""What modelgate says that KServe will make, KServe 0.20.0 makes: field by field."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml

from modelgate.local.api import Api
from modelgate.local.lab import Lab
from modelgate.local.waiting import until
from modelgate.topology import UNKNOWN, Object
from modelgate.topology.derive import derive
from modelgate.versions import table
from tests.derive.samples import gateway, managed, service, to

_READY_SECONDS = 90
_KINDS = (
    ("v1", "Service"),
    ("v1", "Secret"),
    ("v1", "ServiceAccount"),
    ("apps/v1", "Deployment"),
    ("rbac.authorization.k8s.io/v1", "Role"),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"),
    ("gateway.networking.k8s.io/v1", "HTTPRoute"),
    ("inference.networking.k8s.io/v1", "InferencePool"),
    ("inference.networking.x-k8s.io/v1alpha2", "InferencePool"),
)
_ROUTERS: Mapping[str, Any] = {
    "everything": managed(gateway=to("openshift-ai-inference", "maas-gateway")),
    "no-picker": {"route": {}, "gateway": to("maas-gateway")},
    "no-router": None,
}


@pytest.fixture(params=_ROUTERS, ids=str, scope="module")
def declared(request: pytest.FixtureRequest, lab: Lab) -> Iterator[list[Object]]:
    """A model in a namespace of its own, made ready in the lab, and its gateways."""
    namespace = f"model-{request.param}"
    model = _moved(service(_ROUTERS[request.param]), namespace)
    objects = [gateway("openshift-ai-inference"), gateway("maas-gateway"), model]
    api = Api(lab.kubeconfig)
    for name in ("openshift-ingress", namespace):
        api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    api.create(_class("openshift-default"))
    for one in objects:
        api.create(one.body)
    assert until(lambda: _ready(api, model), _READY_SECONDS), api.get(model.body)["status"]
    yield objects
    api.delete(model.body)


def test_kserve_makes_these_objects_and_no_others(lab: Lab, declared: list[Object]) -> None:
    api, model = Api(lab.kubeconfig), declared[-1]
    made = {
        f"{api_version} {kind} {one['metadata']['name']}"
        for api_version, kind in _KINDS
        for one in api.list(api_version, kind)
        if _owner(one) == model.name and one["metadata"]["namespace"] == model.namespace
    }
    said = {
        f"{one.api_version} {one.kind} {one.name}"
        for one in _derived(declared)
        if (one.api_version, one.kind) in _KINDS
    }
    assert made == said


def test_every_field_that_is_derived_is_made(lab: Lab, declared: list[Object]) -> None:
    api = Api(lab.kubeconfig)
    differences = [
        f"{one.ref}: {difference}"
        for one in _derived(declared)
        if one.kind != "Role"  # KServe 0.20.0 gives the picker two rights more
        for difference in _differences(one.body, api.get(one.body), "")
    ]
    assert differences == []


def _derived(declared: list[Object]) -> list[Object]:
    return derive(declared, table().release("kserve-0.20"))


def _differences(said: Any, made: Any, path: str) -> Iterator[str]:
    """Where `made` is not what was `said`; the API server and presets may have added to it."""
    if said is UNKNOWN:
        return
    if isinstance(said, Mapping) and isinstance(made, Mapping):
        for key, value in said.items():
            yield from _differences(value, made.get(key), f"{path}.{key}")
    elif isinstance(said, list) and isinstance(made, list) and len(said) == len(made):
        for index, value in enumerate(said):
            yield from _differences(value, made[index], f"{path}[{index}]")
    elif _meaning(said) != _meaning(made):
        yield f"{path}: said {said!r}, made {made!r}"


def _meaning(value: Any) -> Any:
    """A scheduler configuration is YAML inside a string, written in two ways."""
    return yaml.safe_load(value) if isinstance(value, str) and "plugins" in value else value


def _ready(api: Api, model: Object) -> bool:
    conditions = api.get(model.body).get("status", {}).get("conditions", [])
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def _moved(model: Object, namespace: str) -> Object:
    metadata = {**model.metadata, "namespace": namespace}
    body = {**model.body, "metadata": metadata}
    return Object(model.api_version, model.kind, namespace, model.name, body, model.source)


def _owner(body: Mapping[str, Any]) -> str:
    return next((one["name"] for one in body["metadata"].get("ownerReferences", ())), "")


def _class(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "GatewayClass",
        "metadata": {"name": name},
        "spec": {"controllerName": "openshift.io/gateway-controller/v1"},
    }
