"""Doors that Kuadrant does not see: whatever leads to a model without its filter.

None of them can be PROTECTED here: either a request gets in, or what stands in the way is not
understood.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from modelgate.findings import Verdict
from modelgate.topology.answers import Door, Request
from modelgate.topology.backends import (
    WORKLOADS,
    Target,
    external_ips,
    gateway_service,
    model_selectors,
    of_gateway,
    pod_template,
    pool_selector,
    ports,
    resolve,
)
from modelgate.topology.graph import Topology
from modelgate.topology.objects import Object
from modelgate.topology.routes import GATEWAY_API, Backend, Route, read_route
from modelgate.topology.values import items, labels, mapping, mappings, number, selects, text
from modelgate.versions import table

PROBE = "/v1/models"
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
    {"CustomResource", "Gateway", "HTTPRoute", "GRPCRoute", "AuthPolicy", "Service", "Ingress"}
)
"""Kinds of which a Pulumi Patch resource hides what will be in force."""


def side_doors(topology: Topology) -> Iterator[Door]:
    """Every way to a model that runs beside Kuadrant's filter, and what hides one from view."""
    yield from _gateways_out_of_view(topology)
    yield from _stream_routes(topology)
    yield from _open_services(topology)
    yield from _fronts(topology)
    yield from _virtual_services(topology)
    yield from _host_pods(topology)
    for obj in topology.objects if not topology.settings.everything else ():
        reason = OPAQUE_KINDS.get(f"{obj.group}/{obj.kind}")
        if obj.kind.endswith("Patch") and obj.kind.removesuffix("Patch") in PATCHED:
            reason = "what it patches is not in view"
        if reason:
            yield _door(obj, Verdict.UNDECIDED, reason, backend=obj.ref)


def _door(
    obj: Object,
    verdict: Verdict,
    reason: str,
    backend: str,
    request: Request | None = None,
    **more: Any,
) -> Door:
    return Door(
        verdict=verdict,
        reason=reason,
        route=more.pop("route", obj.ref),
        backend=backend,
        request=request,
        opened_by=obj.ref,
        source=obj.source,
        derived_from=obj.derived_from,
        **more,
    )


