"""Questions to the lab's Authorino that no Envoy asks: for any AuthConfig and any request."""

import grpc

from modelgate.local.lab.gateway import wire
from modelgate.local.lab.gateway.action_sets import Sent


class Authorino:
    """The authorization service at `address` (`host:port`); close it after use."""

    def __init__(self, address: str) -> None:
        self._channel = grpc.insecure_channel(address)
        self._check = self._channel.unary_unary(wire.CHECK)

    def status(self, auth_config: str, sent: Sent) -> int:
        """The HTTP status that it answers for `sent`: 200 lets it pass. Raises grpc.RpcError."""
        question = wire.check_request(auth_config, sent)
        return wire.answer_in(self._check(question, timeout=10, wait_for_ready=True)).status

    def close(self) -> None:
        self._channel.close()
