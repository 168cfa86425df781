"""KServe's controller and the gateway meet in InferencePools; each reads one group of them."""

from collections.abc import Iterator

from modelgate.doctor.check import Layer
from modelgate.doctor.kinds import INFERENCE_POOL, INFERENCE_POOL_X, MODEL_SERVICE, POOL, Kind
from modelgate.doctor.results import Problem, Result, judged
from modelgate.doctor.served import missing
from modelgate.doctor.view import View

ID = "model-crds"
TITLE = "LLMInferenceService and InferencePool are installed in the versions of this release"
LAYER = Layer.CLUSTER
NEEDS: tuple[str, ...] = ("kubernetes-api",)
READS: tuple[Kind, ...] = ()
WAY_OUT = "install OpenShift AI (or KServe's llmisvc) with its inference extension CRDs"
WAITS = True


def run(view: View) -> Result:
    return judged(_missing(view), view.release.title if view.release else "release not known")


def _missing(view: View) -> Iterator[Problem]:
    release = view.release
    versions = release.served_versions if release else ()
    yield from missing(view, {MODEL_SERVICE: versions}, WAY_OUT)
    if release is None:
        if not {INFERENCE_POOL, INFERENCE_POOL_X} & view.snapshot.served.keys():
            yield Problem(f"neither {INFERENCE_POOL} nor {INFERENCE_POOL_X} is installed")
        return
    group, _, version = release.pools[0].partition("/")
    kind = INFERENCE_POOL if group == POOL else INFERENCE_POOL_X
    fix = f"{release.title} makes pools of {release.pools[0]}: install that CRD"
    yield from missing(view, {kind: (version,)}, fix)