def _gateways_out_of_view(topology: Topology) -> Iterator[Door]:
    for route in topology.routes:
        for parent in route.parents:
            key = f"{parent.namespace}/{parent.name}"
            if parent.kind in LISTENER_SETS:
                yield from _listener_set(topology, route, parent.kind, key)
            elif parent.kind == "Gateway" and key not in topology.gateways:
                reason = f"Gateway {key} is not in view: give it with `--with STACK|PATH|--live`"
                for rule, target in _targets(topology, route):
                    yield _door(
                        route.object,
                        Verdict.UNDECIDED,
                        reason,
                        target.backend.ref,
                        gateway=key,
                        rule=rule,
                    )


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
            yield _door(
                route.object, Verdict.UNDECIDED, reason, target.backend.ref, gateway=key, rule=rule
            )
            continue
        reason = f"the route hangs on {kind} {key}, which no AuthPolicy reaches"
        request = _listener_request(listeners, route)
        yield _door(
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
    for obj in topology.of("TLSRoute", "TCPRoute", "UDPRoute"):
        if obj.group != GATEWAY_API:
            continue
        route = read_route(obj)
        for parent, gateway in topology.parents(route):
            listener = next(
                (item for item in gateway.listeners if parent.section in ("", item.name)), None
            )
            for rule, target in _targets(topology, route):
                host = next(iter(route.hostnames), "") or "model.example.net"
                secure = obj.kind == "TLSRoute"
                request = Request(
                    host=host.replace("*", "x9", 1),
                    scheme="https" if secure else "http",
                    port=listener.port if listener else 443,
                    path=PROBE,
                    gateway=gateway.key,
                )
                yield _door(
                    obj,
                    Verdict.UNDECIDED if target.doubt else Verdict.EXPOSED,
                    target.doubt or f"no AuthPolicy applies to a {obj.kind}",
                    target.backend.ref,
                    None if target.doubt else request,
                    gateway=gateway.key,
                    rule=rule,
                )


def _serves(topology: Topology, namespace: str, name: str) -> Target:
    """What stands behind a Service, wherever the reference to it comes from."""
    here = Object("", "", namespace, "", {})
    return resolve(topology, read_route(here), Backend("", "Service", namespace, name))


def _model_pods(topology: Topology, service: Object) -> bool:
    """Whether `service` surely selects pods of a model: a pool selects the same ones."""
    selector = labels(service.spec.get("selector"))
    return any(
        namespace == service.namespace and selector.items() <= {**pods}.items()
        for namespace, pods in model_selectors(topology)
    )


def _open_services(topology: Topology) -> Iterator[Door]:
    for obj in topology.of("Service"):
        kind = text(obj.spec.get("type"), "ClusterIP")
        if kind not in ("LoadBalancer", "NodePort") and not external_ips(obj):
            continue
        target = _serves(topology, obj.namespace, obj.name)
        if target.harmless or of_gateway(topology, obj):
            continue
        port = next(iter(ports(obj)), 80)
        how = kind if kind in ("LoadBalancer", "NodePort") else "externalIPs"
        if _model_pods(topology, obj):
            host = f"{obj.name}.{obj.namespace}"
            request = Request(host=host, scheme="http", port=port, path=PROBE)
            yield _door(
                obj,
                Verdict.EXPOSED,
                f"Service of type {how} leads straight to the model's pods",
                obj.ref,
                request,
                remedy="make it ClusterIP and let requests in through the gateway",
            )
        else:
            reason = (
                target.doubt or f"{obj.ref} ({how}): whether its pods serve a model is not known"
            )
            yield _door(obj, Verdict.UNDECIDED, reason, obj.ref)


def _fronts(topology: Topology) -> Iterator[Door]:
    for obj in topology.of("Route"):
        if obj.group == "route.openshift.io":
            refs = [mapping(obj.spec.get("to")), *mappings(obj.spec.get("alternateBackends"))]
            host = text(obj.spec.get("host")) or f"{obj.name}.apps.example.net"
            secure = "tls" in obj.spec
            for ref in refs:
                yield from _front(topology, obj, text(ref.get("name")), host, secure, "/")
    for obj in topology.of("Ingress"):
        default = mapping(mapping(obj.spec.get("defaultBackend")).get("service"))
        if default:
            yield from _front(topology, obj, text(default.get("name")), "", False, "/")
        for rule in mappings(obj.spec.get("rules")):
            for path in mappings(mapping(rule.get("http")).get("paths")):
                service = mapping(mapping(path.get("backend")).get("service"))
                name, host = text(service.get("name")), text(rule.get("host"))
                secure = "tls" in obj.spec
                yield from _front(topology, obj, name, host, secure, text(path.get("path"), "/"))


def _front(
    topology: Topology, obj: Object, name: str, host: str, secure: bool, path: str
) -> Iterator[Door]:
    service = topology.find("Service", obj.namespace, name, "")
    if gateway_service(topology, obj.namespace, name):
        return
    if service is not None and of_gateway(topology, service):
        return
    target = _serves(topology, obj.namespace, name)
    if target.harmless:
        return
    if service is None or not _model_pods(topology, service):
        reason = (
            target.doubt or f"whether the pods of {target.backend.ref} serve a model is not known"
        )
        yield _door(obj, Verdict.UNDECIDED, reason, target.backend.ref)
        return
    request = Request(
        host=(host or "model.example.net").replace("*", "x9", 1),
        scheme="https" if secure else "http",
        port=443 if secure else 80,
        path=path.rstrip("/") + PROBE,
    )
    reason = f"{obj.kind} leads to the model beside every gateway and policy"
    remedy = f"remove the {obj.kind}, or let it lead to the gateway's Service"
    yield _door(obj, Verdict.EXPOSED, reason, target.backend.ref, request, remedy=remedy)


def _virtual_services(topology: Topology) -> Iterator[Door]:
    for obj in topology.of("VirtualService"):
        outside = [text(name) for name in items(obj.spec.get("gateways")) if name != "mesh"]
        if not outside:
            continue
        for host in sorted(set(_destinations(obj))):
            name, _, rest = host.partition(".")
            namespace = rest.partition(".")[0] or obj.namespace
            if _serves(topology, namespace, name).harmless:
                continue
            yield _door(
                obj,
                Verdict.UNDECIDED,
                f"VirtualService on {', '.join(outside)}: no AuthPolicy applies to it",
                f"Service {namespace}/{name}",
                gateway=outside[0],
            )


def _destinations(obj: Object) -> Iterator[str]:
    for protocol in ("http", "tls", "tcp"):
        for rule in mappings(obj.spec.get(protocol)):
            places: list[Mapping[str, Any]] = [*mappings(rule.get("route"))]
            places.append({"destination": mapping(rule.get("mirror"))})
            for place in places:
                host = text(mapping(place.get("destination")).get("host"))
                if host:
                    yield host


def _host_pods(topology: Topology) -> Iterator[Door]:
    models = model_selectors(topology)
    for workload in topology.of(*WORKLOADS):
        pod = mapping(pod_template(workload))
        own = labels(mapping(pod.get("metadata")).get("labels"))
        if not any(
            workload.namespace == namespace and wanted.items() <= own.items()
            for namespace, wanted in models
        ):
            continue
        spec = mapping(pod.get("spec"))
        port = _host_port(spec)
        if port:
            request = Request(host="node.example.net", scheme="http", port=port, path=PROBE)
            reason = "the model's pods listen on their node's own address"
            remedy = "leave out hostNetwork and hostPort"
            yield _door(workload, Verdict.EXPOSED, reason, workload.ref, request, remedy=remedy)


def _host_port(spec: Mapping[str, Any]) -> int:
    for container in mappings(spec.get("containers")):
        for port in mappings(container.get("ports")):
            if number(port.get("hostPort")):
                return number(port["hostPort"])
            if spec.get("hostNetwork") is True:
                return number(port.get("containerPort"), 8000)
    return 8000 if spec.get("hostNetwork") is True else 0


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
    return bool(rules) and all(rule.get("from") for ingress in rules for rule in ingress)
