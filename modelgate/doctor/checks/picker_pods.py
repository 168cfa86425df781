"""The guide's fifth check: a picker that does not run is passed by, and nobody is told."""

from collections.abc import Iterator

from modelgate.doctor.check import Layer
from modelgate.doctor.kinds import DEPLOYMENT, POD, Kind
from modelgate.doctor.pods import arguments, counts, ready, why_not_ready
from modelgate.doctor.results import Problem, Result, judged
from modelgate.doctor.view import View
from modelgate.topology.objects import Object
from modelgate.topology.values import mapping, number

ID = "picker-pods"
TITLE = "the endpoint picker of every model is ready"
LAYER = Layer.MODELS
NEEDS: tuple[str, ...] = ("kubernetes-api",)
READS: tuple[Kind, ...] = (DEPLOYMENT, POD)
WAY_OUT = "look at the pod's events and log"
WAITS = True


def run(view: View) -> Result:
    said = ", ".join(f"{one.namespace}/{one.name} {_count(one)}" for one in view.pickers)
    return judged((p for one in view.pickers for p in _picker(view, one)), said or "none")


def _count(deployment: Object) -> str:
    status = mapping(deployment.body.get("status"))
    wanted = number(deployment.spec.get("replicas"), 1)
    return f"{number(status.get('readyReplicas'))}/{wanted}"


def _picker(view: View, deployment: Object) -> Iterator[Problem]:
    if number(mapping(deployment.body.get("status")).get("readyReplicas")):
        return
    name = deployment.metadata.get("name", "")
    pods = [
        pod
        for pod in view.picker_pods
        if pod.namespace == deployment.namespace and pod.name.startswith(f"{name}-") and counts(pod)
    ]
    why = next((why_not_ready(pod) for pod in pods if not ready(pod)), "it has no pod")
    fix = ""
    if "--config-text" not in " ".join(arguments(deployment)) and "restart" in why.lower():
        fix = "pickers before inference extension 1.5 crash without --config-text or --config-file"
    yield Problem(
        f"{deployment.ref} is not ready: {why}",
        fix,
        f"kubectl logs -n {deployment.namespace} deploy/{name} --tail=20",
    )
