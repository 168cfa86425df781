"""Small worlds for the translator, in few words; pods are on loopback."""

from typing import Any

from modelgate.local.lab.gateway.world import World

Body = dict[str, Any]

_CLASS: Body = {
    "kind": "GatewayClass",
    "metadata": {"name": "istio"},
    "spec": {"controllerName": "istio.io/gateway-controller"},
}


def world(*bodies: Body, files: dict[str, str] | None = None) -> World:
    """With the class `istio`."""
    objects: dict[str, list[Body]] = {}
    for body in (_CLASS, *bodies):
        objects.setdefault(body["kind"], []).append(body)
    return World(objects, files or {})


def made(kind: str, name: str, spec: Body, namespace: str = "llm", **metadata: Any) -> Body:
    return {"kind": kind, "metadata": {"name": name, "namespace": namespace, **metadata}} | {
        "spec": spec
    }


def gateway(*listeners: Body, name: str = "maas", namespace: str = "llm") -> Body:
    told = list(listeners) or [listener()]
    return made("Gateway", name, {"gatewayClassName": "istio", "listeners": told}, namespace)


def listener(name: str = "http", port: int = 80, protocol: str = "HTTP", **more: Any) -> Body:
    return {"name": name, "port": port, "protocol": protocol, **more}


def route(name: str, *rules: Body, age: int = 0, **more: Any) -> Body:
    """Of Gateway maas; the larger `age` is the younger."""
    spec = {"parentRefs": [{"name": "maas"}], "rules": list(rules), **more}
    return made("HTTPRoute", name, spec, creationTimestamp=f"2026-01-01T00:00:{age:02}Z")


def rule(*paths: str | Body, to: Body | None = None, **more: Any) -> Body:
    """Prefixes, or whole matches; it leads to Service `models`, port 80."""
    matches = [
        {"path": {"type": "PathPrefix", "value": each}} if isinstance(each, str) else each
        for each in paths
    ]
    return {"matches": matches, "backendRefs": [to or {"name": "models", "port": 80}], **more}


def service(name: str = "models", port: int = 80, target: int = 8000, **more: Any) -> Body:
    ports = [{"name": "http", "port": port, "targetPort": target, **more}]
    return made("Service", name, {"selector": {"app": name}, "ports": ports})


def pod(app: str = "models") -> Body:
    ready = {"podIP": "127.0.0.1", "conditions": [{"type": "Ready", "status": "True"}]}
    body = made("Pod", app, {"containers": [{"name": "main"}]}, labels={"app": app})
    return body | {"status": ready}


def pool(**more: Any) -> Body:
    picker = {"name": "picker", "port": {"number": 9002}, **more}
    spec = {
        "selector": {"matchLabels": {"app": "models"}},
        "targetPorts": [{"number": 8000}],
        "endpointPickerRef": picker,
    }
    return made("InferencePool", "pool", spec)


POOL: Body = {"group": "inference.networking.k8s.io", "kind": "InferencePool", "name": "pool"}
