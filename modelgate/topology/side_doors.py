"""Doors that Kuadrant does not see: whatever leads to a model without its filter.

None of them can be PROTECTED here: either a request gets in, or what stands in the way is not
understood.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from modelgate.findings import Verdict
from modelgate.topology.answers import Door, Request
from modelgate.topology.backends import WORKLOADS, Target, pool_selector, resolve
from modelgate.topology.fronts import PROBE, fronts, side_door
from modelgate.topology.graph import PROTOCOLS, Attachment, Topology, served
from modelgate.topology.objects import Object
from modelgate.topology.routes import GATEWAY_API, Route, read_route
from modelgate.topology.unknown import EVERYWHERE, PLACED, ROUTED
from modelgate.topology.values import items, mapping, mappings, number, selected_by, selects, text
from modelgate.versions import table

LISTENER_SETS = ("ListenerSet", "XListenerSet")
OPAQUE_KINDS = {
    "helm.sh/Release": "the manifests of its chart are not in view",
    "serving.kserve.io/InferenceService": "the routes of an InferenceService are not derived",
    "inference.opendatahub.io/ExternalModel": "its controller makes routes that are not in view",
    "inference.opendatahub.io/ExternalProvider": "its controller makes routes that are not in view",
    "maas.opendatahub.io/ExternalModel": "its controller makes routes that are not in view",
    "extensions.kuadrant.io/OIDCPolicy": "it makes an AuthPolicy and a route that are not in view",
    "extensions.kuadrant.io/ThreatPolicy": "how it changes authentication is not understood",
}

PATCHED = frozenset(
    {"CustomResource", "Kuadrant", "LLMInferenceService", *ROUTED, *EVERYWHERE, *PLACED}
)
"""Kinds of which a Pulumi Patch resource hides what will be in force."""


def side_doors(topology: Topology) -> Iterator[Door]:
    """Every way to a model that runs beside Kuadrant's filter, and what hides one from view."""
    yield from _gateways_out_of_view(topology)
    yield from _stream_routes(topology)
    yield from fronts(topology)
    for obj in topology.objects if not topology.settings.everything else ():
        reason = OPAQUE_KINDS.get(f"{obj.group}/{obj.kind}")
        if _patches(obj):
            reason = "what it patches is not in view"
        if reason:
            yield side_door(obj, Verdict.UNDECIDED, reason, backend=obj.ref)


def _patches(obj: Object) -> bool:
    """Whether `obj` is a Pulumi Patch resource that may change who gets in."""
    kind = obj.kind.removesuffix("Patch")
    if kind == obj.kind or kind not in WORKLOADS:
        return kind != obj.kind and kind in PATCHED
    return bool({"hostNetwork", "hostPort", "labels"} & set(_keys(obj.spec)))


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield from value
    for item in value.values() if isinstance(value, Mapping) else items(value):
        yield from _keys(item)


def _gateways_out_of_view(topology: Topology) -> Iterator[Door]:
    for route in (*topology.routes, *_streams(topology)):
        for parent in route.parents:
            key = f"{parent.namespace}/{parent.name}"
            if parent.kind in LISTENER_SETS:
                yield from _listener_set(topology, route, parent.kind, key)
            elif parent.kind == "Gateway" and key not in topology.gateways:
                reason = f"Gateway {key} is not in view: give it with `--with STACK|PATH|--live`"
                for rule, target in _targets(topology, route):
                    backend = target.backend.ref
                    unsure = Verdict.UNDECIDED
                    yield side_door(route.object, unsure, reason, backend, gateway=key, rule=rule)


def _streams(topology: Topology) -> list[Route]:
    return [read_route(obj) for obj in topology.of(*PROTOCOLS) if obj.group == GATEWAY_API]


def _targets(topology: Topology, route: Route) -> Iterator[tuple[int, Target]]:
    for rule in route.rules:
        for backend in rule.backends:
            target = resolve(topology, route, backend)
            if not target.harmless and not target.closed:
                yield rule.index, target


