"""Whoever changes a gateway's Envoy can reorder, remove or pre-empt the filter that closes it."""

from modelgate.doctor.check import Layer
from modelgate.doctor.kinds import ENVOY_FILTER, GATEWAY, WASM_PLUGIN, Kind
from modelgate.doctor.policies import ours
from modelgate.doctor.results import Problem, Result, judged, many, warning
from modelgate.doctor.view import View
from modelgate.topology.objects import Object
from modelgate.topology.opaque import reaches
from modelgate.topology.values import labels

ID = "foreign-filters"
TITLE = "nobody else changes the Envoy of a gateway"
LAYER = Layer.ENVOY
NEEDS: tuple[str, ...] = ("gateway-class",)
READS: tuple[Kind, ...] = (ENVOY_FILTER, WASM_PLUGIN, GATEWAY)
WAY_OUT = "find out what it does, and whether it comes before Kuadrant's filter (`priority`)"
WAITS = False

_PLATFORMS = ("payload-processing",)
"""Filters that models-as-a-service puts on its gateway, before and after Kuadrant's."""


def run(view: View) -> Result:
    found = [one for one in view.of(ENVOY_FILTER, WASM_PLUGIN) if not _known(view, one)]
    own = {f"{one.namespace}/{one.name}" for one in view.gateways}
    gateways = [one for key, one in view.analysis.topology.gateways.items() if key in own]
    problems = [
        _problem(one, gateway.key) for one in found for gateway in gateways if reaches(one, gateway)
    ]
    return judged(problems, many(len(view.of(ENVOY_FILTER, WASM_PLUGIN)), "filter"))


def _known(view: View, obj: Object) -> bool:
    has = labels(obj.metadata.get("labels"))
    if obj.name.startswith("kuadrant-") and has.get("kuadrant.io/managed") == "true":
        return True
    by_odh = has.get("app.kubernetes.io/managed-by") == "odh-model-controller"
    return ours(view, obj) or by_odh or obj.name.startswith(_PLATFORMS)


def _problem(obj: Object, gateway: str) -> Problem:
    command = f"kubectl get {obj.kind.lower()} -n {obj.namespace} {obj.name} -o yaml"
    return warning(f"{obj.ref} changes the Envoy of Gateway {gateway}", "", command)
