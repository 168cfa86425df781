"""What a gateway controller answers to a route, in place of one: by the rules of Gateway API.

Written from the specification (Gateway API 1.5, RouteConditionReason) and from how Istio 1.28 uses
its words (istio/istio, pilot/pkg/config/kube/gateway). It knows one InferencePool, as Istio does.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from modelgate.local.lab.conditions import fails, holds
from modelgate.local.lab.gateway.attaching import (
    Listener,
    admits,
    listeners_of,
    refers,
    shares_a_hostname,
)
from modelgate.local.lab.gateway.world import INFERENCE, Body, NotUnderstoodError, World

_KINDS: Final = (("", "Service"), (INFERENCE, "InferencePool"))
"""Backends that the gateway knows."""


@dataclass(frozen=True)
class Surroundings:
    """What decides about a route beside itself.

    `gateways` by (namespace, name), each with the controller of its class; `world` has the
    namespaces, backends and ReferenceGrants.
    """

    gateways: Mapping[tuple[str, str], tuple[str, Body]]
    world: World


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
    asked = [each for each in listeners_of(gateway) if refers(reference, route, each)]
    try:
        admitting = [
            each for each in asked if _takes_routes(each) and admits(each, route, around.world)
        ]
    except NotUnderstoodError as error:
        return fails(route, "Accepted", "UnsupportedValue", str(error))
    if not asked:
        why = "no listener has the sectionName or port of the parentRef"
        return fails(route, "Accepted", "NoMatchingParent", why)
    if not admitting:
        why = f"no listener admits {route['kind']}s of namespace {route['metadata']['namespace']}"
        return fails(route, "Accepted", "NotAllowedByListeners", why)
    if not any(shares_a_hostname(each, route) for each in admitting):
        why = "no hostname of the route meets a listener's"
        return fails(route, "Accepted", "NoMatchingListenerHostname", why)
    (accepted,) = holds(route, "Accepted")
    return accepted


def _takes_routes(listener: Listener) -> bool:
    """Whether it has routes of HTTP at all, unless it says itself of which kinds."""
    kinds = listener.spec.get("allowedRoutes", {}).get("kinds")
    return bool(kinds) or listener.spec["protocol"] in ("HTTP", "HTTPS")


def _resolved(route: Body, around: Surroundings) -> dict[str, Any]:
    for rule in route["spec"].get("rules", []):
        for backend in _backends(rule):
            if found := _fault(route, backend, around.world):
                return fails(route, "ResolvedRefs", *found)
    (resolved,) = holds(route, "ResolvedRefs")
    return resolved


def _backends(rule: Body) -> Iterator[Body]:
    yield from rule.get("backendRefs", [])
    for each in rule.get("filters", []):
        if "requestMirror" in each:
            yield each["requestMirror"]["backendRef"]


def _fault(route: Body, backend: Body, world: World) -> tuple[str, str] | None:
    """Reason and words, where the gateway cannot use this backend."""
    own = route["metadata"]["namespace"]
    group, kind = backend.get("group", ""), backend.get("kind", "Service")
    namespace, name = backend.get("namespace", own), backend["name"]
    if (group, kind) not in _KINDS:
        return "InvalidKind", f"this gateway knows no {kind} of group {group or '(core)'}"
    target = f"{kind}.{group}" if group else kind
    if not world.allows(route["kind"], own, target, namespace, name):
        where = f"{kind} {namespace}/{name}"
        return "RefNotPermitted", f"no ReferenceGrant admits {where} to routes of {own}"
    if world.find(kind, namespace, name) is None:
        return "BackendNotFound", f"there is no {kind} {namespace}/{name}"
    return None
