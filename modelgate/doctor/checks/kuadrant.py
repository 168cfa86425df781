"""Without its resource Kuadrant takes the filters away: every gateway with a policy is open.

kuadrant-operator deletes the filter when the Kuadrant resource goes, while AuthPolicies still say
Accepted.
"""

from collections.abc import Iterator

from modelgate.doctor.check import Layer
from modelgate.doctor.conditions import condition
from modelgate.doctor.kinds import AUTHORINO, KUADRANT, LIMITADOR, Kind
from modelgate.doctor.results import Problem, Result, judged, warning
from modelgate.doctor.view import View
from modelgate.topology.objects import Object

ID = "kuadrant"
TITLE = "Kuadrant, Authorino and Limitador are ready"
LAYER = Layer.POLICIES
NEEDS: tuple[str, ...] = ("kuadrant-crds",)
READS: tuple[Kind, ...] = (KUADRANT, AUTHORINO, LIMITADOR)
WAY_OUT = "look at the resource's conditions and at the operator's log"
WAITS = True


def run(view: View) -> Result:
    found = [*view.of(KUADRANT), *view.of(AUTHORINO), *view.of(LIMITADOR)]
    return judged([*_kuadrant(view), *_parts(found)], view.kuadrant_namespace)


def _kuadrant(view: View) -> Iterator[Problem]:
    found = view.of(KUADRANT)
    if not found:
        yield Problem(
            "there is no Kuadrant resource: policies are accepted, but no gateway has the filter",
            "create one, in the namespace where API keys are",
        )
    for other in found[1:]:
        yield warning(f"{other.ref} is one too many: only the oldest counts", "remove it")
    for kind in (AUTHORINO, LIMITADOR) if found else ():
        if not any(one.namespace == found[0].namespace for one in view.of(kind)):
            yield Problem(f"there is no {kind.name} in namespace {found[0].namespace}")


def _parts(found: list[Object]) -> Iterator[Problem]:
    for one in found:
        ready = condition(one, "Ready")
        if not ready.holds:
            resource = f"{one.kind.lower()} -n {one.namespace} {one.name}"
            yield Problem(f"{one.ref}: {ready}", command=f"kubectl get {resource} -o yaml")
