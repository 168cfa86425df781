"""The check that finds the hidden fault: all is Accepted and answers 200, and nothing is picked.

Response flags and details are the same for a request that passed the picker by. What tells is
whether the picker answered: its log (from inference extension 1.4 on), the response header
x-went-into-resp-headers in the access log or with --active. Envoy's counts for the picker's cluster
(--deep) tell only whether it could be asked: one that is asked in a body mode that it does not
answer counts as one that answers.
"""

from collections.abc import Iterator
from datetime import datetime

from modelgate.doctor.access_log import Line
from modelgate.doctor.check import Layer
from modelgate.doctor.checks.picker_arguments import flags
from modelgate.doctor.checks.request_bodies import no_log
from modelgate.doctor.kinds import DEPLOYMENT, MODEL_SERVICE, POD, Kind
from modelgate.doctor.pods import arguments
from modelgate.doctor.results import Problem, Result, judged, skipped, warning
from modelgate.doctor.snapshot import PickerLog, Upstream
from modelgate.doctor.traffic import (
    Way,
    by_ext_proc,
    by_server,
    hung,
    lines,
    meaning,
    of_service,
    way,
)
from modelgate.doctor.view import View, place
from modelgate.topology.derive.names import Names
from modelgate.topology.objects import Object
from modelgate.topology.values import labels
from modelgate.version_ranges import Version

ID = "picker-in-the-loop"
TITLE = "requests to a pool go through its picker"
LAYER = Layer.TRAFFIC
NEEDS: tuple[str, ...] = ("picker-serving", "picker-arguments", "backend-tls", "request-bodies")
READS: tuple[Kind, ...] = (MODEL_SERVICE, POD, DEPLOYMENT)
WAY_OUT = (
    "see with --deep whether Envoy reaches the picker at all; a NetworkPolicy, TLS arguments or an"
    " EnvoyFilter may be in the way"
)
WAITS = False

LOGS_FROM = "1.4.0"
"""Inference extension whose pickers log each request at the default level (handlers/server.go)."""

DEFAULT_LEVEL = 2

_ENOUGH = 0.5
"""Share of requests for which the picker chose; logs of several pods do not end at one moment."""


def run(view: View) -> Result:
    problems: list[Problem] = []
    proofs: list[str] = []
    reached: list[str] = []
    for service in view.services:
        for found, proof in (
            _by_log(view, service),
            _by_line(view, service),
            _by_failing(view, service),
        ):
            problems += found
            proofs += [proof] if proof else []
        found, asked = _by_counts(view, service)
        problems += found
        reached += [asked] if asked else []
    if not problems and not proofs:
        return skipped("; ".join([*reached, _why_not(view)]))
    return judged(problems, "; ".join([*reached, *proofs]))


Evidence = tuple[list[Problem], str]
"""What is wrong, and what was seen that says so or says that nothing is."""


def _why_not(view: View) -> str:
    if not view.picker_pods:
        return "there is no picker"
    to_pool = [one for one in lines(view) if way(one) is Way.POOL]
    if not to_pool:
        return f"no request went to a pool: {no_log(view)}"
    if not any(by_server(one) for one in to_pool):
        return "no pod of a pool has answered a request"
    return "this picker does not log that it chose: have the gateway log it (docs/doctor.md)"


def _sent(view: View, service: Object) -> list[Line]:
    """Completions to the pool that a pod answered."""
    return [
        one
        for one in of_service(view, service)
        if way(one) is Way.POOL and one.method == "POST" and by_server(one)
    ]


def _by_log(view: View, service: Object) -> Evidence:
    sent, logs = _sent(view, service), list(_logs(view, service))
    since = max((log.since for log in logs if log.since), default=None)
    if since is None or not (any(log.received for log in logs) or _logs_requests(view, service)):
        return [], ""
    seen = [one for one in sent if one.time >= since]
    if not seen:
        return [], ""
    heard = sum(_between(log.received, seen[0].time) for log in logs)
    chose = sum(_between(log.answered, seen[0].time) for log in logs)
    proof = f"{service.name}: the picker chose for {chose}, pods answered {len(seen)}"
    if chose >= len(seen) * _ENOUGH:
        return [], proof
    why = ": it does not answer in time, or not this body mode" if heard > chose else ""
    what = (
        f"{service.ref}: pods answered {len(seen)} completions that went to the pool, the picker"
        f" heard of {heard} and chose for {chose}: they pass the picker by{why}"
    )
    return [Problem(what) if chose == 0 else warning(what)], proof


