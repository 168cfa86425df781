"""A gateway whose controller Kuadrant does not serve has policies that say Accepted, and no filter.

kuadrant-operator, internal/controller/data_plane_policies_workflow.go: without
ISTIO_GATEWAY_CONTROLLER_NAMES it serves istio.io/gateway-controller alone.
"""

from collections.abc import Iterator

from modelgate.doctor.check import Layer
from modelgate.doctor.conditions import condition
from modelgate.doctor.kinds import DEPLOYMENT, GATEWAY, GATEWAY_CLASS, Kind
from modelgate.doctor.pods import environment
from modelgate.doctor.results import Problem, Result, judged, warning
from modelgate.doctor.view import View
from modelgate.topology.objects import Object
from modelgate.topology.values import text

ID = "gateway-class"
TITLE = "the class of every gateway is accepted, by a controller that Kuadrant serves"
LAYER = Layer.GATEWAY
NEEDS: tuple[str, ...] = ("gateway-api-crds",)
READS: tuple[Kind, ...] = (GATEWAY_CLASS, GATEWAY)
WAY_OUT = "create the GatewayClass with controller openshift.io/gateway-controller/v1"
WAITS = True

_NAMES = "ISTIO_GATEWAY_CONTROLLER_NAMES"
_DEFAULT = "istio.io/gateway-controller"


def run(view: View) -> Result:
    if not view.gateways:
        return judged([Problem("there is no Gateway", "deploy the stack: `modelgate up -s STACK`")])
    classes = sorted({text(one.spec.get("gatewayClassName")) for one in view.gateways})
    return judged((p for name in classes for p in _class(view, name)), ", ".join(classes))


def _class(view: View, name: str) -> Iterator[Problem]:
    found = view.find(GATEWAY_CLASS, "", name)
    if found is None:
        yield Problem(f"GatewayClass {name} does not exist, but a Gateway names it")
        return
    accepted = condition(found, "Accepted")
    if not accepted.holds:
        yield Problem(
            f"GatewayClass {name}: {accepted}",
            f"its controller {text(found.spec.get('controllerName'))} does not run: look at istiod"
            " and, on OpenShift, at the ingress operator",
        )
    yield from _served(view, found)


def _served(view: View, found: Object) -> Iterator[Problem]:
    controller = text(found.spec.get("controllerName"))
    if controller not in view.settings.controllers:
        served = " or ".join(view.settings.controllers)
        yield Problem(
            f"GatewayClass {found.name} has controller {controller}: Kuadrant puts no filter on its"
            " gateways, whatever their policies say",
            f"use a class of {served}",
        )
        return
    for operator in (one for one in view.of(DEPLOYMENT) if _is_operator(one)):
        names = environment(operator).get(_NAMES, _DEFAULT)
        if controller not in [name.strip() for name in names.split(",")]:
            yield Problem(
                f"{operator.ref} does not serve {controller} ({_NAMES}={names}): every gateway of"
                f" GatewayClass {found.name} is open",
                f"set {_NAMES}={_DEFAULT},{controller} on the operator's Subscription",
            )
        if environment(operator).get("AUTH_SERVICE_FAILURE_MODE") == "allow":
            yield warning(
                f"{operator.ref} has AUTH_SERVICE_FAILURE_MODE=allow: requests pass while Authorino"
                " is away",
                "remove it; the default is deny",
            )


def _is_operator(deployment: Object) -> bool:
    return deployment.name.startswith("kuadrant-operator")
