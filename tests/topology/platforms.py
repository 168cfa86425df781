"""Small platforms in code: one gateway, one model, and what a test wants to vary."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from modelgate.topology import Object, Settings, read
from tests.topology.case_files import ASSUMED, BASE

GATEWAY_API = "gateway.networking.k8s.io"
KEY: Mapping[str, Any] = {"keys": {"apiKey": {"selector": {"matchLabels": {"app": "maas"}}}}}
ANONYMOUS: Mapping[str, Any] = {"public": {"anonymous": {}}}


def base(*own: Object, without: Iterable[str] = ()) -> list[Object]:
    """The platform of the cases, with `own` objects in place of those of the same name."""
    gone = {obj.ref for obj in own} | set(without)
    return [*(obj for obj in read(BASE, "base.yaml") if obj.ref not in gone), *own]


def settings(**assume: str) -> Settings:
    stated = {name.replace("_", "-"): version for name, version in assume.items()}
    return Settings(assume={**ASSUMED, **stated})


def made(
    api_version: str, kind: str, name: str, namespace: str, spec: Mapping[str, Any], **metadata: Any
) -> Object:
    body = {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace, **metadata},
        "spec": spec,
    }
    return Object(api_version, kind, namespace, name, body)


def auth_policy(
    target: str = "Gateway maas",
    *,
    name: str = "auth",
    block: str = "overrides",
    authentication: Mapping[str, Any] = KEY,
    when: Sequence[str] = (),
    **more: Any,
) -> Object:
    kind, _, target_name = target.partition(" ")
    inner: dict[str, Any] = {"rules": {"authentication": authentication, **more}}
    if when:
        inner["when"] = [{"predicate": predicate} for predicate in when]
    spec = {"targetRef": {"group": GATEWAY_API, "kind": kind, "name": target_name}}
    spec |= inner if block == "bare" else {block: inner}
    namespace = "ingress" if kind == "Gateway" else "llm"
    return made("kuadrant.io/v1", "AuthPolicy", name, namespace, spec)


def http_route(*rules: Mapping[str, Any], name: str = "llama", **spec: Any) -> Object:
    parents = [{"name": "maas", "namespace": "ingress"}]
    return made(
        f"{GATEWAY_API}/v1",
        "HTTPRoute",
        name,
        "llm",
        {"parentRefs": parents, **spec, "rules": list(rules)},
    )


def rule(path: str, kind: str = "PathPrefix", **more: Any) -> dict[str, Any]:
    match = {"path": {"type": kind, "value": path}, **more}
    return {"matches": [match], "backendRefs": [pool()]}


def pool(name: str = "llama") -> dict[str, Any]:
    return {"group": "inference.networking.k8s.io", "kind": "InferencePool", "name": name}
