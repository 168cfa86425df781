"""Reads what a gateway's Envoy depends on, of Secrets only certificates that a listener names."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from modelgate.errors import ModelgateError
from modelgate.local.api import Api
from modelgate.local.lab.gateway.world import Body, World

_KINDS: Final = (
    ("v1", "Namespace"),
    ("v1", "Service"),
    ("v1", "Pod"),
    ("gateway.networking.k8s.io/v1", "GatewayClass"),
    ("gateway.networking.k8s.io/v1", "Gateway"),
    ("gateway.networking.k8s.io/v1", "HTTPRoute"),
    ("gateway.networking.k8s.io/v1", "GRPCRoute"),
    ("gateway.networking.k8s.io/v1beta1", "ReferenceGrant"),
    ("inference.networking.k8s.io/v1", "InferencePool"),
    ("networking.istio.io/v1", "DestinationRule"),
    ("networking.istio.io/v1", "VirtualService"),
    ("networking.istio.io/v1alpha3", "EnvoyFilter"),
    ("extensions.istio.io/v1alpha1", "WasmPlugin"),
    ("security.istio.io/v1", "AuthorizationPolicy"),
    ("security.istio.io/v1", "RequestAuthentication"),
)


def read_world(api: Api) -> World:
    """What is stored now. A kind that the API does not serve has no objects. Raises OSError."""
    objects: dict[str, list[Body]] = {}
    for api_version, kind in _KINDS:
        try:
            objects[kind] = [_without_status(body) for body in api.list(api_version, kind)]
        except ModelgateError:
            objects[kind] = []
    objects["Secret"] = list(_certificates(api, objects["Gateway"]))
    paths = {_trust(rule) for rule in objects["DestinationRule"]} - {"", "system"}
    files = {path: Path(path).read_text() for path in paths if Path(path).is_file()}
    return World(objects, files)


def _without_status(body: Body) -> Body:
    """What controllers write of themselves decides nothing here; of a pod it is its address."""
    kept = {key: value for key, value in body.items() if key != "status" or body["kind"] == "Pod"}
    changing = ("resourceVersion", "managedFields", "generation")
    metadata = {key: each for key, each in body["metadata"].items() if key not in changing}
    return {**kept, "metadata": metadata}


def _certificates(api: Api, gateways: list[Body]) -> Iterator[Body]:
    named = {
        (reference.get("namespace", gateway["metadata"]["namespace"]), reference["name"])
        for gateway in gateways
        for listener in gateway["spec"]["listeners"]
        for reference in listener.get("tls", {}).get("certificateRefs", ())
    }
    for namespace, name in sorted(named):
        metadata = {"namespace": namespace, "name": name}
        try:
            yield api.get({"apiVersion": "v1", "kind": "Secret", "metadata": metadata})
        except ModelgateError:
            continue


def _trust(rule: Body) -> str:
    policy = rule["spec"].get("trafficPolicy", {})
    return str(policy.get("tls", {}).get("caCertificates", ""))
