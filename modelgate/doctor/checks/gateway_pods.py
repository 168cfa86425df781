"""The guide's first check: a gateway without a pod that is ready answers nobody."""

from collections.abc import Iterator

from modelgate.doctor.check import Layer
from modelgate.doctor.kinds import GATEWAY, POD, Kind
from modelgate.doctor.pods import counts, ready, why_not_ready
from modelgate.doctor.results import Problem, Result, judged, warning
from modelgate.doctor.view import GATEWAY_NAME, View
from modelgate.topology.objects import Object

ID = "gateway-pods"
TITLE = "the pods of every gateway are ready"
LAYER = Layer.GATEWAY
NEEDS: tuple[str, ...] = ("gateway-class",)
READS: tuple[Kind, ...] = (GATEWAY, POD)
WAY_OUT = "look at the pod's events and log"
WAITS = True


def run(view: View) -> Result:
    said = ", ".join(_count(view, gateway) for gateway in view.gateways)
    return judged((p for one in view.gateways for p in _gateway(view, one)), said)


def _count(view: View, gateway: Object) -> str:
    pods = [pod for pod in view.gateway_pods(gateway) if counts(pod)]
    return f"{gateway.namespace}/{gateway.name} {sum(map(ready, pods))}/{len(pods)}"


def _gateway(view: View, gateway: Object) -> Iterator[Problem]:
    pods = [pod for pod in view.gateway_pods(gateway) if counts(pod)]
    where = f"-n {gateway.namespace} -l {GATEWAY_NAME}={gateway.name}"
    if not pods:
        yield Problem(
            f"Gateway {gateway.namespace}/{gateway.name} has no pod with label"
            f" {GATEWAY_NAME}={gateway.name}",
            "its controller has not made one: look at the Gateway's conditions and at istiod; a"
            " gateway of hand-made pods is out of reach of Kuadrant's filter",
            f"kubectl get pods {where}",
        )
    some = any(map(ready, pods))
    for pod in pods:
        if not ready(pod):
            make = warning if some else Problem
            why = why_not_ready(pod)
            yield make(f"{pod.ref} is not ready: {why}", "", f"kubectl describe pods {where}")
