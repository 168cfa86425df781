"""What became of a request in the lab's real Envoy: who answered it, and which rule it took.

What a topology leaves out, the lab gets besides: certificates of HTTPS listeners, and for every
InferencePool a picker that picks nothing, since Istio has the picker asked before Kuadrant's
filter. Pods are left out: a request that Envoy would send on ends there.
"""

import time
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from modelgate.errors import ModelgateError
from modelgate.local.api import Api
from modelgate.local.lab import Lab
from modelgate.local.lab.gateway import ACCESS_LOG, Address, State
from modelgate.local.lab.gateway.asking import Asked, send
from modelgate.local.lab.gateway.logs import Line, parse
from modelgate.local.waiting import until
from modelgate.topology import Request
from tests.lab.topologies import Body, Topology
from tests.picker.scripted import Scripted, streaming

_NO_ENVOY = "none serves this gateway"
_REFUSED = "Envoy refuses the configuration of this port"
_NO_HTTP = "Envoy took this for no HTTP"
_SERVED_SECONDS = 60
_LOGGED_SECONDS = 10


class Way(StrEnum):
    """Who answered."""

    FILTER = "refused by the filter"
    SENT_ON = "sent on"
    NO_BACKEND = "no backend"
    GATEWAY = "answered by the gateway"
    NO_ROUTE = "no route"
    UNKNOWN = "not understood"


@dataclass(frozen=True)
class Outcome:
    """`place` is the listener, route, rule and match that Envoy chose, where it chose any."""

    way: Way
    status: int = 0
    details: str = ""
    place: Mapping[str, str] = field(default_factory=dict)


class Envoys:
    """The data plane of a lab; close it after use."""

    def __init__(self, lab: Lab) -> None:
        self._api = Api(lab.kubeconfig)
        self._folder = lab.gateway
        self._certificates = lab.kubeconfig.parent / "certs"
        self._log = _Tail(lab.gateway / ACCESS_LOG)
        self._picker = Scripted(streaming)
        self._picker.pod = "127.0.0.1:1"
        self._picker.__enter__()
        self._made: list[Body] = []

    def close(self) -> None:
        self._picker.__exit__(None, None, None)

    def furnish(self, topologies: Sequence[Topology]) -> None:
        """Make what they leave out, and wait until Envoy serves all that is stored."""
        for topology in topologies:
            for body in [*self._secrets(topology), *self._pickers(topology)]:
                with suppress(ModelgateError):  # the topology itself was refused
                    self._made.append(self._api.create(body))
        give_addresses(self._api, [body for body in self._made if body["kind"] == "Pod"])
        now = time.time()

        def served() -> bool:
            state = State.read(self._folder)
            return state is not None and state.seen > now

        if not until(served, _SERVED_SECONDS):
            raise ModelgateError(f"Envoy does not serve the objects after {_SERVED_SECONDS} s")

    def clear(self) -> None:
        for body in self._made:
            with suppress(ModelgateError):
                self._api.delete(body)
        self._made.clear()

    def put(self, requests: Sequence[Request]) -> list[Outcome]:
        """Send `requests`; what became of each."""
        state = State.read(self._folder)
        assert state is not None
        sent = [_sent(request, state) for request in requests]
        lines = self._log.lines([each for each, _ in sent if each])
        return [
            _outcome(identity, status, lines.get(identity)) if identity else Outcome(Way.NO_ROUTE)
            for identity, status in sent
        ]

    def _secrets(self, topology: Topology) -> Iterator[Body]:
        certificate = {
            f"tls.{name}": b64encode((self._certificates / f"apiserver.{name}").read_bytes())
            for name in ("crt", "key")
        }
        for gateway in topology.of_kind("Gateway"):
            for listener in gateway["spec"]["listeners"]:
                for each in listener.get("tls", {}).get("certificateRefs", ()):
                    place = {"namespace": gateway["metadata"]["namespace"], **each}
                    yield {
                        **_head("Secret", place["namespace"], place["name"]),
                        "type": "kubernetes.io/tls",
                        "data": {name: value.decode() for name, value in certificate.items()},
                    }

    def _pickers(self, topology: Topology) -> Iterator[Body]:
        for pool in topology.of_kind("InferencePool"):
            reference, namespace = (
                pool["spec"].get("endpointPickerRef"),
                pool["metadata"]["namespace"],
            )
            if reference:
                name, labels = reference["name"], {"modelgate-picker": reference["name"]}
                port = {
                    "name": "grpc",
                    "port": reference.get("port", {}).get("number", 9002),
                    "targetPort": self._picker.port,
                }
                yield {
                    **_head("Service", namespace, name),
                    "spec": {"selector": labels, "ports": [port]},
                }
                yield {
                    **_head("Pod", namespace, name, labels),
                    "spec": {"containers": [{"name": "picker", "image": "none"}]},
                }


