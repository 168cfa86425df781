"""What a platform has beside the stack: operators, Kuadrant's own objects, pods, statuses."""

import base64 as encoding
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from modelgate.doctor.kinds import (
    AUTH_CONFIG,
    AUTH_POLICY,
    AUTHORINO,
    DEFINITION,
    DEPLOYMENT,
    ENVOY_FILTER,
    GATEWAY,
    GATEWAY_API,
    GATEWAY_CLASS,
    HTTP_ROUTE,
    INFERENCE_POOL,
    INFERENCE_POOL_X,
    KUADRANT,
    LIMIT_POLICY,
    LIMITADOR,
    MODEL_SERVICE,
    NAMESPACE,
    NETWORK_POLICY,
    POD,
    SECRET,
    SERVICE,
    TOKEN_POLICY,
    WASM_PLUGIN,
    Kind,
)
from modelgate.releases import Release
from modelgate.version_ranges import Version

Body = dict[str, Any]
Bodies = Iterable[Mapping[str, Any]]

API_KEY = "sk-alice-0123456789"
CONTROLLER = "openshift.io/gateway-controller/v1"
SYSTEM = "kuadrant-system"
GATEWAY_LABEL = "gateway.networking.k8s.io/gateway-name"

SERVED: Mapping[Kind, tuple[str, ...]] = {
    NAMESPACE: ("v1",),
    POD: ("v1",),
    SERVICE: ("v1",),
    SECRET: ("v1",),
    DEPLOYMENT: ("v1",),
    NETWORK_POLICY: ("v1",),
    DEFINITION: ("v1",),
    GATEWAY_CLASS: ("v1",),
    GATEWAY: ("v1",),
    HTTP_ROUTE: ("v1",),
    Kind("ReferenceGrant", GATEWAY_API, "referencegrants"): ("v1beta1",),
    INFERENCE_POOL: ("v1",),
    INFERENCE_POOL_X: ("v1alpha2",),
    MODEL_SERVICE: ("v1alpha2", "v1alpha1"),
    KUADRANT: ("v1beta1",),
    AUTH_POLICY: ("v1",),
    LIMIT_POLICY: ("v1",),
    TOKEN_POLICY: ("v1alpha1",),
    AUTH_CONFIG: ("v1beta3",),
    AUTHORINO: ("v1beta1",),
    LIMITADOR: ("v1alpha1",),
    ENVOY_FILTER: ("v1alpha3",),
    WASM_PLUGIN: ("v1alpha1",),
}
"""What is served whether or not there is an object of it."""


def base64(text: str) -> str:
    return encoding.b64encode(text.encode()).decode()


def body(api_version: str, kind: str, place: str, **more: Any) -> Body:
    """An object at `ns/name` (or `name`); `labels` and `annotations` go into its metadata."""
    namespace, _, name = place.rpartition("/")
    metadata: Body = {"name": name, **({"namespace": namespace} if namespace else {})}
    metadata |= {key: more.pop(key) for key in ("labels", "annotations") if key in more}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **more}


def condition(type_: str, status: str = "True", reason: str = "", message: str = "") -> Body:
    return {
        "type": type_,
        "status": status,
        "reason": reason or type_,
        "message": message,
        "lastTransitionTime": "2026-11-24T11:00:00Z",
    }


def owned(child: Body, owner: str) -> Body:
    """`child` as a controller makes it for `owner` (`Kind ns/name`)."""
    kind, _, place = owner.partition(" ")
    version = "serving.kserve.io/v1alpha1" if kind == "LLMInferenceService" else f"{GATEWAY_API}/v1"
    reference = {"apiVersion": version, "kind": kind, "name": place.rpartition("/")[2]}
    if place:
        child["metadata"]["ownerReferences"] = [{**reference, "uid": "-", "controller": True}]
    return child


def deployment(place: str, image: str, env: Mapping[str, str], **labels: str) -> Body:
    namespace, _, name = place.partition("/")
    container = {
        "name": "main",
        "image": image,
        "env": [{"name": key, "value": value} for key, value in env.items()],
    }
    own = {"app": name, **labels}
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}}
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": name}}, "template": template}
    return body("apps/v1", "Deployment", f"{namespace}/{name}", labels=own, spec=spec)


