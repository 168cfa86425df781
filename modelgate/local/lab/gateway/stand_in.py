"""In the place of Kuadrant's filter: Authorino decides where the operator's action sets say so.

Envoy asks here over gRPC for each request of a gateway that has the filter. The gateway's action
sets say which AuthConfig has to answer; the very same question, with its name, goes to Authorino,
and Authorino's answer goes back as it is. Nothing that fails lets a request pass (failure mode
deny: kuadrant-operator's default; wasm-shim 0.14.1 answers 500 then).
"""

import json
import threading
from collections.abc import Mapping
from concurrent import futures
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import grpc

from modelgate.local.lab.gateway import wire
from modelgate.local.lab.gateway.action_sets import (
    BrokenConfigError,
    FailedPredicateError,
    Filter,
)
from modelgate.local.lab.gateway.translate import GATEWAY_HEADER
from modelgate.local.lab.gateway.world import Body

_PATIENCE_SECONDS: Final = 5
_THREADS: Final = 8
_SERVICE: Final = wire.CHECK.split("/")[1]


@dataclass(frozen=True)
class Heard:
    """One question as it was answered; `id` is the request's, `code` Authorino's (None: not asked).

    `reason` is Authorino's, or what stood in the way of asking. Values of headers stay away.
    """

    id: str
    gateway: str
    status: int
    action_set: str = ""
    auth_config: str = ""
    code: int | None = None
    reason: str = ""
    not_executed: tuple[str, ...] = ()


class StandIn:
    """The service; `port` is its own, on loopback. It writes a line for each question to `log`."""

    def __init__(self, authorino: str, log: Path) -> None:
        self._filters: Mapping[str, Filter | BrokenConfigError] = {}
        self._compiled: dict[str, tuple[Body, Filter | BrokenConfigError]] = {}
        self._log, self._writing = log, threading.Lock()
        self._channel = grpc.insecure_channel(authorino)
        self._authorino = self._channel.unary_unary(wire.CHECK)
        self._server = grpc.server(futures.ThreadPoolExecutor(_THREADS))
        handler = grpc.unary_unary_rpc_method_handler(self._check)
        generic = grpc.method_handlers_generic_handler(_SERVICE, {"Check": handler})
        self._server.add_generic_rpc_handlers((generic,))
        self.port: int = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()

    def stop(self) -> None:
        self._server.stop(None)
        self._channel.close()

    def use(self, configurations: Mapping[str, Body]) -> None:
        """Answer by these configurations of filters from now on; by `namespace/gateway`."""
        compiled = {}
        for gateway, configuration in configurations.items():
            known = self._compiled.get(gateway)
            same = known is not None and known[0] == configuration
            compiled[gateway] = known if known and same else (configuration, _made(configuration))
        self._compiled = compiled
        self._filters = {gateway: made for gateway, (_, made) in compiled.items()}

    def _check(self, question: bytes, context: Any) -> bytes:
        gateway = dict(context.invocation_metadata()).get(GATEWAY_HEADER, "")
        heard, answer = self._answer(question, gateway)
        with self._writing, self._log.open("a") as log:
            log.write(json.dumps(asdict(heard)) + "\n")
        return answer

    def _answer(self, question: bytes, gateway: str) -> tuple[Heard, bytes]:
        sent = wire.sent_in(question)
        identity = sent.headers.get("x-request-id", "")
        made = self._filters.get(gateway)
        if made is None:
            return Heard(identity, gateway, 500, reason="no configuration"), wire.refuses(500)
        if isinstance(made, BrokenConfigError):
            reason = f"the filter does not load its configuration: {made}"
            return Heard(identity, gateway, 503, reason=reason), wire.refuses(503)
        try:
            chosen = made.chosen(sent)
        except FailedPredicateError as error:
            reason = f"a predicate fails: {error}"
            return Heard(identity, gateway, 500, reason=reason), wire.refuses(500)
        heard = Heard(identity, gateway, 200, chosen.name, not_executed=chosen.others)
        answer = wire.passes()
        for auth_config in chosen.auth_configs:
            heard, answer = self._relay(question, heard, auth_config)
            if heard.code != wire.OK:
                break
        return heard, answer

    def _relay(self, question: bytes, heard: Heard, auth_config: str) -> tuple[Heard, bytes]:
        told = {**asdict(heard), "auth_config": auth_config}
        try:
            answer: bytes = self._authorino(
                wire.for_auth_config(question, auth_config), timeout=_PATIENCE_SECONDS
            )
        except grpc.RpcError as error:
            told |= {"status": 500, "reason": f"Authorino does not answer: {error.code().name}"}
            return Heard(**told), wire.refuses(500)
        said = wire.answer_in(answer)
        return Heard(**{**told, **asdict(said)}), answer


def _made(configuration: Body) -> Filter | BrokenConfigError:
    try:
        return Filter(configuration)
    except BrokenConfigError as error:
        return error
