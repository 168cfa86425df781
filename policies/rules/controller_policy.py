"""No controller adds an AuthPolicy to a gateway or route that has one.

odh-model-controller puts `<gateway>-authn` (any Kubernetes token) on a Gateway that models refer
to, and an anonymous `<route>-authn` on routes of services with `enable-auth: "false"`. Of two
defaults the newest wins, and a route's policy beats its gateway's
(opendatahub-io/odh-model-controller, gateway_controller.go, kserve_authpolicy_reconciler.go).
"""

from collections.abc import Iterator
from dataclasses import replace

from modelgate.findings import Confidence, Finding, Severity
from modelgate.topology import UNKNOWN, Analysis
from modelgate.topology.effective import Policy, effectives
from modelgate.topology.graph import Topology
from modelgate.topology.routes import Route
from policies.model_paths import of_odh_controller

ID = "controller-policy"
SUMMARY = "odh-model-controller adds an AuthPolicy of its own beside yours"
REMEDY = (
    'set `opendatahub.io/managed: "false"` on the Gateway as label and annotation, '
    "remove `security.opendatahub.io/enable-auth`, and put your policy into atomic overrides"
)


def check(analysis: Analysis) -> Iterator[Finding]:
    topology = analysis.topology
    routes = {route.ref: route for route in topology.routes}
    own = [policy for policy in topology.auth_policies if not of_odh_controller(policy.object)]
    for policy in topology.auth_policies:
        if not of_odh_controller(policy.object):
            continue
        if policy.target in routes:
            yield _on_route(topology, routes[policy.target], policy, own)
        else:
            beside = [item for item in own if item.target == policy.target and not item.section]
            if beside:
                yield _on_gateway(analysis, policy, beside)


def _on_gateway(analysis: Analysis, policy: Policy, beside: list[Policy]) -> Finding:
    names = ", ".join(item.key for item in beside)
    decides = _undecided(policy) or _order_matters([*beside, policy])
    then = "the order of creation decides" if decides else "yours overrides it, and only while so"
    odh = analysis.settings.release.odh
    read = f" ({' or '.join(odh.opt_out)} in this release)" if odh else ""
    gateway = analysis.topology.gateways.get(policy.target.removeprefix("Gateway "))
    return Finding(
        rule=ID,
        severity=Severity.HIGH if decides else Severity.MEDIUM,
        resource=policy.target,
        message=f"odh-model-controller adds AuthPolicy {policy.key} beside {names}: {then}; "
        f'the Gateway has no `opendatahub.io/managed: "false"`{read}',
        remedy=REMEDY,
        source=gateway.object.source if gateway else policy.object.source,
        confidence=Confidence.LIKELY if _undecided(policy) else Confidence.CERTAIN,
        evidence=(policy.object.ref, *(item.object.ref for item in beside)),
    )


def _on_route(topology: Topology, route: Route, policy: Policy, own: list[Policy]) -> Finding:
    gateways = {f"Gateway {gateway.key}" for _, gateway in topology.parents(route)}
    above = [item for item in own if item.target in gateways]
    loses = any(not (item.overrides and item.atomic) for item in above)
    then = (
        f"it replaces {', '.join(item.key for item in above)}"
        if loses
        else "every gateway that this route joins is open, unless it has an atomic override"
    )
    return Finding(
        rule=ID,
        severity=Severity.HIGH if loses else Severity.MEDIUM,
        resource=policy.object.derived_from or policy.object.ref,
        message=f'`enable-auth: "false"` has odh-model-controller put the anonymous AuthPolicy '
        f"{policy.key} on {route.ref}: {then}",
        remedy=REMEDY,
        source=policy.object.source,
        confidence=Confidence.LIKELY if _undecided(policy) else Confidence.CERTAIN,
        evidence=tuple(item.object.ref for item in above),
    )


def _undecided(policy: Policy) -> bool:
    """Whether it depends on a value that is not known yet if the controller makes this policy."""
    return policy.object.spec.get("rules") is UNKNOWN


def _order_matters(policies: list[Policy]) -> bool:
    possible, complete = effectives([[replace(policy, created="") for policy in policies]])
    return len(possible) > 1 or not complete
