"""EnvoyFilter fix-extproc-body-mode: where it helps, or as the guide has it, and said in words.

Istio sends bodies to the picker as FULL_DUPLEX_STREAMED. A picker since inference extension 0.4.0
answers nothing else: with BUFFERED it gets no body, and the completion hangs or passes it by.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from components.manifests.objects import Manifest, child_name, manifest
from components.manifests.routes import picker_paths, route_name
from modelgate import versions
from modelgate.config import Gateway, Mode, Model
from modelgate.releases import Release

NAME = "fix-extproc-body-mode"
PRIORITY = 10
"""After the EnvoyFilters of Kuadrant (0) and odh-model-controller (-1)."""

EXT_PROC = "envoy.filters.http.ext_proc"


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether the filter is declared, and the sentence that says why."""

    declared: bool
    reason: str


def decide(mode: Mode, release: Release, istio: str) -> Decision:
    """Whether `mode` calls for the filter with this picker and this Istio; "" for not known."""
    gate = versions.table().envoy_filter
    picker = f"the endpoint picker of {release.title}"
    if mode == "off":
        return Decision(False, "envoyFilter is off")
    if mode == "auto" and "BUFFERED" not in release.picker.body_modes:
        return Decision(
            False,
            f"{picker} (inference extension {release.picker.inference_extension}) answers "
            "FULL_DUPLEX_STREAMED only, and with BUFFERED a completion hangs or passes it by; "
            "that is so with any Istio",
        )
    if not istio:
        return Decision(False, "the gateway's Istio is not known: state versions.istio")
    if not gate.allows(istio):
        return Decision(False, f"Istio is {istio}, and it is only for Istio {gate.istio}")
    ends = f"outside Istio {gate.istio} it stops applying by itself"
    if mode == "auto":
        why = f"{picker} answers BUFFERED, and Istio {istio} sends streams"
        return Decision(True, f"{why}; {ends}")
    return Decision(
        True,
        f"envoyFilter is guide: with Istio {istio} it keeps models answering, round-robin, while "
        f"the picker cannot be reached; once it can, completions hang; {ends}",
    )


def own_routes(model: Model, gateway: Gateway, release: Release) -> list[str]:
    """Istio's names for the rules of our own route that go through the picker."""
    base = f"{model.namespace}.{route_name(model, gateway)}"
    return [f"{base}.{index}" for index, _ in enumerate(picker_paths(release))]


def managed_routes(model: Model, release: Release) -> list[str]:
    """The same for KServe's route; named rules share their names with other models' and are out."""
    base = f"{model.namespace}.{child_name(model.name, '-kserve-route')}"
    return [
        f"{base}.{index}"
        for index, rule in enumerate(release.rules)
        if rule.to == "picker" and not rule.name
    ]


def envoy_filter(
    gateway: str, namespace: str, routes: Sequence[tuple[Model, Sequence[str]]]
) -> Manifest:
    """The filter for one Gateway: a patch for each route name of each model.

    A patch replaces the route's whole override, so it repeats the picker's cluster; without it
    Envoy would ask the cluster `dummy` and go on without a picker. `proxyVersion` makes it stop
    applying by itself when Istio is upgraded.
    """
    patches = [_patch(model, name) for model, names in routes for name in names]
    selector = {"gateway.networking.k8s.io/gateway-name": gateway}
    return manifest(
        "networking.istio.io/v1alpha3",
        "EnvoyFilter",
        child_name(NAME, f"-{gateway}"),
        namespace,
        spec={
            "priority": PRIORITY,
            "workloadSelector": {"labels": selector},
            "configPatches": patches,
        },
    )


def _patch(model: Model, route: str) -> dict[str, Any]:
    service = f"{child_name(model.name, '-epp-service')}.{model.namespace}.svc.cluster.local"
    override = {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExtProcPerRoute",
        "overrides": {
            "grpc_service": {"envoy_grpc": {"cluster_name": f"outbound|9002||{service}"}},
            "processing_mode": {
                "request_header_mode": "SEND",
                "response_header_mode": "SEND",
                "request_body_mode": "BUFFERED",
                "response_body_mode": "BUFFERED",
            },
            "failure_mode_allow": True,
        },
    }
    return {
        "applyTo": "HTTP_ROUTE",
        "match": {
            "context": "GATEWAY",
            "proxy": {"proxyVersion": versions.table().envoy_filter.proxy_version},
            "routeConfiguration": {"vhost": {"route": {"name": route}}},
        },
        "patch": {
            "operation": "MERGE",
            "value": {"typed_per_filter_config": {EXT_PROC: override}},
        },
    }
