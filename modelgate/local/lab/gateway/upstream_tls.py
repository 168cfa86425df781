"""A gateway speaks TLS to a host exactly as a DestinationRule for it says, plain text without one.

Source: istio/istio 1.28, pilot/pkg/model/push_context.go (destinationRule: the gateway's namespace,
the service's, the root namespace) and pilot/pkg/networking/core/cluster_tls.go.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from modelgate.local.lab.gateway.hostnames import covers
from modelgate.local.lab.gateway.world import Body, Config, NotUnderstoodError, World, name_of

_TYPE: Final = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"
_SYSTEM_TRUST: Final = "/etc/ssl/certs/ca-certificates.crt"
_ROOT_NAMESPACE: Final = "istio-system"
_KNOWN: Final = {"tls", "portLevelSettings"}


@dataclass(frozen=True)
class UpstreamTls:
    """The `transport_socket` and upstream_http_protocol_options of a cluster; empty: plain text."""

    socket: Config = field(default_factory=dict)
    options: Config = field(default_factory=dict)


def upstream_tls(
    world: World, gateway_namespace: str, namespace: str, name: str, port: int, *, http2: bool
) -> UpstreamTls:
    """For the Service `namespace`/`name`. Raises NotUnderstoodError."""
    host = f"{name}.{namespace}.svc.cluster.local"
    rule = _rule(world, gateway_namespace, namespace, host)
    tls = _settings(rule, port) if rule else {}
    place = f"DestinationRule {name_of(rule)}" if rule else ""
    match tls.get("mode", "DISABLE"):
        case "DISABLE":
            return UpstreamTls()
        case "SIMPLE":
            return _simple(world, tls, place, http2=http2)
        case other:
            raise NotUnderstoodError(f"{place}: tls.mode {other}")


def _rule(world: World, gateway_namespace: str, namespace: str, host: str) -> Body | None:
    """The nearest namespace's; there the most specific host's, and of those the oldest."""
    for place in dict.fromkeys((gateway_namespace, namespace, _ROOT_NAMESPACE)):
        rules = [
            rule
            for rule in world.of("DestinationRule")
            if rule["metadata"]["namespace"] == place
            and covers(_host(rule), host)
            and _exported(rule, gateway_namespace)
        ]
        if rules:
            return min(rules, key=lambda rule: (-len(_host(rule).lstrip("*")), _age(rule)))
    return None


def _host(rule: Body) -> str:
    """A name without dots is one of the rule's own namespace."""
    host = str(rule["spec"]["host"])
    whole = "." in host or host == "*"
    return host if whole else f"{host}.{rule['metadata']['namespace']}.svc.cluster.local"


def _age(rule: Body) -> tuple[str, str]:
    return rule["metadata"].get("creationTimestamp", ""), name_of(rule)


def _exported(rule: Body, gateway_namespace: str) -> bool:
    to = rule["spec"].get("exportTo") or ["*"]
    own = rule["metadata"]["namespace"] == gateway_namespace
    return "*" in to or gateway_namespace in to or ("." in to and own)


def _settings(rule: Body, port: int) -> Body:
    if "workloadSelector" in rule["spec"]:
        raise NotUnderstoodError(f"DestinationRule {name_of(rule)}: workloadSelector")
    policy: Body = rule["spec"].get("trafficPolicy", {})
    for level in policy.get("portLevelSettings", ()):
        if level["port"]["number"] == port:
            policy = {key: value for key, value in level.items() if key != "port"}
    unknown = sorted(set(policy) - _KNOWN)
    if unknown:
        raise NotUnderstoodError(f"DestinationRule {name_of(rule)}: trafficPolicy.{unknown[0]}")
    settings: Body = policy.get("tls", {})
    return settings


def _simple(world: World, tls: Body, place: str, *, http2: bool) -> UpstreamTls:
    """Without a name of its own the host's is sent, and verified where anything is."""
    common: Config = {"alpn_protocols": ["h2"]} if http2 else {}
    verified = not tls.get("insecureSkipVerify")
    if verified:
        common["validation_context"] = _validation(world, tls, place)
    context: Config = {"@type": _TYPE, "common_tls_context": common}
    options: Config = {}
    if "sni" in tls:
        context["sni"] = tls["sni"]
    else:
        san = verified and not tls.get("subjectAltNames")
        options = {"auto_sni": True, **({"auto_san_validation": True} if san else {})}
    return UpstreamTls({"name": "envoy.transport_sockets.tls", "typed_config": context}, options)


def _validation(world: World, tls: Body, place: str) -> Config:
    path = tls.get("caCertificates") or "system"
    if path == "system":
        trust: dict[str, Any] = {"filename": _SYSTEM_TRUST}
    elif path in world.files:
        trust = {"inline_string": world.files[path]}
    else:
        raise NotUnderstoodError(f"{place}: caCertificates {path}, a file of a gateway's pod")
    names = [
        {"san_type": "DNS", "matcher": {"exact": name}} for name in tls.get("subjectAltNames", ())
    ]
    return {"trusted_ca": trust, **({"match_typed_subject_alt_names": names} if names else {})}
