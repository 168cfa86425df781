"""The guide's end-to-end test, with one question more: did the picker choose the pod?

Pickers add the response header x-went-into-resp-headers (gateway-api-inference-extension, every
version from 0.3.0 to 1.5.0).
"""

from collections.abc import Iterator

from modelgate.doctor.check import Layer
from modelgate.doctor.kinds import Kind
from modelgate.doctor.results import Problem, Result, judged, many, skipped
from modelgate.doctor.snapshot import Probed
from modelgate.doctor.view import View

ID = "completions"
TITLE = "a request with a key is answered, a completion by the pod that the picker chose"
LAYER = Layer.PROBES
NEEDS: tuple[str, ...] = ("gateway-address",)
READS: tuple[Kind, ...] = ()
WAY_OUT = "the checks of the layers below say what stands in the way"
WAITS = True

_MEANS = {
    400: "the body was lost or is not valid",
    401: "the key is not one of this gateway",
    403: "the key may not use this model",
    404: "the server does not know the model, or there is no route",
    429: "over a limit",
    500: "a filter failed: Authorino or the picker is out of reach",
    503: "no pod is ready, or the gateway's filter is not loaded",
    504: "the picker did not answer in time",
}


def run(view: View) -> Result:
    probed = view.snapshot.probed
    sent = [one for one in probed or () if one.with_key]
    if probed is None or not sent:
        return skipped("sends a key: needs --active and MODELGATE_API_KEY")
    return judged((p for one in sent for p in _probe(one)), many(len(sent), "request"))


def _probe(one: Probed) -> Iterator[Problem]:
    if one.fault:
        yield Problem(f"{one.what}: {one.fault}", "SSL_CERT_FILE names authorities to trust")
    elif one.status != 200:
        why = _MEANS.get(one.status, "not what was expected")
        yield Problem(f"{one.what}: {one.status}, {why}")
    elif one.through_pool and not one.picked:
        yield Problem(
            f"{one.what}: 200, without the header that a picker adds: it was passed by",
            "run it again with --deep",
        )