def _logs(view: View, service: Object) -> Iterator[PickerLog]:
    for pod in view.picker_pods:
        own = labels(pod.metadata.get("labels")).get("app.kubernetes.io/name")
        log = view.snapshot.pickers.get(place(pod))
        if log and own == service.name and pod.namespace == service.namespace:
            yield log


def _logs_requests(view: View, service: Object) -> bool:
    """Whether the picker logs every request: its version does, and nobody told it to be quiet."""
    release = view.release
    if not release or Version(release.picker.inference_extension) < Version(LOGS_FROM):
        return False
    names = Names(service.name)
    deployment = view.find(DEPLOYMENT, service.namespace, names.child("-kserve-router-scheduler"))
    level = flags(arguments(deployment) if deployment else ()).get("v", str(DEFAULT_LEVEL))
    return level.isdecimal() and int(level) >= DEFAULT_LEVEL


def _between(times: tuple[datetime, ...], start: datetime) -> int:
    return sum(1 for one in times if one.replace(microsecond=0) >= start.replace(microsecond=0))


def _by_counts(view: View, service: Object) -> Evidence:
    """What Envoy counted for the picker's cluster, in each gateway pod."""
    host = f"||{Names(service.name).picker_service}.{service.namespace}."
    problems: list[Problem] = []
    proof = ""
    for pod, counted in (view.snapshot.upstreams or {}).items():
        own = [one for one in counted if host in one.cluster]
        used = any(way(one) is Way.POOL for one in view.snapshot.access.get(pod, ()))
        if fault := _fault(own, used):
            problems.append(Problem(f"{service.ref}, seen from Pod {pod}: {fault}"))
        elif own:
            proof = f"{service.name}: Envoy asked the picker {sum(o.requests for o in own)} times"
    return problems, proof


def _fault(own: list[Upstream], used: bool) -> str:
    """What is wrong between Envoy and the picker; empty where nothing is."""
    if not own:
        return "its Envoy knows no cluster of the picker: the route asks `dummy`" if used else ""
    if not any(one.host for one in own):
        return "the picker's cluster has no endpoint: it is never asked" if used else ""
    connected = sum(one.connected for one in own)
    failed = sum(one.connect_failed for one in own)
    requests, errors = sum(one.requests for one in own), sum(one.failed for one in own)
    if not connected and not requests:
        return "Envoy never asked the picker, though requests went to the pool" if used else ""
    if failed and failed >= connected:
        return (
            f"{failed} of {connected} connections to the picker failed: TLS, or it is unreachable"
        )
    if requests and errors >= requests:
        return f"all {requests} questions to the picker failed: one speaks TLS, the other does not"
    return ""


def _by_failing(view: View, service: Object) -> Evidence:
    """Completions that Envoy or the client ended, because the picker failed or hung."""
    sent = [one for one in of_service(view, service) if one.method == "POST"]
    failed = [one for one in sent if hung(one) or by_ext_proc(one)]
    if not failed:
        return [], ""
    what = (
        f"{service.ref}: {len(failed)} of {len(sent)} completions got no pod: {meaning(failed[-1])}"
    )
    return [Problem(what) if len(failed) == len(sent) else warning(what)], ""


def _by_line(view: View, service: Object) -> Evidence:
    """Where the log's own format tells (x-went-into-resp-headers)."""
    told = [one for one in _sent(view, service) if one.picked is not None]
    past = [one for one in told if one.picked is False]
    if not told:
        return [], ""
    through = len(told) - len(past)
    proof = f"{service.name}: {through} of {len(told)} answers went through the picker"
    what = f"{service.ref}: {len(past)} of {len(told)} answers did not go through the picker"
    if not past:
        return [], proof
    return [Problem(what) if len(past) == len(told) else warning(what)], proof
