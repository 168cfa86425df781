"""A door that is proved closed and answers all the same: the judge or the cluster is wrong."""

from collections.abc import Iterator

from modelgate.doctor.check import Layer
from modelgate.doctor.kinds import Kind
from modelgate.doctor.results import Problem, Result, judged, many, skipped, warning
from modelgate.doctor.snapshot import Probed
from modelgate.doctor.view import View
from modelgate.findings import Verdict
from modelgate.topology.answers import Outcome

ID = "probes"
TITLE = "no request that was sent without a key reached a model"
LAYER = Layer.PROBES
NEEDS: tuple[str, ...] = ("gateway-address",)
READS: tuple[Kind, ...] = ()
WAY_OUT = "take the gateway out of service until it is understood; save a --bundle and report it"
WAITS = False


def run(view: View) -> Result:
    probed = view.snapshot.probed
    if probed is None:
        return skipped("sends requests: needs --active")
    sent = [one for one in probed if not one.with_key]
    if not sent:
        return skipped("there is no door that a request can be sent to")
    problems = sorted((p for one in sent for p in _probe(view, one)), key=lambda p: not p.fails)
    return judged(problems, many(len(sent), "request"))


def _probe(view: View, one: Probed) -> Iterator[Problem]:
    got = f"{one.what}: {one.status or one.fault}"
    if one.fault:
        yield warning(f"no answer: {got}", "is the gateway's address reachable from here?")
    elif one.reached and one.expected != Outcome.REACHES_MODEL and one.verdict == Verdict.PROTECTED:
        yield Problem(f"PROTECTED, AND OPEN: {got}, answered by the model. Door {one.door}")
    elif one.reached and one.verdict != Verdict.EXEMPT:
        make = Problem if view.settings.production else warning
        yield make(f"{got}, answered by the model. Door {one.door} is {one.verdict}", "close it")
    elif one.expected == Outcome.REACHES_MODEL and one.status in (401, 403):
        yield warning(
            f"{got}, though the door is {one.verdict}: model and cluster disagree. Door {one.door}",
            "something else refuses it; report it with a --bundle",
        )
