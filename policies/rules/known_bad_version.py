"""No stated version is one that is known to let requests through or to break them.

An entry of the version table counts where what it speaks of is in view: a release that mishandles
wildcard hostnames is no finding where there is none.
"""

from collections.abc import Callable, Iterator, Mapping

from modelgate.findings import Finding, Severity, Verdict
from modelgate.topology import Analysis
from modelgate.topology.graph import Topology
from modelgate.topology.hostnames import is_wildcard
from modelgate.topology.values import items, mapping, mappings, text
from modelgate.versions import table

ID = "known-bad-version"
SUMMARY = "a stated version is known to open or to break what is in view"
REMEDY = "upgrade, or avoid what the entry names"

JUDGED = (
    "gateway-api-rule-names",
    "kuadrant-grpc-routes",
    "kuadrant-host-case",
    "kuadrant-listener-set",
    "kuadrant-wildcard-hostname",
    "openshift-ai-managed-annotation",
)
"""Entries that decide verdicts: where no door is open under them, they open nothing here."""

Present = Callable[[Topology], bool]


def check(analysis: Analysis) -> Iterator[Finding]:
    if not analysis.doors:
        return
    exposed = any(door.verdict is Verdict.EXPOSED for door in analysis.doors)
    for entry in table().known_bad_among(analysis.settings.assume):
        present = TRIGGERS.get(entry.id)
        if present is not None and not present(analysis.topology):
            continue
        if entry.id in JUDGED and not exposed:
            continue
        version = analysis.settings.assume[entry.component]
        yield Finding(
            rule=ID,
            severity=Severity.HIGH if entry.effect == "opens" else Severity.MEDIUM,
            resource=f"version {entry.component} {version}",
            message=f"{entry.id}: {entry.what}",
            remedy=f"{entry.remedy} ({entry.source})",
        )


def _hostnames(topology: Topology) -> Iterator[str]:
    for gateway in topology.gateways.values():
        yield from (listener.hostname for listener in gateway.listeners if listener.hostname)
    for route in topology.routes:
        yield from route.hostnames


def _kind(*kinds: str) -> Present:
    return lambda topology: bool(topology.of(*kinds))


def _query_match(topology: Topology) -> bool:
    return any(
        match.query for route in topology.routes for rule in route.rules for match in rule.matches
    )


def _names_rules(topology: Topology) -> bool:
    policies = (*topology.auth_policies, *topology.limit_policies)
    return any(policy.section and not policy.target.startswith("Gateway ") for policy in policies)


def _asks_for_credentials(topology: Topology) -> bool:
    return any(
        key[0] == "authentication" for policy in topology.auth_policies for key in policy.rules
    )


def _reviews_tokens(topology: Topology) -> bool:
    return any(
        "kubernetesTokenReview" in mapping(entry)
        for policy in topology.auth_policies
        for key, entry in policy.rules.items()
        if key[0] == "authentication"
    )


def _opts_out_by_annotation(topology: Topology) -> bool:
    """A Gateway with the annotation alone, which these releases do not read."""
    return any(
        "opendatahub.io/managed" in mapping(gateway.object.metadata.get("annotations"))
        and "opendatahub.io/managed" not in mapping(gateway.object.metadata.get("labels"))
        for gateway in topology.gateways.values()
    )


def _several_pool_routes(topology: Topology) -> bool:
    for found in topology.attachments.values():
        routes = {
            attachment.route.ref
            for attachment in found
            for rule in attachment.route.rules
            if any(backend.kind == "InferencePool" for backend in rule.backends)
        }
        if len(routes) > 1:
            return True
    return False


def _several_target_ports(topology: Topology) -> bool:
    return any(
        len(items(pool.spec.get("targetPorts"))) > 1 for pool in topology.of("InferencePool")
    )


def _managed_route_with_refs(topology: Topology) -> bool:
    routers = [mapping(obj.spec.get("router")) for obj in topology.of("LLMInferenceService")]
    return any("route" in router and mapping(router.get("gateway")) for router in routers)


def _drops_picker_arguments(topology: Topology) -> bool:
    """A scheduler template with arguments that do not repeat every flag of the preset."""
    flags = {part for part in topology.settings.release.picker.preset if part.startswith("--")}
    for service in topology.of("LLMInferenceService"):
        scheduler = mapping(mapping(service.spec.get("router")).get("scheduler"))
        pod = mapping(scheduler.get("template"))
        for container in mappings(pod.get("containers")):
            given = {text(part).partition("=")[0] for part in items(container.get("args"))}
            if given and not flags <= given:
                return True
    return False


TRIGGERS: Mapping[str, Present] = {
    "authorino-forwards-credential": _asks_for_credentials,
    "authorino-timeout-opens": _asks_for_credentials,
    "authorino-token-review-load": _reviews_tokens,
    "gateway-api-rule-names": _names_rules,
    "istio-completions-500": _kind("InferencePool"),
    "istio-ignores-failure-mode": _kind("InferencePool"),
    "istio-loses-body": _kind("InferencePool"),
    "istio-pool-version": _kind("InferencePool"),
    "istio-several-pools": _several_pool_routes,
    "istio-several-target-ports": _several_target_ports,
    "kserve-managed-route-refs": _managed_route_with_refs,
    "kserve-stuck-route": _kind("LLMInferenceService"),
    "kuadrant-forwards-credential": _asks_for_credentials,
    "kuadrant-grpc-routes": _kind("GRPCRoute"),
    "kuadrant-host-case": lambda topology: any(_hostnames(topology)),
    "kuadrant-listener-set": _kind("ListenerSet", "XListenerSet"),
    "kuadrant-query-match": _query_match,
    "kuadrant-wildcard-hostname": lambda topology: any(map(is_wildcard, _hostnames(topology))),
    "openshift-ai-managed-annotation": _opts_out_by_annotation,
    "openshift-ai-picker-arguments": _drops_picker_arguments,
    "openshift-service-mesh-subscription": _kind("Subscription"),
    "picker-body-modes": _kind("EnvoyFilter"),
}
"""What an entry speaks of, by its id; an entry that is not here counts wherever models are."""
