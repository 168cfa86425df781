"""What one line of a gateway's access log means: where the request went, and who answered it.

A line says that a request went to a pool. Whether a picker chose the pod it does not say: response
flags and details are the same for a request that passed the picker by.
"""

import re
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Final

from modelgate.doctor.access_log import Line
from modelgate.doctor.view import View
from modelgate.releases import shadow_service
from modelgate.topology.derive.names import Names
from modelgate.topology.objects import Object

_POOL: Final = re.compile(
    r"^outbound\|\d+\|\|(?P<name>[^.]+)-ip-[0-9a-f]{8}\.(?P<namespace>[^.]+)\."
)
_SERVICE: Final = re.compile(
    r"^outbound\|(?P<port>\d+)\|[^|]*\|(?P<name>[^.]+)\.(?P<namespace>[^.]+)"
)
_HUNG_MS: Final = 1_000
"""Authorization takes 200 ms at most; what waits longer and has no pod yet waits for a picker."""

FLAGS: Final = {
    "DC": "the client went away before the answer",
    "DI": "a delay was injected",
    "DPE": "the client sent what is not HTTP",
    "FI": "a fault was injected",
    "IH": "a header was refused",
    "LH": "the pod failed its health check",
    "LR": "the pod reset the connection",
    "NC": "the cluster that the route names is not known",
    "NR": "no route matches",
    "OM": "the gateway is out of memory",
    "RL": "a local rate limit",
    "RLSE": "the rate limit service failed",
    "SI": "the stream was idle too long",
    "UAEX": "refused by external authorization",
    "UC": "the connection to the pod broke",
    "UF": "the pod could not be connected to",
    "UH": "no pod of the cluster is healthy",
    "UMSDR": "the longest stream duration was reached",
    "UO": "too many requests at once for the cluster",
    "UPE": "the pod answered what is not HTTP",
    "UR": "the pod reset the request",
    "URX": "all tries failed",
    "UT": "the pod took too long",
}
"""Envoy's response flags in words (envoyproxy/envoy, access log usage, RESPONSE_FLAGS)."""

_PICKERS_WORD: Final = {
    400: "the picker refused the body",
    503: "the picker knows no pod of the pool that is ready",
}


class Way(StrEnum):
    """Where a request was routed to."""

    POOL = "pool"
    SERVICE = "service"
    OTHER = "other"
    NOWHERE = "nowhere"


def way(line: Line) -> Way:
    """Where the route sent the request, whether or not it got there."""
    if _POOL.match(line.cluster):
        return Way.POOL
    if "-kserve-workload-svc." in line.cluster:
        return Way.SERVICE
    return Way.OTHER if line.cluster else Way.NOWHERE


def backend(line: Line) -> str:
    """`pool ns/name`, `Service ns/name`, or what the log calls it."""
    if found := _POOL.match(line.cluster):
        return f"InferencePool {found['namespace']}/{found['name']}"
    if found := _SERVICE.match(line.cluster):
        return f"Service {found['namespace']}/{found['name']}"
    return line.cluster or "nowhere"


def by_server(line: Line) -> bool:
    """Whether the pod itself answered, and not the gateway."""
    return bool(line.pod) and line.details == "via_upstream"


def lines(view: View) -> Iterator[Line]:
    """Every line of every gateway whose log was read."""
    for found in view.snapshot.access.values():
        yield from found


def of_service(view: View, service: Object) -> list[Line]:
    """The lines of requests to the pool or the Service of an LLMInferenceService."""
    names = Names(service.name)
    own = (shadow_service(names.pool), names.workload_service)
    hosts = tuple(f"|{name}.{service.namespace}." for name in own)
    return [line for line in lines(view) if any(host in line.cluster for host in hosts)]


def hung(line: Line) -> bool:
    """Whether a client went away that waited for a picker: no pod was chosen."""
    gone = line.status == 0 or "DC" in line.flags.split(",")
    return gone and way(line) is Way.POOL and not line.pod and line.duration >= _HUNG_MS


