"""A request names the model as the server registered it; another name is answered with 404."""

from collections.abc import Iterator

from modelgate.doctor.check import Layer
from modelgate.doctor.checks.model_pods import model_pods
from modelgate.doctor.checks.picker_arguments import flags
from modelgate.doctor.kinds import MODEL_SERVICE, POD, Kind
from modelgate.doctor.pods import arguments, environment
from modelgate.doctor.results import Problem, Result, judged
from modelgate.doctor.traffic import by_server, of_service
from modelgate.doctor.view import View
from modelgate.topology.objects import Object
from modelgate.topology.values import mapping, text

ID = "model-names"
TITLE = "servers registered the names that are declared, and requests use them"
LAYER = Layer.MODELS
NEEDS: tuple[str, ...] = ("model-pods",)
READS: tuple[Kind, ...] = (MODEL_SERVICE, POD)
WAY_OUT = "name the model as the server does: its /v1/models lists the names"
WAITS = False

_FLAG = "--served-model-name"


def run(view: View) -> Result:
    problems = [p for one in view.services for p in (*_declared(view, one), *_asked(view, one))]
    return judged(problems, ", ".join(declared_name(one) for one in view.services))


def declared_name(service: Object) -> str:
    """What a request's `model` must be: spec.model.name, else the service's own name."""
    return text(mapping(service.spec.get("model")).get("name")) or service.name


def registered(pod: Object) -> list[str]:
    """The names that a pod's server was started with; empty where its arguments do not say.

    KServe 0.20 starts it from a shell script, where names are quoted and lines continued
    (kserve/kserve, config/llmisvcconfig/config-llm-template.yaml).
    """
    words = [part.strip("\"'\\") for word in arguments(pod) for part in word.split()]
    words = [word for word in words if word]
    if _FLAG not in words:
        words = environment(pod).get("VLLM_ADDITIONAL_ARGS", "").split()
    if _FLAG not in words:
        single = flags(words).get("served-model-name", "")
        return [single] if single else []
    names = words[words.index(_FLAG) + 1 :]
    end = next((at for at, word in enumerate(names) if word.startswith("-")), len(names))
    return names[:end]


def _declared(view: View, service: Object) -> Iterator[Problem]:
    name = declared_name(service)
    for pod in model_pods(view, service):
        names = registered(pod)
        if names and name not in names:
            yield Problem(
                f"{pod.ref} registered {', '.join(names)}; {service.ref} declares {name}",
                f"set spec.model.name to {names[0]}, or take --served-model-name out of the"
                " service's own arguments",
            )
            return


def _asked(view: View, service: Object) -> Iterator[Problem]:
    """Completions that the server itself answered with 404."""
    sent = [line for line in of_service(view, service) if line.method == "POST"]
    wrong = [line for line in sent if line.status == 404 and by_server(line)]
    if wrong:
        names = next(filter(None, map(registered, model_pods(view, service))), [])
        known = names or [declared_name(service)]
        yield Problem(
            f"{service.ref}: {len(wrong)} of {len(sent)} requests were answered 404 by the model"
            f" server: they name another model than {', '.join(known)}",
            f'send "model": "{known[0]}"',
        )
