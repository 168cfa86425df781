"""A picker that runs may still not serve: its log line or its health port must say that it does."""

from collections.abc import Iterator

from modelgate.doctor.check import Layer
from modelgate.doctor.kinds import POD, Kind
from modelgate.doctor.pods import containers, ready
from modelgate.doctor.results import Problem, Result, judged, skipped, warning
from modelgate.doctor.view import View, place
from modelgate.topology.objects import Object
from modelgate.topology.values import mapping

ID = "picker-serving"
TITLE = "every picker says that it serves"
LAYER = Layer.MODELS
NEEDS: tuple[str, ...] = ("picker-pods",)
READS: tuple[Kind, ...] = (POD,)
WAY_OUT = 'its log should hold `gRPC server listening {"name": "ext-proc", "port": 9002}`'
WAITS = True


def run(view: View) -> Result:
    if not view.picker_pods:
        return skipped("there is no picker")
    said = "by its log line" if all(_logged(view, pod) for pod in view.picker_pods) else ""
    return judged((p for pod in view.picker_pods for p in _pod(view, pod)), said)


def _logged(view: View, pod: Object) -> bool:
    log = view.snapshot.pickers.get(place(pod))
    return log is not None and log.listening


def _pod(view: View, pod: Object) -> Iterator[Problem]:
    command = f"kubectl logs -n {pod.namespace} {pod.name} --tail=50"
    log = view.snapshot.pickers.get(place(pod))
    for fault in log.faults if log else ():
        yield warning(f"{pod.ref} logged an error: {fault}", "look at its log", command)
    if _logged(view, pod) or (ready(pod) and _health_probe(pod)):
        return
    if ready(pod):
        yield warning(f"{pod.ref} is ready, but the end of its log does not say that it serves")
    else:
        yield Problem(f"{pod.ref} does not say that it serves", command=command)


def _health_probe(pod: Object) -> bool:
    """Whether Ready means that its health port answered."""
    return any("grpc" in mapping(one.get("readinessProbe")) for one in containers(pod))