def give_addresses(api: Api, pods: Sequence[Body]) -> None:
    """Put `pods` on loopback, after the lab has put them where nobody listens."""
    ready = {"podIP": "127.0.0.1", "conditions": [{"type": "Ready", "status": "True"}]}
    until(lambda: all("podIP" in api.get(pod).get("status", {}) for pod in pods), _SERVED_SECONDS)
    for pod in pods:
        api.patch_status(pod, ready)


def _head(kind: str, namespace: str, name: str, labels: Mapping[str, str] | None = None) -> Body:
    metadata = {"namespace": namespace, "name": name, "labels": dict(labels or {})}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata}


def _sent(request: Request, state: State) -> tuple[str, int]:
    """The id and the status of the answer; no id where nobody listens, or TLS fails."""
    secure = request.scheme == "https"
    addresses: Sequence[Address] = state.addresses
    if f"{request.gateway}:{request.port}: " in state.refused:
        return _REFUSED, 0
    if not any(address.gateway == request.gateway for address in addresses):
        return _NO_ENVOY, 0
    for address in addresses:
        at = (address.gateway, address.number, address.secure)
        if at == (request.gateway, request.port, secure):
            if not address.port:
                return _NO_ENVOY, 0
            headers = list(request.headers.items())
            asked = Asked(
                request.method,
                request.path,
                request.host,
                headers,
                request.body.encode(),
                request.sni,
            )
            try:
                answered = send(address, asked)
            except ModelgateError:
                return "", 0
            return answered.id or _NO_HTTP, answered.status
    return "", 0


def _outcome(identity: str, status: int, line: Line | None) -> Outcome:
    if line is None:
        return Outcome(Way.UNKNOWN, status, identity)
    return Outcome(_way(status, line), status, line.details, line.place)


def _way(status: int, line: Line) -> Way:
    if line.details.startswith("ext_authz"):
        return Way.FILTER
    if status == 501 or line.details.startswith("ext_proc"):
        return Way.UNKNOWN
    if line.details == "route_not_found":
        return Way.NO_ROUTE
    if line.details == "direct_response" and status != 500:
        return Way.GATEWAY
    if line.details in ("cluster_not_found", "direct_response"):
        return Way.NO_BACKEND
    if line.details in ("no_healthy_upstream", "via_upstream") or "upstream" in line.details:
        return Way.SENT_ON
    return Way.UNKNOWN


class _Tail:
    """What is appended to a log that may be cut at its start."""

    def __init__(self, log: Path) -> None:
        self._log, self._at = log, 0
        self._found: dict[str, Line] = {}

    def lines(self, identities: Sequence[str]) -> dict[str, Line]:
        """The lines of these requests, as soon as all are there."""
        wanted = set(identities) - {_NO_ENVOY, _NO_HTTP, _REFUSED}
        until(lambda: wanted <= self._read(), _LOGGED_SECONDS)
        return {each: self._found.pop(each) for each in wanted if each in self._found}

    def _read(self) -> Any:
        if self._log.exists():
            if self._log.stat().st_size < self._at:
                self._at = 0
            with self._log.open("rb") as log:
                log.seek(self._at)
                data = log.read()
            whole = data[: data.rfind(b"\n") + 1]
            self._at += len(whole)
            for text in whole.decode(errors="replace").splitlines():
                line = parse(text)
                if line is not None:
                    self._found[line.id] = line
        return self._found.keys()
