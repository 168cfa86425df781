"""What KServe says of a model, in its own conditions: the first that does not hold is the cause.

Ready is WorkloadsReady and RouterReady; these roll up the others (kserve,
llm_inference_service_lifecycle.go).
"""

from collections.abc import Iterator

from modelgate.doctor.check import Layer
from modelgate.doctor.conditions import behind, condition
from modelgate.doctor.kinds import MODEL_SERVICE, Kind
from modelgate.doctor.results import Problem, Result, judged, warning
from modelgate.doctor.view import View
from modelgate.topology.objects import Object

ID = "inference-services"
TITLE = "every LLMInferenceService is ready"
LAYER = Layer.MODELS
NEEDS: tuple[str, ...] = ("model-crds", "model-pods", "picker-pods", "inference-pools")
READS: tuple[Kind, ...] = (MODEL_SERVICE,)
WAY_OUT = "look at the condition's message and at the controller's log"
WAITS = True

_CAUSES = (
    "PresetsCombined",
    "GatewaysReady",
    "HTTPRoutesReady",
    "InferencePoolReady",
    "SchedulerWorkloadReady",
    "TokenizerReady",
    "MainWorkloadReady",
    "WorkerWorkloadReady",
    "PrefillWorkloadReady",
    "PrefillWorkerWorkloadReady",
    "ScalingReady",
    "PrefillScalingReady",
    "RouterReady",
    "WorkloadsReady",
)
_FIXES = {
    "ConfigNotFound": "a name in baseRefs is no LLMInferenceServiceConfig of this namespace or of"
    " KServe's",
    "CombineBaseError": "the merged spec does not render: look for `{{` in arguments",
    "GatewayPreconditionNotMet": "install Kuadrant: with authentication on (the default), KServe"
    " takes the route away where it cannot be protected",
    "RefsInvalid": "a Gateway in router.gateway.refs does not exist, or its GatewayClass does not;"
    " on 3.0 and 3.2 the default gateway openshift-ai-inference must exist too",
    "WaitingForGateway": "the gateway has not answered for route or pool yet",
    "Stopped": "the annotation serving.kserve.io/stop is set",
}


def run(view: View) -> Result:
    names = ", ".join(f"{one.namespace}/{one.name}" for one in view.services)
    return judged((p for one in view.services for p in _service(one)), names or "none")


def _service(service: Object) -> Iterator[Problem]:
    command = f"kubectl get llminferenceservice -n {service.namespace} {service.name} -o yaml"
    ready = condition(service, "Ready")
    if not ready.holds:
        found = (condition(service, type_) for type_ in _CAUSES)
        cause = next((one for one in found if one.status == "False"), ready)
        yield Problem(f"{service.ref}: {cause}", _FIXES.get(cause.reason, ""), command)
    elif behind(service):
        yield warning(f"{service.ref}: its status speaks of an older generation", "wait", command)
