"""The symptom of the guide: the server says that the body is missing, and the client sent one.

Envoy before 1.36 (Istio before 1.28) forwards a request without its body when a picker that fails
open cannot be asked (envoyproxy/envoy, pull request 41276).
"""

from collections.abc import Iterator

from modelgate.doctor.check import Layer
from modelgate.doctor.kinds import MODEL_SERVICE, Kind
from modelgate.doctor.results import Problem, Result, judged, many, skipped
from modelgate.doctor.traffic import Way, by_server, lines, of_service, way
from modelgate.doctor.view import View
from modelgate.topology.objects import Object
from modelgate.versions import table

ID = "request-bodies"
TITLE = "what clients send arrives at the model"
LAYER = Layer.TRAFFIC
NEEDS: tuple[str, ...] = ("routes", "picker-arguments", "backend-tls")
READS: tuple[Kind, ...] = (MODEL_SERVICE,)
WAY_OUT = "find out why the picker cannot be reached: its arguments, TLS, NetworkPolicies, --deep"
WAITS = False

_MANY = 0.2
"""A share of bad bodies that no ordinary client sends."""


def run(view: View) -> Result:
    read = list(lines(view))
    if not read:
        return skipped(no_log(view))
    return judged(
        (p for one in view.services for p in _service(view, one)), many(len(read), "request")
    )


def no_log(view: View) -> str:
    """Why there is no request to look at."""
    why = [text for what, text in view.snapshot.unread.items() if what.startswith("pods/log")]
    return why[0] if why else "the gateways' logs hold no request"


def _service(view: View, service: Object) -> Iterator[Problem]:
    sent = [
        one for one in of_service(view, service) if one.method == "POST" and way(one) is Way.POOL
    ]
    bad = [one for one in sent if one.status == 400 and by_server(one)]
    if not bad or len(bad) < len(sent) * _MANY:
        return
    istio = view.versions.get("istio", "")
    loses = not istio or table().istio(istio).loses_body
    cause = (
        f"Istio {istio or '(version unknown)'} forwards a request without its body when the picker"
        " cannot be asked"
        if loses
        else "clients send bodies that are not valid"
    )
    yield Problem(
        f"{service.ref}: {len(bad)} of {len(sent)} completions through the pool were answered 400"
        f" by the model server, though clients sent {max(one.received for one in bad)} bytes:"
        f" {cause}",
        command=f"kubectl logs -n {service.namespace} deploy/{service.name}-kserve --tail=20",
    )
