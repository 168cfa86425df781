"""The guide's sixth check: pods that wait for a GPU, an image or weights answer nobody."""

from collections.abc import Iterator

from modelgate.doctor.check import Layer
from modelgate.doctor.kinds import MODEL_SERVICE, POD, Kind
from modelgate.doctor.pods import counts, ready, why_not_ready
from modelgate.doctor.results import Problem, Result, judged, warning
from modelgate.doctor.view import View, is_picker, serves_model
from modelgate.topology.objects import Object
from modelgate.topology.values import labels, number

ID = "model-pods"
TITLE = "the pods of every model are ready"
LAYER = Layer.MODELS
NEEDS: tuple[str, ...] = ("kubernetes-api",)
READS: tuple[Kind, ...] = (MODEL_SERVICE, POD)
WAY_OUT = "look at the pod's events and log; loading large weights takes minutes"
WAITS = True


def run(view: View) -> Result:
    said = ", ".join(_count(view, service) for service in view.services)
    return judged((p for one in view.services for p in _service(view, one)), said or "none")


def model_pods(view: View, service: Object) -> list[Object]:
    """The pods of a model that should run, without its picker's."""
    return [
        pod
        for pod in view.of(POD)
        if pod.namespace == service.namespace
        and labels(pod.metadata.get("labels")).get("app.kubernetes.io/name") == service.name
        and serves_model(pod)
        and not is_picker(pod)
        and counts(pod)
    ]


def _count(view: View, service: Object) -> str:
    pods = model_pods(view, service)
    return f"{service.namespace}/{service.name} {sum(map(ready, pods))}/{len(pods)}"


def _service(view: View, service: Object) -> Iterator[Problem]:
    pods = model_pods(view, service)
    if not pods and number(service.spec.get("replicas"), 1):
        command = f"kubectl get llminferenceservice -n {service.namespace} {service.name} -o yaml"
        yield Problem(f"{service.ref} has no pod", "look at its conditions", command)
    some = any(map(ready, pods))
    for pod in pods:
        if not ready(pod):
            make = warning if some else Problem
            command = f"kubectl describe pod -n {pod.namespace} {pod.name}"
            yield make(f"{pod.ref} is not ready: {why_not_ready(pod)}", "", command)
