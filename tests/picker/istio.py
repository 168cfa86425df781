"""What Istio writes into Envoy for InferencePools, and how its EnvoyFilters change that.

Source: istio/istio 1.26 (Red Hat build) to 1.28: pilot/pkg/xds/filters/filters.go
(InferencePoolExtProc), pilot/pkg/networking/core/route/route.go and core/envoyfilter.
"""

import copy
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from modelgate.local.lab.gateway.backends import EXT_PROC, stub
from modelgate.releases import shadow_service

GATEWAY_NAME: Final = "gateway.networking.k8s.io/gateway-name"
ROOT_NAMESPACE: Final = "openshift-ingress"
_POOL_PORT: Final = 54321
_TYPES: Final = "type.googleapis.com/envoy.extensions.filters.http"

Config = dict[str, Any]

STATISTICS: Final = {
    "stats_matcher": {
        "inclusion_list": {
            "patterns": [
                *({"prefix": one} for one in ("reporter=", "cluster_manager", "listener_manager")),
                *({"prefix": one} for one in ("server", "cluster.xds-grpc", "wasm", "component")),
                *({"prefix": "istio"}, {"suffix": "downstream_cx_active"}),
                *({"suffix": f"rbac.{one}"} for one in ("allowed", "denied")),
                {"safe_regex": {"regex": r"vhost\..*\.route\..*"}},
            ]
        }
    }
}
"""What Istio keeps of Envoy's statistics where nobody says otherwise (pkg/bootstrap/config.go)."""


def base_filter(message_timeout: str) -> Config:
    """The filter of the listener: a stub that sends nothing, to a cluster that does not exist."""
    made = stub()
    made["typed_config"]["message_timeout"] = message_timeout
    return made


def picker_cluster(pool: str, namespace: str) -> str:
    """The cluster of the picker that KServe makes beside this pool."""
    service = pool.removesuffix("-inference-pool")
    return f"outbound|9002||{service}-epp-service.{namespace}.svc.cluster.local"


def _cluster(backend: Config, namespace: str) -> str:
    """The cluster of a Service, or of the Service that Istio makes for an InferencePool."""
    name, port = backend["name"], backend["port"]
    if backend["kind"] == "InferencePool":
        name, port = shadow_service(name), _POOL_PORT
    return f"outbound|{port}||{name}.{namespace}.svc.cluster.local"


def routes(route: Config, istio: str, fail_open: bool = True) -> list[Config]:
    """Envoy's routes for the rules of an HTTPRoute with path prefixes, as `istio` names them."""
    metadata = route["metadata"]
    return [
        _route(rule, index, metadata["namespace"], metadata["name"], istio, fail_open)
        for index, rule in enumerate(route["spec"]["rules"])
    ]


def _route(
    rule: Config, index: int, namespace: str, name: str, istio: str, fail_open: bool
) -> Config:
    backend = rule["backendRefs"][0]
    action: Config = {"cluster": _cluster(backend, namespace), "timeout": "0s"}
    for one in rule.get("filters", ()):
        if one["type"] == "URLRewrite":
            action["prefix_rewrite"] = one["urlRewrite"]["path"]["replacePrefixMatch"]
    result: Config = {
        "name": rule.get("name") or f"{namespace}.{name}.{index}",
        "match": {"prefix": rule["matches"][0]["path"]["value"]},
        "route": action,
    }
    pool = backend["kind"] == "InferencePool"
    # CORS and faults are written over the override (still so in Istio 1.31).
    cors = any(one["type"] == "CORS" for one in rule.get("filters", ()))
    if pool and not cors:
        override = _override(picker_cluster(backend["name"], namespace), istio, fail_open)
        result["typed_per_filter_config"] = {EXT_PROC: override}
    return result


def _override(cluster: str, istio: str, fail_open: bool) -> Config:
    mode = {
        "request_header_mode": "SEND",
        "request_body_mode": "FULL_DUPLEX_STREAMED",
        "response_header_mode": "SEND",
        "response_body_mode": "FULL_DUPLEX_STREAMED",
    }
    minor = int(istio.split(".")[1])
    if minor >= 28:
        mode |= {"request_trailer_mode": "SEND", "response_trailer_mode": "SEND"}
    overrides: Config = {
        "grpc_service": {"envoy_grpc": {"cluster_name": cluster}},
        "processing_mode": mode,
    }
    if minor >= 27:
        overrides["failure_mode_allow"] = fail_open
    return {"@type": f"{_TYPES}.ext_proc.v3.ExtProcPerRoute", "overrides": overrides}


def patched(
    filters: list[Config],
    routes: list[Config],
    envoy_filters: Iterable[Config],
    gateway: str,
    istio: str,
) -> tuple[list[Config], list[Config]]:
    """HTTP filters and routes of a gateway in openshift-ingress after these EnvoyFilters."""
    filters, routes = copy.deepcopy(filters), copy.deepcopy(routes)
    chosen = [one for one in envoy_filters if _selects(one, gateway)]
    for one in sorted(chosen, key=lambda item: item["spec"].get("priority", 0)):
        for item in one["spec"]["configPatches"]:
            if _matches(item.get("match", {}), istio) and item["patch"]["operation"] == "MERGE":
                _apply(item, filters, routes)
    return filters, routes


def _selects(envoy_filter: Config, gateway: str) -> bool:
    """Without a selector every proxy of the namespace; of the root namespace, every proxy."""
    if envoy_filter["metadata"]["namespace"] != ROOT_NAMESPACE:
        return False
    spec = envoy_filter["spec"]
    if "targetRefs" in spec:
        return any(ref["name"] == gateway for ref in spec["targetRefs"])
    labels = spec.get("workloadSelector", {}).get("labels", {})
    return all({GATEWAY_NAME: gateway}.get(key) == value for key, value in labels.items())


def _matches(match: Config, istio: str) -> bool:
    version = match.get("proxy", {}).get("proxyVersion", "")
    wanted = match.get("context", "ANY") in ("ANY", "GATEWAY")
    return wanted and re.search(version, istio) is not None


def _apply(item: Config, filters: list[Config], routes: list[Config]) -> None:
    match, value = item.get("match", {}), item["patch"]["value"]
    if item["applyTo"] == "HTTP_ROUTE":
        name = match.get("routeConfiguration", {}).get("vhost", {}).get("route", {}).get("name", "")
        for route in routes:
            if name in ("", route["name"]):
                _merge(route, value)
    if item["applyTo"] == "HTTP_FILTER":
        chain = match["listener"]["filterChain"]["filter"]
        for one in filters:
            if one["name"] == chain["subFilter"]["name"]:
                _merge(one, value)


def _merge(into: Config, value: Mapping[str, Any]) -> None:
    """Messages are merged, lists appended, entries of maps replaced; a false changes nothing."""
    for key, new in value.items():
        if key == "typed_per_filter_config":
            into[key] = {**into.get(key, {}), **new}
        elif isinstance(new, Mapping):
            _merge(into.setdefault(key, {}), new)
        elif isinstance(new, list):
            into[key] = [*into.get(key, ()), *new]
        elif new is not False:
            into[key] = new