def _listener_set(topology: Topology, route: Route, kind: str, key: str) -> Iterator[Door]:
    """Istio serves a route on a ListenerSet, Kuadrant has no path for it (policy-machinery)."""
    istio = table().istio(topology.settings.version("istio"))
    if not istio.listener_sets:
        return
    namespace, _, name = key.partition("/")
    listeners = topology.find(kind, namespace, name)
    for rule, target in _targets(topology, route):
        if listeners is None or target.doubt:
            reason = target.doubt or f"{kind} {key} is not in view"
            yield side_door(
                route.object, Verdict.UNDECIDED, reason, target.backend.ref, gateway=key, rule=rule
            )
            continue
        reason = f"the route hangs on {kind} {key}, which no AuthPolicy reaches"
        request = _listener_request(listeners, route)
        yield side_door(
            route.object,
            Verdict.EXPOSED,
            reason,
            target.backend.ref,
            request,
            gateway=key,
            rule=rule,
        )


def _listener_request(listeners: Object, route: Route) -> Request:
    first = next(mappings(listeners.spec.get("listeners")), {})
    host = text(first.get("hostname")) or next(iter(route.hostnames), "") or "model.example.net"
    secure = text(first.get("protocol")) == "HTTPS"
    path = route.rules[0].matches[0].path if route.rules else PROBE
    return Request(
        host=host.replace("*", "x9", 1),
        scheme="https" if secure else "http",
        port=number(first.get("port"), 443 if secure else 80),
        path=path if path.startswith("/") else PROBE,
    )


def _stream_routes(topology: Topology) -> Iterator[Door]:
    for route in _streams(topology):
        for parent, gateway in topology.parents(route):
            for attached in served(topology, route, parent, gateway):
                for rule, target in _targets(topology, route):
                    yield _stream(attached, rule, target)


def _stream(attached: Attachment, rule: int, target: Target) -> Door:
    obj, host = attached.route.object, attached.hostnames[0]
    doubt = attached.doubt or target.doubt
    request = Request(
        host="model.example.net" if host == "*" else host.replace("*", "x9", 1),
        scheme="https" if obj.kind == "TLSRoute" else "http",
        port=attached.listener.port,
        path=PROBE,
        gateway=attached.gateway.key,
    )
    return side_door(
        obj,
        Verdict.UNDECIDED if doubt else Verdict.EXPOSED,
        doubt or f"no AuthPolicy applies to a {obj.kind}",
        target.backend.ref,
        None if doubt else request,
        gateway=attached.gateway.key,
        rule=rule,
    )


def inside_only(topology: Topology) -> list[str]:
    """What every pod of the cluster may reach: models whose pods no NetworkPolicy guards."""
    return sorted(
        f"{pool.ref}: no NetworkPolicy restricts who reaches its pods"
        for pool in topology.of("InferencePool")
        if not _guarded(topology, pool.namespace, pool_selector(pool))
    )


def _guarded(topology: Topology, namespace: str, pods: Mapping[str, str]) -> bool:
    """Whether some NetworkPolicy selects the pods and none of those admits everybody."""
    rules = [
        list(mappings(policy.spec.get("ingress")))
        for policy in topology.of("NetworkPolicy")
        if policy.namespace == namespace
        and ("Ingress" in items(policy.spec.get("policyTypes")) or "ingress" in policy.spec)
        and selects(policy.spec.get("podSelector"), pods)
    ]
    return bool(rules) and not any(_admits_all(rule) for ingress in rules for rule in ingress)


def _admits_all(rule: Mapping[str, Any]) -> bool:
    """Whether an ingress rule admits every pod of the cluster."""
    peers = list(mappings(rule.get("from")))
    return not peers or any(_anybody(peer) for peer in peers)


def _anybody(peer: Mapping[str, Any]) -> bool:
    if "namespaceSelector" in peer:
        asked = selected_by(peer["namespaceSelector"]) | selected_by(peer.get("podSelector"))
        return not asked
    return text(mapping(peer.get("ipBlock")).get("cidr")).endswith("/0")
