"""What we declare never bears a name that a controller writes or deletes as its own.

odh-model-controller updates an EnvoyFilter of its name without asking whose it is, and removes
`<route>-authn`, up to OpenShift AI 3.3 also `<gateway>-authn`, with the last service
(opendatahub-io/odh-model-controller, reconcilers/kserve_authpolicy_reconciler.go). KServe fights
over the children of an LLMInferenceService.
"""

from collections.abc import Iterator

from modelgate.findings import Finding, Severity
from modelgate.topology import Analysis, Object
from modelgate.topology.derive import derive
from modelgate.topology.derive.names import child_name, policy_name
from modelgate.topology.derive.policies import MANAGED
from modelgate.topology.values import labels
from policies.model_paths import MANAGED_BY, ODH_CONTROLLER, made_by_controller

ID = "controller-owned-name"
SUMMARY = "an object has a name or label by which a controller takes it for its own"
REMEDY = "give it another name, and remove labels of the controller"

DECIDES_NAMES = (
    "Gateway",
    "GatewayClass",
    "LLMInferenceService",
    "LLMInferenceServiceConfig",
    "Namespace",
)

Place = tuple[str, str, str]
"""Kind, namespace, name."""


def check(analysis: Analysis) -> Iterator[Finding]:
    settings, topology = analysis.settings, analysis.topology
    if not topology.of("LLMInferenceService") and "openshift-ai" not in settings.assume:
        return
    policies = dict(_policy_names(analysis)) if settings.release.odh else {}
    children = dict(_children(analysis))
    for obj in topology.objects:
        if made_by_controller(obj):
            continue
        place = (obj.kind, obj.namespace, obj.name)
        if place in policies:
            opted_out = labels(obj.metadata.get("labels")).get(MANAGED) == "false"
            grave = obj.kind == "AuthPolicy" and not opted_out
            why = f"the name is odh-model-controller's own for {policies[place]}: "
            why += "it may overwrite or delete this one"
            yield _finding(obj, Severity.HIGH if grave else Severity.MEDIUM, why)
        elif place in children:
            why = f"the name is KServe's own for a part of {children[place]}"
            yield _finding(obj, Severity.MEDIUM, why)
        elif labels(obj.metadata.get("labels")).get(MANAGED_BY) == ODH_CONTROLLER:
            why = f"the label {MANAGED_BY} says that it is odh-model-controller's"
            yield _finding(obj, Severity.MEDIUM, why)


def _policy_names(analysis: Analysis) -> Iterator[tuple[Place, str]]:
    for gateway in analysis.topology.gateways.values():
        obj = gateway.object
        yield ("AuthPolicy", obj.namespace, policy_name(obj.name)), obj.ref
        yield ("EnvoyFilter", obj.namespace, child_name(obj.name, "-authn-ssl")), obj.ref
        yield ("PodMonitor", obj.namespace, child_name(obj.name, "-metrics")), obj.ref
    for route in analysis.topology.routes:
        obj = route.object
        if obj.kind == "HTTPRoute":
            yield ("AuthPolicy", obj.namespace, policy_name(obj.name)), obj.ref


def _children(analysis: Analysis) -> Iterator[tuple[Place, str]]:
    """What the controllers would make if nothing of it were declared."""
    settings, topology = analysis.settings, analysis.topology
    given = [obj for obj in topology.of(*DECIDES_NAMES) if not obj.derived_from]
    for obj in derive(given, settings.release, settings.version("istio")):
        if obj.name and obj.namespace:
            yield (obj.kind, obj.namespace, obj.name), obj.derived_from


def _finding(obj: Object, severity: Severity, message: str) -> Finding:
    return Finding(ID, severity, obj.ref, message, REMEDY, source=obj.source)
