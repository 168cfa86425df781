"""What a gateway controller answers to a route, in place of one: by the rules of Gateway API.

Written from the specification (Gateway API 1.5, RouteConditionReason) and from how Istio 1.28 uses
its words (istio/istio, pilot/pkg/config/kube/gateway). It knows one InferencePool, as Istio does.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from modelgate.local.lab.conditions import fails, holds

GATEWAY_API: Final = "gateway.networking.k8s.io"
POOLS: Final = "inference.networking.k8s.io"
_SERVICE: Final = ("", "Service")
_POOL: Final = (POOLS, "InferencePool")

Body = Mapping[str, Any]
Names = frozenset[tuple[str, str, str, str]]
"""(group, kind, namespace, name) of objects."""


@dataclass(frozen=True)
class Surroundings:
    """What decides about a route beside itself.

    `gateways` by (namespace, name), each with the controller of its class; `namespaces` are labels
    by name.
    """

    gateways: Mapping[tuple[str, str], tuple[str, Body]]
    namespaces: Mapping[str, Mapping[str, str]]
    backends: Names
    grants: Iterable[Body]


def parents(route: Body, around: Surroundings) -> Iterator[dict[str, Any]]:
    """An entry of `status.parents` for each parent that is a Gateway with a controller."""
    namespace = route["metadata"]["namespace"]
    resolved = _resolved(route, around)
    for reference in route["spec"].get("parentRefs", []):
        place = (reference.get("namespace", namespace), reference["name"])
        if place in around.gateways and reference.get("kind", "Gateway") == "Gateway":
            controller, gateway = around.gateways[place]
            yield {
                "controllerName": controller,
                "parentRef": reference,
                "conditions": [_accepted(route, reference, gateway, around), resolved],
            }


def _accepted(route: Body, reference: Body, gateway: Body, around: Surroundings) -> dict[str, Any]:
    namespace = route["metadata"]["namespace"]
    asked = [
        listener
        for listener in gateway["spec"]["listeners"]
        if reference.get("sectionName", listener["name"]) == listener["name"]
        and reference.get("port", listener["port"]) == listener["port"]
    ]
    admitting = [
        listener
        for listener in asked
        if _admits_kind(listener, route["kind"])
        and _admits_namespace(listener, gateway, namespace, around.namespaces.get(namespace, {}))
    ]
    if not asked:
        why = "no listener has the sectionName or port of the parentRef"
        return fails(route, "Accepted", "NoMatchingParent", why)
    if not admitting:
        why = f"no listener admits {route['kind']}s of namespace {namespace}"
        return fails(route, "Accepted", "NotAllowedByListeners", why)
    if not any(_hostnames_meet(listener, route) for listener in admitting):
        why = "no hostname of the route meets a listener's"
        return fails(route, "Accepted", "NoMatchingListenerHostname", why)
    (accepted,) = holds(route, "Accepted")
    return accepted


def _admits_kind(listener: Body, kind: str) -> bool:
    kinds = listener.get("allowedRoutes", {}).get("kinds")
    if not kinds:
        return listener["protocol"] in ("HTTP", "HTTPS")
    return any(
        each["kind"] == kind and each.get("group", GATEWAY_API) == GATEWAY_API for each in kinds
    )


def _admits_namespace(
    listener: Body, gateway: Body, namespace: str, labels: Mapping[str, str]
) -> bool:
    allowed = listener.get("allowedRoutes", {}).get("namespaces", {})
    match allowed.get("from", "Same"):
        case "All":
            return True
        case "Selector":
            return _selects(allowed.get("selector", {}), labels)
        case "Same":
            return bool(namespace == gateway["metadata"]["namespace"])
    return False


def _selects(selector: Body, labels: Mapping[str, str]) -> bool:
    equal = all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())
    return equal and all(_meets(each, labels) for each in selector.get("matchExpressions", []))


def _meets(expression: Body, labels: Mapping[str, str]) -> bool:
    key, values = expression["key"], expression.get("values", [])
    return {
        "In": key in labels and labels.get(key) in values,
        "NotIn": key not in labels or labels.get(key) not in values,
        "Exists": key in labels,
        "DoesNotExist": key not in labels,
    }[str(expression["operator"])]


def _hostnames_meet(listener: Body, route: Body) -> bool:
    ours, theirs = listener.get("hostname", ""), route["spec"].get("hostnames", [])
    return not ours or not theirs or any(_covers(ours, one) or _covers(one, ours) for one in theirs)


def _covers(pattern: str, host: str) -> bool:
    """`*.a.b` covers every name below `a.b`, at any depth, but not `a.b`."""
    if pattern.startswith("*."):
        return host.removeprefix("*").endswith(pattern[1:]) and host != pattern[2:]
    return pattern == host


def _resolved(route: Body, around: Surroundings) -> dict[str, Any]:
    for rule in route["spec"].get("rules", []):
        for backend in _backends(rule):
            if found := _fault(route, backend, around):
                return fails(route, "ResolvedRefs", *found)
    (resolved,) = holds(route, "ResolvedRefs")
    return resolved


def _backends(rule: Body) -> Iterator[Body]:
    yield from rule.get("backendRefs", [])
    for each in rule.get("filters", []):
        if "requestMirror" in each:
            yield each["requestMirror"]["backendRef"]


def _fault(route: Body, backend: Body, around: Surroundings) -> tuple[str, str] | None:
    """Reason and words, where the gateway cannot use this backend."""
    own = route["metadata"]["namespace"]
    group, kind = backend.get("group", ""), backend.get("kind", "Service")
    namespace, name = backend.get("namespace", own), backend["name"]
    if (group, kind) not in (_SERVICE, _POOL):
        return "InvalidKind", f"this gateway knows no {kind} of group {group or '(core)'}"
    if namespace != own and not any(
        _grants(grant, route, (group, kind, namespace, name)) for grant in around.grants
    ):
        where = f"{kind} {namespace}/{name}"
        return "RefNotPermitted", f"no ReferenceGrant admits {where} to routes of {own}"
    if (group, kind, namespace, name) not in around.backends:
        return "BackendNotFound", f"there is no {kind} {namespace}/{name}"
    return None


def _grants(grant: Body, route: Body, backend: tuple[str, str, str, str]) -> bool:
    group, kind, namespace, name = backend
    source = (GATEWAY_API, route["kind"], route["metadata"]["namespace"])
    return (
        grant["metadata"]["namespace"] == namespace
        and any((one["group"], one["kind"], one["namespace"]) == source for one in _from(grant))
        and any(
            (one.get("group", ""), one["kind"]) == (group, kind) and one.get("name", name) == name
            for one in grant["spec"]["to"]
        )
    )


def _from(grant: Body) -> list[Body]:
    sources: list[Body] = grant["spec"]["from"]
    return sources
