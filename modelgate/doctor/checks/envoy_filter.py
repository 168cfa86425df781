"""The guide's seventh check, turned round: with most pickers an EnvoyFilter for bodies does harm.

It must be there exactly when the version table says that it helps, or when the stack asks for the
guide's; and it must patch routes that exist, with a whole override. Without grpc_service a route
asks the cluster `dummy`, which fails open.
"""

from collections.abc import Iterator

from modelgate.doctor.check import Layer
from modelgate.doctor.kinds import ENVOY_FILTER, GATEWAY, HTTP_ROUTE, Kind
from modelgate.doctor.results import Problem, Result, judged, warning
from modelgate.doctor.view import View
from modelgate.findings import Severity
from modelgate.topology.objects import Object
from modelgate.topology.opaque import EXT_PROC
from modelgate.versions import table

ID = "envoy-filter"
TITLE = "the EnvoyFilter for request bodies is there when it helps, and only then"
LAYER = Layer.ENVOY
NEEDS: tuple[str, ...] = ("gateway-class",)
READS: tuple[Kind, ...] = (ENVOY_FILTER, GATEWAY, HTTP_ROUTE)
WAY_OUT = "`envoyFilter: auto` in the stack's settings declares it exactly where it helps"
WAITS = True

_RULE = "picker-bypass"


def run(view: View) -> Result:
    found = [one for one in view.of(ENVOY_FILTER) if EXT_PROC in str(one.spec)]
    problems = [*_gate(view, found), *_declared(view), *_flaws(view)]
    return judged(problems, ", ".join(one.name for one in found) or "none")


def _gate(view: View, found: list[Object]) -> Iterator[Problem]:
    """What the version table says, for an Istio and a picker that are known."""
    istio, release = view.versions.get("istio", ""), view.release
    if not istio or release is None:
        return
    gate = table().envoy_filter
    modes = release.picker.body_modes
    if not found and gate.helps(istio, modes):
        yield Problem(
            f"no EnvoyFilter sets the body mode; the picker of {release.title} answers"
            f" {', '.join(modes)} only"
        )
    for one in found if not gate.allows(istio) else ():
        if one.name.startswith("fix-extproc"):
            yield Problem(
                f"{one.ref} is for Istio {gate.istio}, this is {istio}",
                "delete it: nothing needs it",
            )


def _declared(view: View) -> Iterator[Problem]:
    declared = view.snapshot.declared
    for obj in declared.objects if declared else ():
        if obj.kind == "EnvoyFilter" and not view.find(ENVOY_FILTER, obj.namespace, obj.name):
            yield Problem(
                f"{obj.ref} is declared but not in the cluster",
                "deploy the stack again, or find out who deletes it",
                f"modelgate up -s {declared.stack if declared else ''}",
            )


def _flaws(view: View) -> Iterator[Problem]:
    """What the rule on passed-by pickers finds in the filters of the cluster."""
    for one in view.report.findings:
        if one.rule == _RULE:
            grave = one.severity in (Severity.CRITICAL, Severity.HIGH)
            make = Problem if grave else warning
            yield make(f"{one.resource} {one.message}", one.remedy)
