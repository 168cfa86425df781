"""Requests that are sent on purpose (`--active`): harmless, few, slow, each held to the verdict.

None asks for more than one token, none brings a key but the ones that are meant to get in, and
these only over a verified connection.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final

from modelgate.doctor.checks.gateway_address import address
from modelgate.doctor.checks.model_names import declared_name
from modelgate.doctor.snapshot import Certificate, Probed
from modelgate.doctor.transport import send
from modelgate.doctor.view import View, certificate_refs
from modelgate.topology.answers import Door, Request
from modelgate.topology.derive.names import Names
from modelgate.topology.routes import Gateway, Match
from modelgate.topology.ways import answer

MOST: Final = 200
EVERY_SECONDS: Final = 0.1
_SILENT: Final = 3
"""Requests without an answer after which a gateway is left alone."""

FORGED: Final = {
    "x-maas-username": "admin",
    "x-maas-group": "admins",
    "x-forwarded-user": "admin",
    "x-auth-request-user": "admin",
    "x-gateway-inference-fairness-id": "admin",
}
_BEARER: Final = "authorization"
_SUFFIXES: Final = {"InferencePool": "", "Service": "/v1/models"}


@dataclass(frozen=True, slots=True)
class Probe:
    """One request to send: at which door, with what on it, to which address, for which model."""

    door: Door
    what: str
    request: Request
    address: str
    model: str
    with_key: bool = False

    @property
    def body(self) -> dict[str, object]:
        """The shortest completion."""
        asked: dict[str, object] = {"model": self.model, "max_tokens": 1}
        if self.request.path.partition("?")[0].endswith("/v1/completions"):
            return {**asked, "prompt": "Hi"}
        return {**asked, "messages": [{"role": "user", "content": "Hi"}]}


def run(view: View, key: str = "", pause: Callable[[float], None] = time.sleep) -> list[Probed]:
    """Send what `plan` lists, slowly, and what came back; `key` is an API key that is valid."""
    found: list[Probed] = []
    silent: dict[str, int] = {}
    for probe in plan(view, key):
        if silent.get(probe.door.gateway, 0) >= _SILENT:
            continue
        pause(EVERY_SECONDS)
        answered = send(probe.request, probe.address, probe.body, verify=probe.with_key)
        if answered.fault:
            silent[probe.door.gateway] = silent.get(probe.door.gateway, 0) + 1
        found.append(
            Probed(
                door=probe.door.name,
                verdict=str(probe.door.verdict),
                what=f"{_url(probe.request)} {probe.what}",
                expected=_expected(view, probe),
                status=answered.status,
                reached=answered.reached,
                picked=answered.picked,
                through_pool=probe.door.backend.startswith("InferencePool "),
                with_key=probe.with_key,
                fault=answered.fault,
            )
        )
    return found


def _url(request: Request) -> str:
    return f"{request.method} {request.scheme}://{request.host}:{request.port}{request.path}"


def _expected(view: View, probe: Probe) -> str:
    """The outcome that the judge expects; a wrong key is not taken as valid."""
    return str(answer(view.analysis.world, probe.request, trusted=probe.with_key).outcome)


def plan(view: View, key: str = "") -> list[Probe]:
    """At most MOST probes: every door once before any door twice."""
    doors = [probe for door in view.report.doors if (probe := _plain(view, door))]
    rounds: list[Iterable[Probe]] = [doors]
    if key:
        rounds.append(_with_key(one, key) for one in doors if one.request.scheme == "https")
    rounds += [[variant] for probe in doors for variant in _variants(probe)]
    return list(islice((probe for one in rounds for probe in one), MOST))


def _with_key(probe: Probe, key: str) -> Probe:
    return replace(probe, what="with a key", request=_with(probe, key), with_key=True)


def _plain(view: View, door: Door) -> Probe | None:
    """The request that goes through the door, without credentials."""
    gateway = view.analysis.topology.gateways.get(door.gateway)
    match = _match(view, door)
    where = address(gateway.object) if gateway else ""
    if not gateway or not match or not where or match.kind == "RegularExpression":
        return None
    listener = next((one for one in gateway.listeners if one.name == door.listener), None)
    if listener is None or listener.protocol not in ("HTTP", "HTTPS"):
        return None
    pool = door.backend.startswith("InferencePool ")
    host = door.hostname.replace("*", "modelgate-probe") or _named(view, gateway) or where
    request = Request(
        host=host,
        method=match.method or ("POST" if pool else "GET"),
        scheme=listener.protocol.lower(),
        port=listener.port,
        path=_path(match, door),
        headers={one.name: one.value for one in match.headers},
        gateway=door.gateway,
    )
    return Probe(door, "without credentials", request, where, _model(view, door))


def _named(view: View, gateway: Gateway) -> str:
    """A host that the gateway's certificate is for."""
    for place in certificate_refs(gateway.object):
        for name in view.snapshot.certificates.get(place, Certificate()).names:
            return name.replace("*", "modelgate-probe")
    return ""


def _match(view: View, door: Door) -> Match | None:
    for route in view.analysis.topology.routes:
        if route.ref == door.route and door.rule is not None and door.rule < len(route.rules):
            matches = route.rules[door.rule].matches
            return matches[door.match or 0] if (door.match or 0) < len(matches) else None
    return None


def _path(match: Match, door: Door) -> str:
    if match.kind == "Exact":
        return match.path
    suffix = _SUFFIXES.get(door.backend.partition(" ")[0], "")
    return f"{match.path.rstrip('/')}{suffix}" or "/"


def _model(view: View, door: Door) -> str:
    """The name of the model behind the door, as its service declares it."""
    for service in view.services:
        names = Names(service.name)
        places = {f"{service.namespace}/{name}" for name in (names.pool, names.workload_service)}
        if door.backend.partition(" ")[2] in places:
            return declared_name(service)
    return "modelgate-probe"


def _with(probe: Probe, key: str) -> Request:
    return replace(probe.request, headers={**probe.request.headers, _BEARER: f"Bearer {key}"})


def _variants(probe: Probe) -> Iterator[Probe]:
    """The same request with what has opened doors elsewhere."""
    request, headers = probe.request, dict(probe.request.headers)

    def sent(what: str, **more: Any) -> Probe:
        return replace(probe, what=what, request=replace(request, **more))

    yield sent("with a wrong key", headers={**headers, _BEARER: "Bearer modelgate-wrong-key"})
    yield sent("with forged identity headers", headers={**headers, **FORGED})
    yield sent("with a query", path=f"{request.path}?x=/.well-known/openid-configuration")
    if request.host.upper() != request.host:
        yield sent("with the host in capitals", host=request.host.upper())
    if probe.door.backend.startswith("Service "):
        base = request.path.removesuffix(_SUFFIXES["Service"])
        yield sent("to /invocations", method="POST", path=f"{base}/invocations")