def by_ext_proc(line: Line) -> bool:
    """Whether Envoy ended the request because the picker failed."""
    return line.details.startswith("ext_proc")


def by_picker(line: Line) -> bool:
    """Whether a picker answered the client itself: Envoy has no details then."""
    answered = line.status in _PICKERS_WORD and way(line) is Way.POOL
    return answered and not line.pod and not line.details and not line.flags


def picker_word(line: Line) -> str:
    """Whether the picker was in the loop, as far as the line tells."""
    if way(line) is Way.POOL and by_picker(line):
        return "the picker answered"
    if way(line) is Way.POOL and not line.pod:
        return "to the pool, not to a pod"
    if way(line) is Way.POOL:
        words = {True: "the picker chose", False: "past the picker", None: "to the pool"}
        return words[line.picked]
    return {Way.SERVICE: "not by the picker: to the Service", Way.NOWHERE: "to no backend"}.get(
        way(line), "not by a picker"
    )


def meaning(line: Line, limits: Sequence[str] = ()) -> str:
    """What the status means here; `limits` are the policies that may have answered 429."""
    if by_ext_proc(line):
        return _picker_failed(line)
    if by_picker(line):
        return _PICKERS_WORD[line.status]
    if line.status == 0 or "DC" in line.flags.split(","):
        waited = f" after {line.duration / 1000:.1f} s" if line.duration >= _HUNG_MS else ""
        hang = ": the picker does not answer this body mode, or hangs" if hung(line) else ""
        return f"{FLAGS['DC']}{waited}{hang}"
    found = _by_status(line, limits)
    flags = [FLAGS[flag] for flag in line.flags.split(",") if flag in FLAGS]
    return "; ".join(filter(None, [found, *flags, line.reason]))


def _picker_failed(line: Line) -> str:
    if "timeout" in line.details:
        return "the picker did not answer in time: it answers another body mode, or hangs"
    if "CERTIFICATE_VERIFY_FAILED" in line.details:
        return "the picker's certificate is refused: it lacks --cert-path"
    if "WRONG_VERSION_NUMBER" in line.details:
        return "the gateway speaks TLS to a picker that does not: --secure-serving is off"
    if "connection_termination" in line.details:
        return "the picker ends the connection: it speaks TLS, and the gateway does not"
    if "Connection_refused" in line.details:
        return "nobody listens at the picker's address"
    if "no_healthy_upstream" in line.details:
        return "the gateway knows no endpoint of the picker: it has no pod that is ready"
    return f"the picker failed ({line.details})"


def _by_status(line: Line, limits: Sequence[str]) -> str:
    server, pool = by_server(line), way(line) is Way.POOL
    if line.status < 400:
        return ""
    match line.status:
        case 400 if server and pool:
            return "the server got no body or a bad one: lost where a picker fails (Istio < 1.28)"
        case 400 | 422 if server:
            return "the server refused the body"
        case 401:
            return f"no valid credentials at the door {door(line)}"
        case 403:
            return f"valid credentials that may not pass the door {door(line)}"
        case 404 if server:
            return "the server does not know the model that the request names"
        case 404 if "NR" in line.flags or line.details == "route_not_found":
            return "no route for this host and path"
        case 404:
            return "Authorino has no configuration for this host yet"
        case 413:
            return "the body is larger than a filter buffers (body mode BUFFERED: 1 MiB)"
        case 429:
            named = f": {', '.join(limits)}" if limits else ""
            return "over a limit of the server" if server else f"over a limit{named}"
        case 500 if not server:
            return "a filter failed: Authorino out of reach or too slow (200 ms), or the picker"
        case 503 if line.details == "wasm_fail_stream":
            return "the gateway's filter is not loaded: every route of the gateway answers 503"
        case 504 if not server:
            return "nobody answered in time"
    return f"the server answered {line.status}" if server else f"the gateway answered {line.status}"


def door(line: Line) -> str:
    """The door at which the request was: route and host."""
    return " at ".join(filter(None, (line.route or line.path, line.authority)))
