"""Ways to a model's pods that pass no gateway at all: Services, Ingresses, Routes, host ports.

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
    pod_templates,
    ports,
    resolve,
)
from modelgate.topology.graph import Topology
from modelgate.topology.objects import Object
from modelgate.topology.routes import Backend, read_route
from modelgate.topology.values import items, labels, mapping, mappings, number, text

PROBE = "/v1/models"


def fronts(topology: Topology) -> Iterator[Door]:
    """Every way to a model's pods that passes no gateway."""
    yield from _open_services(topology)
    yield from _forwarders(topology)
    yield from _virtual_services(topology)
    yield from _host_pods(topology)


def side_door(
    obj: Object,
    verdict: Verdict,
    reason: str,
    backend: str,
    request: Request | None = None,
    **more: Any,
) -> Door:
    """A door that `obj` opens by itself."""
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
            yield side_door(
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
            yield side_door(obj, Verdict.UNDECIDED, reason, obj.ref)


def _forwarders(topology: Topology) -> Iterator[Door]:
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
    made = service is None and gateway_service(topology, obj.namespace, name)
    if made or (service is not None and of_gateway(topology, service)):
        return
    target = _serves(topology, obj.namespace, name)
    if target.harmless:
        return
    if service is None or not _model_pods(topology, service):
        reason = (
            target.doubt or f"whether the pods of {target.backend.ref} serve a model is not known"
        )
        yield side_door(obj, Verdict.UNDECIDED, reason, target.backend.ref)
        return
    request = Request(
        host=(host or "model.example.net").replace("*", "x9", 1),
        scheme="https" if secure else "http",
        port=443 if secure else 80,
        path=path.rstrip("/") + PROBE,
    )
    reason = f"{obj.kind} leads to the model beside every gateway and policy"
    remedy = f"remove the {obj.kind}, or let it lead to the gateway's Service"
    yield side_door(obj, Verdict.EXPOSED, reason, target.backend.ref, request, remedy=remedy)


def _virtual_services(topology: Topology) -> Iterator[Door]:
    for obj in topology.of("VirtualService"):
        outside = [text(name) for name in items(obj.spec.get("gateways")) if name != "mesh"]
        if not outside:
            continue
        if any("delegate" in rule for rule in mappings(obj.spec.get("http"))):
            reason = f"VirtualService on {', '.join(outside)}: what it delegates to is not followed"
            yield side_door(obj, Verdict.UNDECIDED, reason, obj.ref, gateway=outside[0])
        for host in sorted(set(_destinations(obj))):
            name, _, rest = host.partition(".")
            namespace = rest.partition(".")[0] or obj.namespace
            if _serves(topology, namespace, name).harmless:
                continue
            yield side_door(
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
            places += [*mappings(rule.get("mirrors")), {"destination": rule.get("mirror")}]
            for place in places:
                host = text(mapping(place.get("destination")).get("host"))
                if host:
                    yield host


def _host_pods(topology: Topology) -> Iterator[Door]:
    models = model_selectors(topology)
    for workload in topology.of(*WORKLOADS):
        served = [
            mapping(pod.get("spec"))
            for pod in pod_templates(workload)
            for own in (labels(mapping(pod.get("metadata")).get("labels")),)
            if any(
                workload.namespace == namespace and wanted.items() <= own.items()
                for namespace, wanted in models
            )
        ]
        port = next(filter(None, map(_host_port, served)), 0)
        if port:
            request = Request(host="node.example.net", scheme="http", port=port, path=PROBE)
            reason = "the model's pods listen on their node's own address"
            remedy = "leave out hostNetwork and hostPort"
            yield side_door(workload, Verdict.EXPOSED, reason, workload.ref, request, remedy=remedy)


def _host_port(spec: Mapping[str, Any]) -> int:
    for container in mappings(spec.get("containers")):
        for port in mappings(container.get("ports")):
            if number(port.get("hostPort")):
                return number(port["hostPort"])
            if spec.get("hostNetwork") is True:
                return number(port.get("containerPort"), 8000)
    return 8000 if spec.get("hostNetwork") is True else 0
