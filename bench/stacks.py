"""Generated stacks: plain manifests of any size, the same for the same size."""

from collections.abc import Iterator
from typing import Any

Manifest = dict[str, Any]

GATEWAY_API = "gateway.networking.k8s.io"
KEY = {"keys": {"apiKey": {"selector": {"matchLabels": {"app": "maas"}}}}}
RULES_A_ROUTE = 5
RULES_A_GATEWAY = 100


def many_gateways(rules: int) -> Iterator[Manifest]:
    """Five rules a route, a hundred a gateway, one hostname each, policies at all levels."""
    yield from _platform()
    for number in range(max(rules // RULES_A_GATEWAY, 1)):
        size = min(rules, RULES_A_GATEWAY)
        yield from _gateway(f"gateway-{number}", f"g{number}.example.com", size)


def one_host(rules: int) -> Iterator[Manifest]:
    """The same number of rules on one hostname of one gateway."""
    yield from _platform()
    yield from _gateway("gateway", "maas.example.com", rules)


def mixed(resources: int) -> Iterator[Manifest]:
    """Gateways and models among what else a stack holds: three in four are no doors at all."""
    count = 0
    for manifest in many_gateways(RULES_A_GATEWAY):
        count += 1
        yield manifest
    for number in range(resources - count):
        kind = ("ConfigMap", "Deployment", "ServiceAccount", "NetworkPolicy")[number % 4]
        yield _bystander(kind, f"other-{number}")


def _platform() -> Iterator[Manifest]:
    yield _made("v1", "Namespace", "ingress")
    yield _made("v1", "Namespace", "llm")
    spec = {"controllerName": "istio.io/gateway-controller"}
    yield _made(f"{GATEWAY_API}/v1", "GatewayClass", "istio", spec=spec)
    yield _made("kuadrant.io/v1beta1", "Kuadrant", "kuadrant", "kuadrant-system")


def _gateway(name: str, hostname: str, rules: int) -> Iterator[Manifest]:
    listener = {
        "name": "https",
        "port": 443,
        "protocol": "HTTPS",
        "hostname": hostname,
        "tls": {"certificateRefs": [{"name": "maas-tls"}]},
        "allowedRoutes": {"namespaces": {"from": "All"}},
    }
    spec = {"gatewayClassName": "istio", "listeners": [listener]}
    yield _made(f"{GATEWAY_API}/v1", "Gateway", name, "ingress", spec)
    yield _policy(f"{name}-auth", "ingress", "Gateway", name)
    yield _policy(f"{name}-listener", "ingress", "Gateway", name, "https")
    for number in range(max(rules // RULES_A_ROUTE, 1)):
        yield from _model(name, f"{name}-model-{number}", number)


def _model(gateway: str, name: str, number: int) -> Iterator[Manifest]:
    backend = {"group": "inference.networking.k8s.io", "kind": "InferencePool", "name": name}
    paths = ("v1/chat/completions", "v1/completions", "v1/models", "v1/embeddings", "")
    rules = [
        {
            "name": f"rule-{index}" if path else "rest",
            "matches": [
                {"path": {"type": "PathPrefix", "value": f"/llm/{name}/{path}".rstrip("/")}}
            ],
            "backendRefs": [backend],
        }
        for index, path in enumerate(paths, 1)
    ]
    spec = {"parentRefs": [{"name": gateway, "namespace": "ingress"}], "rules": rules}
    yield _made(f"{GATEWAY_API}/v1", "HTTPRoute", name, "llm", spec)
    pool = {
        "selector": {"matchLabels": {"app": name}},
        "targetPorts": [{"number": 8000}],
        "endpointPickerRef": {"name": f"{name}-epp", "port": {"number": 9002}},
    }
    yield _made("inference.networking.k8s.io/v1", "InferencePool", name, "llm", pool)
    if number % 4 == 1:
        yield _policy(f"{name}-auth", "llm", "HTTPRoute", name)
    if number % 4 == 2:
        yield _policy(f"{name}-auth", "llm", "HTTPRoute", name, "rest", f"/llm/{name}/health")


def _policy(
    name: str, namespace: str, kind: str, target: str, section: str = "", open_path: str = ""
) -> Manifest:
    reference = {"group": GATEWAY_API, "kind": kind, "name": target}
    spec: Manifest = {
        "targetRef": {**reference, "sectionName": section} if section else reference,
        "rules": {"authentication": KEY},
    }
    if open_path:
        spec["when"] = [{"predicate": f"request.url_path != '{open_path}'"}]
    return _made("kuadrant.io/v1", "AuthPolicy", name, namespace, spec)


def _bystander(kind: str, name: str) -> Manifest:
    labels = {"app": name}
    match kind:
        case "Deployment":
            pod = {"containers": [{"name": "main", "image": "registry.k8s.io/pause:3.10"}]}
            template = {"metadata": {"labels": labels}, "spec": pod}
            spec = {"selector": {"matchLabels": labels}, "template": template}
            return _made("apps/v1", kind, name, "llm", spec)
        case "NetworkPolicy":
            spec = {"podSelector": {"matchLabels": labels}, "policyTypes": ["Ingress"]}
            return _made("networking.k8s.io/v1", kind, name, "llm", spec)
    return _made("v1", kind, name, "llm")


def _made(
    api_version: str, kind: str, name: str, namespace: str = "", spec: Manifest | None = None
) -> Manifest:
    metadata = {"name": name, "namespace": namespace} if namespace else {"name": name}
    body = {"apiVersion": api_version, "kind": kind, "metadata": metadata}
    return body if spec is None else {**body, "spec": spec}
