"""Without an answer from the API nothing is known, and nothing may be called healthy."""

from modelgate.doctor.check import Layer
from modelgate.doctor.kinds import Kind
from modelgate.doctor.results import Problem, Result, judged
from modelgate.doctor.view import View

ID = "kubernetes-api"
TITLE = "the Kubernetes API answers"
LAYER = Layer.CLUSTER
NEEDS: tuple[str, ...] = ()
READS: tuple[Kind, ...] = ()
WAY_OUT = "log in again (`oc login`), or name another context with --context"
WAITS = True


def run(view: View) -> Result:
    snapshot = view.snapshot
    if snapshot.fault:
        what = f"cluster {snapshot.cluster}: {snapshot.fault}"
        return judged([Problem(what, command="kubectl get --raw /version")])
    return judged([], f"{snapshot.cluster}, {len(snapshot.objects)} objects read")
