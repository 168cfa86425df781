"""Enforced=True does not prove that Envoy has the filter: Istio reports nothing of EnvoyFilters.

The filter is an EnvoyFilter `kuadrant-<gateway>`, up to Kuadrant 1.4 a WasmPlugin of that name.
Where it is missing every request passes.
"""

from collections.abc import Iterator

from modelgate.doctor.check import Layer
from modelgate.doctor.kinds import AUTH_POLICY, ENVOY_FILTER, GATEWAY, HTTP_ROUTE, WASM_PLUGIN, Kind
from modelgate.doctor.policies import in_force
from modelgate.doctor.results import Problem, Result, judged, skipped
from modelgate.doctor.view import View
from modelgate.versions import table

ID = "auth-filter"
TITLE = "Kuadrant's filter is on every gateway that has a policy"
LAYER = Layer.POLICIES
NEEDS: tuple[str, ...] = ("auth-policies",)
READS: tuple[Kind, ...] = (GATEWAY, AUTH_POLICY, HTTP_ROUTE, ENVOY_FILTER, WASM_PLUGIN)
WAY_OUT = (
    "look at the operator's log: the gateway's class, the Kuadrant resource or a `when` that does"
    " not compile can each keep it away"
)
WAITS = True


def run(view: View) -> Result:
    wanted = sorted(_wanted(view))
    if not wanted:
        return skipped("no gateway has a policy")
    said = ", ".join("/".join(place) for place in wanted)
    return judged((p for place in wanted for p in _missing(view, *place)), said)


def _wanted(view: View) -> set[tuple[str, str]]:
    """Gateways with a policy on themselves, or on a route that leads through them."""
    topology = view.analysis.topology
    targets = {policy.target for policy in in_force(view)}
    own = {(one.namespace, one.name) for one in view.gateways}
    return {
        (attachment.gateway.object.namespace, attachment.gateway.object.name)
        for found in topology.attachments.values()
        for attachment in found
        if targets & {attachment.gateway.object.ref, attachment.route.object.ref}
    } & own


def _missing(view: View, namespace: str, name: str) -> Iterator[Problem]:
    expected = f"kuadrant-{name}"
    if any(view.find(kind, namespace, expected) for kind in (ENVOY_FILTER, WASM_PLUGIN)):
        return
    kind = table().kuadrant(view.settings.version("kuadrant")).filter_kind
    yield Problem(
        f"Gateway {namespace}/{name} has a policy, but there is no {kind} {namespace}/{expected}:"
        " every request passes",
        command=f"kubectl get {kind.lower()}s -n {namespace}",
    )
