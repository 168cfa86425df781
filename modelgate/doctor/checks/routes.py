"""The guide's third check: a route that a gateway did not take, or whose backend it cannot use.

Each parent answers for itself: Accepted says whether the route is attached, ResolvedRefs whether
its backends are known to that gateway. Kuadrant and others add parents of their own, which say
nothing about either.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from modelgate.doctor.check import Layer
from modelgate.doctor.conditions import Condition, behind, condition
from modelgate.doctor.kinds import GATEWAY, HTTP_ROUTE, NAMESPACE, Kind
from modelgate.doctor.results import Problem, Result, judged, many, warning
from modelgate.doctor.view import View, parents
from modelgate.topology.objects import Object
from modelgate.topology.values import items, labels, mapping, mappings, text
from modelgate.versions import table

ID = "routes"
TITLE = "every route to a model is accepted by its gateways, and its backends are known"
LAYER = Layer.ROUTES
NEEDS: tuple[str, ...] = ("gateway-class", "model-crds")
READS: tuple[Kind, ...] = (HTTP_ROUTE, GATEWAY, NAMESPACE)
WAY_OUT = "correct the route as the condition says"
WAITS = True


def run(view: View) -> Result:
    if not view.routes:
        return judged([Problem("no HTTPRoute leads to a model", "deploy the model and its route")])
    said = many(len(view.routes), "route")
    return judged((p for route in view.routes for p in _route(view, route)), said)


def _route(view: View, route: Object) -> Iterator[Problem]:
    command = f"kubectl get httproute -n {route.namespace} {route.name} -o yaml"
    for place in dict.fromkeys(parents(route)):
        name = "/".join(place)
        if view.find(GATEWAY, *place) is None:
            fix = "create that Gateway, or correct parentRefs"
            yield Problem(f"{route.ref}: its parent Gateway {name} does not exist", fix, command)
            continue
        statuses = [one for one in _statuses(route) if _names(one, place, route)]
        if not statuses:
            yield Problem(
                f"{route.ref}: Gateway {name} has not answered",
                "its controller does not look at it: is the GatewayClass accepted, istiod running?",
                command,
            )
        for status in statuses:
            yield from _parent(view, route, place, status, command)


def _statuses(route: Object) -> Iterator[Mapping[str, Any]]:
    """What gateway controllers said: those that report Accepted (Kuadrant's entry does not)."""
    for one in mappings(mapping(route.body.get("status")).get("parents")):
        if condition(one, "Accepted").status:
            yield one


def _names(status: Mapping[str, Any], place: tuple[str, str], route: Object) -> bool:
    ref = mapping(status.get("parentRef"))
    return (text(ref.get("namespace")) or route.namespace, text(ref.get("name"))) == place


def _parent(
    view: View, route: Object, place: tuple[str, str], status: Mapping[str, Any], command: str
) -> Iterator[Problem]:
    where = f"{route.ref}, parent {'/'.join(place)}"
    accepted, resolved = condition(status, "Accepted"), condition(status, "ResolvedRefs")
    if not accepted.holds:
        fix, paste = _not_accepted(view, route, place, accepted)
        yield Problem(f"{where}: {accepted}", fix, paste or command)
    elif resolved.status and not resolved.holds:
        yield Problem(f"{where}: {resolved}", _not_resolved(view, route, resolved), command)
    elif behind(route, status):
        yield warning(f"{where}: its status speaks of an older generation", "wait", command)


def _not_accepted(
    view: View, route: Object, place: tuple[str, str], found: Condition
) -> tuple[str, str]:
    """The way out, and a command where one would mend it."""
    if found.reason == "NotAllowedByListeners":
        return _not_allowed(view, route, place)
    return {
        "NoMatchingListenerHostname": "give listener and route hostnames that meet, or none",
        "NoMatchingParent": "no listener has the sectionName or port that parentRefs asks for",
        "UnsupportedValue": "a match or filter of the route is not supported by this gateway",
        "Pending": "the gateway has not looked at it yet",
    }.get(found.reason, WAY_OUT), ""


def _not_allowed(view: View, route: Object, place: tuple[str, str]) -> tuple[str, str]:
    gateway = view.find(GATEWAY, *place)
    own = view.find(NAMESPACE, "", route.namespace)
    has = labels(own.metadata.get("labels")) if own else {}
    for listener in mappings(gateway.spec.get("listeners") if gateway else ()):
        name = text(listener.get("name"))
        allowed = mapping(mapping(listener.get("allowedRoutes")).get("namespaces"))
        selector = mapping(allowed.get("selector"))
        wanted = labels(selector.get("matchLabels"))
        missing = {key: value for key, value in wanted.items() if has.get(key) != value}
        if missing:
            pairs = " ".join(f"{key}={value}" for key, value in missing.items())
            fix = f"listener {name} admits namespaces with {pairs}; {route.namespace} has not"
            return fix, f"kubectl label namespace {route.namespace} {pairs}"
        listed = list(mappings(selector.get("matchExpressions")))
        if listed:
            values = ", ".join(str(value) for one in listed for value in items(one.get("values")))
            fix = f"listener {name} admits namespaces {values}; {route.namespace} is not among them"
            return f"{fix}: name it in gateway.routeNamespaces", ""
        if allowed.get("from", "Same") == "Same":
            fix = f"listener {name} admits routes of namespace {place[0]} only (allowedRoutes)"
            return f"{fix}: admit {route.namespace} with a selector", ""
    return "the listener's allowedRoutes does not admit HTTPRoutes of this namespace", ""


def _not_resolved(view: View, route: Object, found: Condition) -> str:
    match found.reason:
        case "InvalidKind":
            return _right_group(view, route)
        case "RefNotPermitted":
            return (
                "the backend is in another namespace: a ReferenceGrant there must admit HTTPRoutes"
                f" of {route.namespace}"
            )
        case "BackendNotFound":
            return "the Service or InferencePool that backendRefs names does not exist (yet)"
    return WAY_OUT


def _right_group(view: View, route: Object) -> str:
    """Which group the backendRef must name, for this release behind this Istio."""
    groups = {
        text(ref.get("group")) or "(core)"
        for rule in mappings(route.spec.get("rules"))
        for ref in mappings(rule.get("backendRefs"))
        if ref.get("kind") == "InferencePool"
    }
    istio, release = view.versions.get("istio", ""), view.release
    if not istio or not release or not groups:
        return "this gateway does not know the backend's group and kind"
    read = table().istio(istio, upstream=release.upstream).pool_group
    made = " and ".join(release.pool_groups)
    fix = f"Istio {istio} reads InferencePools of {read}; the route names {', '.join(groups)}"
    return f"{fix}, {release.title} makes them in {made}"
