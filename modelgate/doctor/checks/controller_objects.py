"""odh-model-controller writes AuthPolicies and EnvoyFilters of its own on gateways and routes.

Of two policies on one gateway the newest wins, and an anonymous one on a route opens it
(opendatahub-io/odh-model-controller).
"""

from collections.abc import Iterator

from modelgate.doctor.check import Layer
from modelgate.doctor.kinds import AUTH_POLICY, ENVOY_FILTER, GATEWAY, MODEL_SERVICE, Kind
from modelgate.doctor.results import Problem, Result, judged, skipped, warning
from modelgate.doctor.view import View
from modelgate.findings import Severity
from modelgate.topology.derive import derive
from modelgate.topology.objects import Object
from modelgate.topology.values import labels

ID = "controller-objects"
TITLE = "odh-model-controller puts nothing beside our policies"
LAYER = Layer.ENVOY
NEEDS: tuple[str, ...] = ("model-crds",)
READS: tuple[Kind, ...] = (MODEL_SERVICE, GATEWAY, AUTH_POLICY, ENVOY_FILTER)
WAY_OUT = 'set `opendatahub.io/managed: "false"` on the Gateway, as label and as annotation'
WAITS = False

_CONTROLLER = "odh-model-controller"
_RULES = ("controller-policy", "controller-owned-name")


def run(view: View) -> Result:
    if view.release is None or view.release.odh is None:
        return skipped("there is no odh-model-controller in this release")
    made = [one for one in view.of(AUTH_POLICY, ENVOY_FILTER) if _made(one)]
    said = ", ".join(one.ref for one in made) or "it has made nothing"
    return judged([*_found(view), *_to_come(view)], said)


def _made(obj: Object) -> bool:
    return labels(obj.metadata.get("labels")).get("app.kubernetes.io/managed-by") == _CONTROLLER


def _found(view: View) -> Iterator[Problem]:
    """What the rules on controllers find in the cluster."""
    for one in view.report.findings:
        if one.rule in _RULES:
            make = Problem if one.severity in (Severity.CRITICAL, Severity.HIGH) else warning
            yield make(f"{one.resource}: {one.message}", one.remedy)


def _to_come(view: View) -> Iterator[Problem]:
    """What it would make and has not: it is switched off, has no rights, or comes later."""
    assert view.release
    objects = view.of(MODEL_SERVICE, GATEWAY, AUTH_POLICY, ENVOY_FILTER)
    for obj in derive(objects, view.release, view.versions.get("istio", "")):
        if obj.kind in ("AuthPolicy", "EnvoyFilter") and _made(obj):
            yield warning(
                f"{obj.ref} is not there, but odh-model-controller makes it for {obj.derived_from}",
                "look at the log of odh-model-controller: it may come at any time",
            )