def operators(versions: Mapping[str, str]) -> Iterator[Body]:
    """What states versions on an OpenShift cluster."""
    istio, kuadrant = versions["istio"], versions["kuadrant"]
    yield body(
        "operators.coreos.com/v1alpha1",
        "ClusterServiceVersion",
        f"redhat-ods-operator/rhods-operator.{versions['openshift-ai']}.0",
        spec={"version": versions["openshift-ai"]},
    )
    yield body(
        "config.openshift.io/v1",
        "ClusterVersion",
        "version",
        status={"desired": {"version": f"{versions['openshift']}.6"}},
    )
    yield body(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        "httproutes.gateway.networking.k8s.io",
        annotations={"gateway.networking.k8s.io/bundle-version": f"v{versions['gateway-api']}"},
    )
    chart = {"app": "istiod", "app.kubernetes.io/version": istio}
    place = "openshift-ingress/istiod-openshift-gateway"
    yield deployment(place, "registry.example.com/istio-pilot@sha256:0", {}, **chart)
    controllers = {"ISTIO_GATEWAY_CONTROLLER_NAMES": f"istio.io/gateway-controller,{CONTROLLER}"}
    image = f"quay.io/kuadrant/kuadrant-operator:v{kuadrant}"
    yield deployment(f"{SYSTEM}/kuadrant-operator-controller-manager", image, controllers)
    yield deployment(f"{SYSTEM}/authorino", "quay.io/kuadrant/authorino:v0.27.0", {})


def platform() -> Iterator[Body]:
    """Namespaces, Kuadrant with its parts, the gateway's certificate."""
    for name in ("openshift-ingress", SYSTEM):
        yield body("v1", "Namespace", name, labels={"kubernetes.io/metadata.name": name})
    yield body("kuadrant.io/v1beta1", "Kuadrant", f"{SYSTEM}/kuadrant", spec={})
    listener = {"tls": {"enabled": False}}
    spec = {"listener": listener, "oidcServer": {"tls": {"enabled": False}}}
    yield body(
        "operator.authorino.kuadrant.io/v1beta1", "Authorino", f"{SYSTEM}/authorino", spec=spec
    )
    yield body("limitador.kuadrant.io/v1alpha1", "Limitador", f"{SYSTEM}/limitador", spec={})
    yield body(
        "v1",
        "Secret",
        "openshift-ingress/maas-gateway-tls",
        type="kubernetes.io/tls",
        data={"tls.crt": base64("-"), "tls.key": base64("private-key-of-the-gateway")},
    )


def kuadrants_own(bodies: Bodies, version: str) -> list[Body]:
    """AuthConfigs for each rule below a Gateway with a policy, and its filter."""
    objects = list(bodies)
    policies = [one for one in objects if one["kind"] == "AuthPolicy"]
    routes = [one for one in objects if one["kind"] == "HTTPRoute"]
    found = []
    for gateway in {one["spec"]["targetRef"]["name"] for one in policies}:
        found.append(_filter(gateway, version))
        for route in routes:
            if any(ref["name"] == gateway for ref in route["spec"]["parentRefs"]):
                found += [
                    _auth_config(gateway, route, index)
                    for index, _ in enumerate(route["spec"]["rules"], start=1)
                ]
    return found


def _filter(gateway: str, version: str) -> Body:
    """kuadrant-operator: an EnvoyFilter from 1.5.0 on, before that a WasmPlugin."""
    labels = {"kuadrant.io/managed": "true"}
    place = f"openshift-ingress/kuadrant-{gateway}"
    target = {"group": GATEWAY_API, "kind": "Gateway", "name": gateway}
    if Version(version) < Version("1.5.0"):
        spec: Body = {"targetRefs": [target], "phase": "STATS", "url": "oci://quay.io/k/wasm-shim"}
        return body("extensions.istio.io/v1alpha1", "WasmPlugin", place, labels=labels, spec=spec)
    patch = {"operation": "INSERT_BEFORE", "value": {"name": "kuadrant"}}
    spec = {"targetRefs": [target], "configPatches": [{"applyTo": "HTTP_FILTER", "patch": patch}]}
    return body("networking.istio.io/v1alpha3", "EnvoyFilter", place, labels=labels, spec=spec)


def _auth_config(gateway: str, route: Mapping[str, Any], rule: int) -> Body:
    place = f"{route['metadata']['namespace']}/{route['metadata']['name']}"
    name = route["spec"]["rules"][rule - 1].get("name") or f"rule-{rule}"
    digest = hashlib.sha256(f"{gateway}|{place}|{name}".encode()).hexdigest()
    locator = f"httproute.{GATEWAY_API}:{place}#{name}"
    return body(
        "authorino.kuadrant.io/v1beta3",
        "AuthConfig",
        f"{SYSTEM}/{digest}",
        annotations={f"HTTPRouteRule.{GATEWAY_API}": locator},
        labels={"kuadrant.io/managed": "true", "kuadrant.io/auth": "true"},
        spec={"hosts": [digest]},
    )


