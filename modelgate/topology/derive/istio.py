"""DestinationRules of the OpenShift build: how the gateway meets picker and pods over TLS.

Sources: red-hat-data-services/kserve, workload_tls_self_signed_istio.go and
router_platform_networking_ocp.go.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from modelgate.releases import shadow_service
from modelgate.topology.derive.merge import either
from modelgate.topology.derive.pool import picker_service_name
from modelgate.topology.derive.service import Service
from modelgate.topology.objects import UNKNOWN, Object, Unknown
from modelgate.topology.values import items, mapping, text

CA = "/var/run/secrets/kubernetes.io/serviceaccount/service-ca.crt"
CONTROLLERS = (
    "istio.io/gateway-controller",
    "istio.io/unmanaged-gateway",
    "openshift.io/gateway-controller/v1",
)


def destination_rules(
    service: Service, route: Object | None, objects: Sequence[Object]
) -> Iterator[Object]:
    """The rules for workload, picker and Istio's own Service; `route` is the managed one."""
    kind = service.release.destination_rules
    if kind is None or service.route is None or not _on_istio(route, objects):
        return
    pods = service.names.workload_service
    checked = "workload" in kind.verified and service.prefill is None
    yield _rule(service, pods, "workload", (pods, pods), checked)
    if service.scheduler is None:
        return
    picker = picker_service_name(service)
    name = service.names.child("-kserve-scheduler")
    yield _rule(service, name, "router-scheduler", (picker, picker), "scheduler" in kind.verified)
    pool = service.pool_ref
    shadow = pool if isinstance(pool, Unknown) else shadow_service(pool or service.names.pool)
    component = "shadow-service" if service.release.controller > 1 else "workload"
    yield _rule(
        service,
        service.names.child(kind.shadow_suffix),
        component,
        (shadow, pods),
        "shadow" in kind.verified,
    )


def _rule(
    service: Service,
    name: str,
    component: str,
    hosts: tuple[str | Unknown, str | Unknown],
    checked: bool,
) -> Object:
    """`hosts` are the Services that the rule is for and whose name the certificate must bear."""
    host, sni = (_host(service, one) for one in hosts)
    tls: dict[str, Any] = {"mode": "SIMPLE", "insecureSkipVerify": not checked, "sni": sni}
    if checked:
        tls["caCertificates"] = CA
    labels = {
        "app.kubernetes.io/component": f"llminferenceservice-{component}",
        "app.kubernetes.io/name": service.name,
        "app.kubernetes.io/part-of": "llminferenceservice",
        "llm-d.ai/managed": "true",
    }
    spec = {"host": host, "trafficPolicy": {"tls": tls}, "exportTo": ["*"]}
    version = "networking.istio.io/v1"
    return service.make(version, "DestinationRule", name, {"spec": spec}, labels)


def _host(service: Service, name: str | Unknown) -> str | Unknown:
    return UNKNOWN if isinstance(name, Unknown) else f"{name}.{service.namespace}.svc.cluster.local"


def _on_istio(route: Object | None, objects: Sequence[Object]) -> bool:
    """False only where every parent is in view, with a class of some other controller."""
    parents = items(route.spec.get("parentRefs")) if route else ()
    own = route.namespace if route else ""
    controllers = [_controller(mapping(parent), own, objects) for parent in parents]
    return not controllers or any(one in (None, *CONTROLLERS) for one in controllers)


def _controller(parent: Any, own: str, objects: Sequence[Object]) -> str | None:
    place = (text(either(parent.get("namespace"), own)), text(parent.get("name")))
    for gateway in objects:
        if gateway.kind == "Gateway" and (gateway.namespace, gateway.name) == place:
            wanted = gateway.spec.get("gatewayClassName")
            for one in objects:
                if one.kind == "GatewayClass" and one.name == wanted:
                    return text(one.spec.get("controllerName")) or None
    return None
