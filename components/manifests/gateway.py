"""A gateway that only asked-for namespaces may attach to, over HTTPS only.

Without a hostname on listener and routes, Kuadrant's filter has one list of rules for every host,
so no form of a Host header can miss it (Kuadrant/wasm-shim compares hosts in its own way).
"""

from collections.abc import Sequence
from typing import Any

from components.manifests.objects import NAMESPACE_NAME, Manifest, manifest
from modelgate.config import Gateway

GROUP = "gateway.networking.k8s.io"
API_VERSION = f"{GROUP}/v1"
LISTENER = "https"

UNMANAGED = {"opendatahub.io/managed": "false"}
"""Keeps odh-model-controller from adding an AuthPolicy of its own to the gateway.

OpenShift AI 3.0 to 3.3 read the label only, 3.4 and later label or annotation
(red-hat-data-services/odh-model-controller, IsExplicitlyUnmanaged).
"""

AUTHORINO_TLS = {"security.opendatahub.io/authorino-tls-bootstrap": "true"}
"""Keeps odh-model-controller's EnvoyFilter for TLS to Authorino on an unmanaged gateway."""


def gateway_class(gateway: Gateway) -> Manifest:
    """The GatewayClass; without it Kuadrant has no path to a gateway and writes no filter."""
    spec = {"controllerName": gateway.controller}
    return manifest(API_VERSION, "GatewayClass", gateway.class_name, spec=spec)


def maas_gateway(gateway: Gateway, namespaces: Sequence[str]) -> Manifest:
    """The gateway in front of models in `namespaces`; routes of others cannot attach."""
    listener = _https(gateway.certificate, [gateway.namespace, *namespaces])
    if gateway.hostname_on_listener:
        listener["hostname"] = gateway.hostname
    return manifest(
        API_VERSION,
        "Gateway",
        gateway.name,
        gateway.namespace,
        labels=UNMANAGED,
        annotations={**UNMANAGED, **AUTHORINO_TLS},
        spec={"gatewayClassName": gateway.class_name, "listeners": [listener]},
    )


def guard_route(gateway: Gateway) -> Manifest:
    """A route without a backend that matches every request.

    Kuadrant's filter lets a request through for which it has no rule yet, and it learns of a new
    route some seconds after Envoy does (opendatahub-io/models-as-a-service, pull request 1288).
    With this route it always has one: the gateway's own policy.
    """
    spec: dict[str, Any] = {
        "parentRefs": [parent_ref(gateway.name, gateway.namespace)],
        "rules": [{"matches": [{"path": {"type": "PathPrefix", "value": "/"}}]}],
    }
    if gateway.hostname_on_listener:
        spec["hostnames"] = [gateway.hostname]
    name = f"{gateway.name}-guard"
    return manifest(API_VERSION, "HTTPRoute", name, gateway.namespace, spec=spec)


def open_test_gateway(
    name: str, namespace: str, class_name: str, certificate: str, namespaces: Sequence[str]
) -> Manifest:
    """A gateway without credentials.

    It is open because no policy is on it, never by `enable-auth: "false"` on a service: that would
    put an anonymous policy on the route behind the closed gateway too.
    """
    return manifest(
        API_VERSION,
        "Gateway",
        name,
        namespace,
        labels=UNMANAGED,
        annotations=UNMANAGED,
        spec={
            "gatewayClassName": class_name,
            "listeners": [_https(certificate, namespaces)],
        },
    )


def redirect_gateway(gateway: Gateway) -> Manifest:
    """Plain HTTP, on a gateway of its own: under the policy a redirect would answer 401."""
    listener = {
        "name": "http",
        "port": 80,
        "protocol": "HTTP",
        "allowedRoutes": {"kinds": [_HTTP_ROUTE], "namespaces": {"from": "Same"}},
    }
    return manifest(
        API_VERSION,
        "Gateway",
        f"{gateway.name}-redirect",
        gateway.namespace,
        labels=UNMANAGED,
        annotations=UNMANAGED,
        spec={"gatewayClassName": gateway.class_name, "listeners": [listener]},
    )


def redirect_route(gateway: Gateway) -> Manifest:
    """Sends every request to the gateway's hostname over HTTPS; it has no backend."""
    redirect = {
        "type": "RequestRedirect",
        "requestRedirect": {
            "scheme": "https",
            "hostname": gateway.hostname,
            "port": 443,
            "statusCode": 301,
        },
    }
    name = f"{gateway.name}-redirect"
    return manifest(
        API_VERSION,
        "HTTPRoute",
        name,
        gateway.namespace,
        spec={
            "parentRefs": [parent_ref(name, gateway.namespace, "http")],
            "rules": [{"filters": [redirect]}],
        },
    )


def parent_ref(name: str, namespace: str, section: str = LISTENER) -> dict[str, Any]:
    """A route's reference to one listener of a gateway."""
    return {
        "group": GROUP,
        "kind": "Gateway",
        "name": name,
        "namespace": namespace,
        "sectionName": section,
    }


def target_ref(gateway: Gateway) -> dict[str, str]:
    """A policy's reference to the whole gateway."""
    return {"group": GROUP, "kind": "Gateway", "name": gateway.name}


def dns_policy(gateway: Gateway, provider: str) -> Manifest:
    """The gateway's hostname in the DNS provider whose credentials are in Secret `provider`."""
    return manifest(
        "kuadrant.io/v1",
        "DNSPolicy",
        f"{gateway.name}-dns",
        gateway.namespace,
        spec={"targetRef": target_ref(gateway), "providerRefs": [{"name": provider}]},
    )


def tls_policy(gateway: Gateway, issuer: str, issuer_kind: str) -> Manifest:
    """The gateway's certificate from cert-manager."""
    return manifest(
        "kuadrant.io/v1",
        "TLSPolicy",
        f"{gateway.name}-tls",
        gateway.namespace,
        spec={
            "targetRef": target_ref(gateway),
            "issuerRef": {"group": "cert-manager.io", "kind": issuer_kind, "name": issuer},
        },
    )


_HTTP_ROUTE = {"group": GROUP, "kind": "HTTPRoute"}


def _https(certificate: str, namespaces: Sequence[str]) -> dict[str, Any]:
    selector = {
        "matchExpressions": [
            {"key": NAMESPACE_NAME, "operator": "In", "values": sorted(set(namespaces))}
        ]
    }
    return {
        "name": LISTENER,
        "port": 443,
        "protocol": "HTTPS",
        "tls": {
            "mode": "Terminate",
            "certificateRefs": [{"group": "", "kind": "Secret", "name": certificate}],
        },
        "allowedRoutes": {
            "kinds": [_HTTP_ROUTE],
            "namespaces": {"from": "Selector", "selector": selector},
        },
    }