def pods(bodies: Bodies, model: str) -> list[Body]:
    """A ready pod for every replica of every Deployment and every Gateway."""
    found = []
    for one in list(bodies):
        place = f"{one['metadata'].get('namespace')}/{one['metadata']['name']}"
        if one["kind"] == "Gateway":
            labels = {GATEWAY_LABEL: one["metadata"]["name"]}
            found.append(_pod(f"{place}-0", labels, [{"name": "istio-proxy"}]))
        elif one["kind"] == "Deployment":
            spec = one["spec"]["template"]["spec"]
            for container in spec["containers"]:
                container.setdefault("image", "registry.example.com/image:1")
                if container["name"] == "main" and place.endswith("-kserve"):
                    container["args"] = ["--served-model-name", model, "--port", "8000"]
            for index in range(one["spec"].get("replicas", 1)):
                labels = one["spec"]["template"]["metadata"]["labels"]
                found.append(_pod(f"{place}-{index}", labels, spec["containers"]))
    for index, pod in enumerate(found):
        pod["status"]["podIP"] = f"10.128.16.{25 + index}"
    return found


def _pod(place: str, labels: Mapping[str, str], containers: Iterable[Mapping[str, Any]]) -> Body:
    named = [{"image": "registry.example.com/image:1", **one} for one in containers]
    ready = [{"name": one["name"], "ready": True, "restartCount": 0} for one in named]
    status = {
        "phase": "Running",
        "conditions": [condition("PodScheduled"), condition("Ready")],
        "containerStatuses": [
            {**one, "image": "", "imageID": "", "state": {"running": {}}} for one in ready
        ],
    }
    return body("v1", "Pod", place, labels=dict(labels), spec={"containers": named}, status=status)


def pod_name(objects: Mapping[str, Mapping[str, Any]], owner: str) -> str:
    """`ns/name` of the first pod of a Gateway or Deployment."""
    return next(
        key.removeprefix("Pod ") for key in objects if key.startswith("Pod ") and owner in key
    )


def set_status(one: Body, release: Release) -> None:
    """The status that the kind's controller sets when all is well."""
    kind, spec = one["kind"], one.get("spec", {})
    simple = {
        "GatewayClass": ["Accepted"],
        "Kuadrant": ["Ready"],
        "Authorino": ["Ready"],
        "Limitador": ["Ready"],
        "AuthConfig": ["Ready", "Available"],
        "AuthPolicy": ["Accepted", "Enforced"],
        "RateLimitPolicy": ["Accepted", "Enforced"],
        "TokenRateLimitPolicy": ["Accepted", "Enforced"],
        "LLMInferenceService": ["PresetsCombined", "WorkloadsReady", "RouterReady", "Ready"],
    }
    if kind in simple:
        one["status"] = {"conditions": [condition(type_) for type_ in simple[kind]]}
    elif kind == "Gateway":
        one["status"] = _gateway(spec)
    elif kind == "HTTPRoute":
        one["status"] = {"parents": [_parent(ref) for ref in spec["parentRefs"]]}
    elif kind == "InferencePool":
        one["status"] = _pool(one["apiVersion"], release)
    elif kind == "Deployment":
        replicas = spec.get("replicas", 1)
        counts = ("replicas", "readyReplicas", "availableReplicas", "updatedReplicas")
        one["status"] = dict.fromkeys(counts, replicas)


def _gateway(spec: Mapping[str, Any]) -> Body:
    fine = [condition(type_) for type_ in ("Accepted", "ResolvedRefs", "Programmed")]
    return {
        "addresses": [{"type": "Hostname", "value": "a1b2.elb.example.com"}],
        "conditions": [condition("Accepted"), condition("Programmed")],
        "listeners": [
            {
                "name": listener["name"],
                "attachedRoutes": 1,
                "supportedKinds": [{"group": GATEWAY_API, "kind": "HTTPRoute"}],
                "conditions": fine,
            }
            for listener in spec["listeners"]
        ],
    }


def _parent(ref: Mapping[str, Any]) -> Body:
    conditions = [condition("Accepted"), condition("ResolvedRefs")]
    return {"controllerName": CONTROLLER, "parentRef": dict(ref), "conditions": conditions}


def _pool(api_version: str, release: Release) -> Body:
    """Istio takes the pools of one group; those of the other are left without a parent."""
    group = api_version.partition("/")[0]
    if group != release.pool_groups[0]:
        return {}
    place = {"kind": "Gateway", "name": "maas-gateway", "namespace": "openshift-ingress"}
    parent = {"parentRef": place, "conditions": [condition("Accepted"), condition("ResolvedRefs")]}
    if group == INFERENCE_POOL.group:
        parent["controllerName"] = CONTROLLER
        return {"parents": [parent]}
    return {"parent": [parent]}
