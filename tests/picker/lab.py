"""A gateway in Istio's shape with its EnvoyFilters, its pods and its pickers, on loopback."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Protocol

from tests.picker import istio
from tests.picker.envoy import Answer, Envoy, bootstrap, endpoints
from tests.picker.pods import Pods

DESTINATION: Final = "x-gateway-destination-endpoint"
SEEN: Final = "x-went-into-resp-headers"

Config = dict[str, Any]
_LB: Final = "envoy.load_balancing_policies"
_LB_TYPES: Final = "type.googleapis.com/envoy.extensions.load_balancing_policies"


class Result(StrEnum):
    """What became of a request at a route that goes through the picker."""

    PICKED = "the pod that the picker chose answered"
    BYPASSED = "a pod answered, and no picker was asked or heard"
    HANGS = "no answer while the client waited"
    REFUSED = "Envoy answered, and no pod was reached"


class Picker(Protocol):
    """What the scripted pickers and the real one have in common."""

    @property
    def port(self) -> int: ...

    @property
    def heard(self) -> int:
        """How many requests it was asked about."""

    @property
    def picks(self) -> int:
        """How many pods it has chosen for a body."""

    def wait_until_asked(self) -> object: ...

    def may_choose(self, pod: str) -> bool: ...


@dataclass
class Gateway:
    """What a gateway is made of; `running` starts it.

    `pickers` are the addresses (`ip:port`, or "" for no endpoint) by cluster name, `ca` the
    certificate authority that Envoy verifies them with (none: plaintext).
    """

    route_manifests: Sequence[Config]
    pods: Pods
    pickers: dict[str, str]
    version: str = "1.26.2"
    name: str = "maas-gateway"
    envoy_filters: Sequence[Config] = ()
    message_timeout: str = "1000s"
    fail_open: bool = True
    ca: Path | None = None
    statistics: Config = field(default_factory=dict)
    routes: list[Config] = field(default_factory=list)

    @contextmanager
    def running(self, folder: Path) -> Iterator[Envoy]:
        before = [
            route
            for manifest in self.route_manifests
            for route in istio.routes(manifest, self.version, self.fail_open)
        ]
        filters, self.routes = istio.patched(
            [istio.base_filter(self.message_timeout)],
            before,
            self.envoy_filters,
            self.name,
            self.version,
        )
        clusters = [self._picker(name, address) for name, address in self.pickers.items()]
        names = dict.fromkeys(route["route"]["cluster"] for route in self.routes)
        clusters += [_pods(name, self.pods) for name in names]
        longest_first = sorted(self.routes, key=lambda route: -len(route["match"]["prefix"]))
        started = bootstrap(filters, longest_first, clusters, folder, self.statistics)
        with Envoy(started, folder) as envoy:
            yield envoy

    def _picker(self, name: str, address: str) -> Config:
        options = {
            "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
            "explicit_http_config": {"http2_protocol_options": {}},
        }
        cluster: Config = {
            "name": name,
            "type": "STATIC",
            "load_assignment": endpoints(name, [address] if address else []),
            "typed_extension_protocol_options": {
                "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": options
            },
        }
        if self.ca is not None:
            cluster["transport_socket"] = _verified(self.ca)
        return cluster


def _verified(ca: Path) -> Config:
    """The DestinationRule of KServe: TLS that checks the picker's certificate."""
    context = {
        "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
        "sni": "localhost",
        "common_tls_context": {"validation_context": {"trusted_ca": {"filename": str(ca)}}},
    }
    return {"name": "envoy.transport_sockets.tls", "typed_config": context}


def _pods(name: str, pods: Pods) -> Config:
    """A pool as Istio writes it: the pod that the header names, else one after the other."""
    round_robin = _policy("round_robin", "RoundRobin", {})
    chosen = {
        "override_host_sources": [{"header": DESTINATION}],
        "fallback_policy": {"policies": [round_robin]},
    }
    return {
        "name": name,
        "type": "STATIC",
        "load_assignment": endpoints(name, pods.addresses),
        "load_balancing_policy": {"policies": [_policy("override_host", "OverrideHost", chosen)]},
    }


def _policy(name: str, message: str, config: Config) -> Config:
    typed = {"@type": f"{_LB_TYPES}.{name}.v3.{message}", **config}
    return {"typed_extension_config": {"name": f"{_LB}.{name}", "typed_config": typed}}


def result(answer: Answer, pods: Pods, picker: Picker) -> Result:
    """What became of the only request so far. Raises AssertionError where it is none of these."""
    found = _result(answer, pods, picker)
    scheduled = found is Result.PICKED and bool(pods.received[0].body)  # else any pod is taken
    assert found is Result.REFUSED or (picker.picks > 0) is scheduled
    return found


def _result(answer: Answer, pods: Pods, picker: Picker) -> Result:
    if answer.status is None:
        assert pods.received == []
        return Result.HANGS
    if not pods.received:
        return Result.REFUSED
    (received,) = pods.received
    assert received.body or received.method == "GET"
    assert answer.status == received.status
    if answer.headers.get(SEEN) != "true":
        assert DESTINATION not in received.headers
        return Result.BYPASSED
    assert received.headers[DESTINATION] == received.pod
    assert picker.may_choose(received.pod)
    return Result.PICKED
