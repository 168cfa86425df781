"""The managed HTTPRoute: parents and rules as service and release say, never certain by guess.

Sources: KServe's config-llm-router-route preset, config_merge.go, router.go.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from modelgate.releases import V1_POOL_GROUP
from modelgate.topology.derive.merge import either, section
from modelgate.topology.derive.rules import UNKNOWN_RULE, route_rules
from modelgate.topology.derive.service import Service
from modelgate.topology.objects import UNKNOWN, Object, Unknown
from modelgate.topology.values import items, mapping, mappings, text
from modelgate.versions import table

GATEWAY_API = "gateway.networking.k8s.io"
UNKNOWN_PARENT = {
    "group": GATEWAY_API,
    "kind": "Gateway",
    "name": UNKNOWN,
    "namespace": UNKNOWN,
}


def managed_route(service: Service, objects: Sequence[Object], istio: str) -> Object | None:
    """The HTTPRoute that the operator makes for `service`, or None.

    Where it is not certain whether there is one, or which, it has one rule of UNKNOWN parts.
    """
    refs, http = service.route_refs, service.http
    if service.route is None or (not isinstance(refs, Unknown) and refs):
        return None
    inline = section(http, "spec")
    if isinstance(refs, Unknown) or isinstance(inline, Unknown):
        parents = _parents(service, UNKNOWN)
        return _route(service, {"parentRefs": parents, "rules": [UNKNOWN_RULE]}, {})
    own = mapping(inline)
    parents = _parents(service, own.get("parentRefs"))
    group = _pool_group(service, istio)
    gateways = _gateways(service, parents, objects)
    rules = route_rules(service, own.get("rules"), group, gateways)
    spec = {**own, "parentRefs": parents, "rules": rules}
    return _route(service, spec, _annotations(service, group, rules))


def _route(service: Service, spec: Mapping[str, Any], annotations: Mapping[str, str]) -> Object:
    labels = {
        "app.kubernetes.io/component": "llminferenceservice-router",
        "app.kubernetes.io/name": service.name or UNKNOWN,
        "app.kubernetes.io/part-of": "llminferenceservice",
    }
    name = service.names.route if service.name else ""
    body = {"spec": dict(spec)}
    return service.make(f"{GATEWAY_API}/v1", "HTTPRoute", name, body, labels, annotations)


def _pool_group(service: Service, istio: str) -> str:
    """The group of the pool in backends, once the gateway has answered.

    A managed route starts at the older group and moves when the gateway refuses it or accepts the
    newer one. A pool that somebody else made keeps the group of the preset.
    """
    if service.pool_ref == "" and service.release.migrated_annotation:
        return table().pool_group(service.release, istio)
    return service.release.pool_groups[0]


def _annotations(service: Service, group: str, rules: Any) -> dict[str, str]:
    key = service.release.migrated_annotation
    pool = ("InferencePool", service.names.pool)
    ends_there = any(
        (backend.get("kind"), backend.get("name")) == pool
        for rule in mappings(rules)
        for backend in mappings(rule.get("backendRefs"))
    )
    moved = key and group == V1_POOL_GROUP and service.pool_ref == ""
    return {key: "v1"} if moved and ends_there else {}


def _parents(service: Service, inline: Any) -> list[Any]:
    refs = service.gateway_refs
    if isinstance(refs, Unknown):
        return [UNKNOWN_PARENT]
    if refs:
        return [_parent(ref) for ref in refs]
    if inline is UNKNOWN:
        return [UNKNOWN_PARENT]
    if items(inline):
        return [UNKNOWN_PARENT if one is UNKNOWN else one for one in items(inline)]
    namespace, _, name = service.release.default_gateway.partition("/")
    return [_parent({"name": name, "namespace": namespace})]


def _parent(ref: Any) -> dict[str, Any]:
    if not isinstance(ref, Mapping):
        return UNKNOWN_PARENT
    parent: dict[str, Any] = {
        "group": GATEWAY_API,
        "kind": "Gateway",
        "name": ref.get("name", ""),
    }
    namespace = either(ref.get("namespace"), "")
    if namespace != "":
        parent["namespace"] = namespace
    if "sectionName" in ref:
        parent["sectionName"] = ref["sectionName"]
    return parent


def _gateways(service: Service, parents: Any, objects: Sequence[Object]) -> list[Object]:
    """The Gateways in view that `parents` name."""
    wanted = {
        (
            text(either(mapping(parent).get("namespace"), service.namespace)),
            text(mapping(parent).get("name")),
        )
        for parent in items(parents)
    }
    return [
        obj
        for obj in objects
        if obj.kind == "Gateway"
        and obj.group == GATEWAY_API
        and (obj.namespace, obj.name) in wanted
    ]
