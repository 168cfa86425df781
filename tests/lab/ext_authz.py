"""One question to Authorino over gRPC, and its answer, in the bytes of the wire format.

Source: envoyproxy/envoy, api/envoy/service/auth/v3 (external_auth.proto, attribute_context.proto);
kuadrant's filter names the AuthConfig in the context extension `host`. The bytes are written
here because the published Python packages of these messages do not go with Pulumi's protobuf.
"""

from collections.abc import Iterator, Mapping

import grpc

from tests.lab.envoy_filter import Sent

_METHOD = "/envoy.service.auth.v3.Authorization/Check"
_OK = 0
_STATUS_OF_CODE = {16: 401, 7: 403, 5: 404}


class Authorino:
    """The authorization service at `address` (`host:port`); close it after use."""

    def __init__(self, address: str) -> None:
        self._channel = grpc.insecure_channel(address)
        self._check = self._channel.unary_unary(_METHOD, lambda request: request, _code)

    def status(self, auth_config: str, sent: Sent) -> int:
        """The HTTP status that it answers for `sent`: 200 lets it pass. Raises grpc.RpcError."""
        code = self._check(_check_request(auth_config, sent), timeout=10, wait_for_ready=True)
        return 200 if code == _OK else _STATUS_OF_CODE.get(code, 403)

    def close(self) -> None:
        self._channel.close()


def _check_request(auth_config: str, sent: Sent) -> bytes:
    query = sent.path.partition("?")[2]
    http = b"".join(
        [
            _field(2, sent.method),
            *_map(3, {**sent.headers, ":authority": sent.host, ":path": sent.path}),
            _field(4, sent.path),
            _field(5, sent.host),
            _field(6, sent.scheme),
            _field(7, query),
            _field(10, "HTTP/1.1"),
        ]
    )
    peer = _field(1, _field(1, _field(2, "10.0.0.1")))
    attributes = _field(1, peer) + _field(4, _field(2, http))
    attributes += b"".join(_map(10, {"host": auth_config}))
    return _field(1, attributes)


def _map(number: int, pairs: Mapping[str, str]) -> Iterator[bytes]:
    for key, value in pairs.items():
        yield _field(number, _field(1, key) + _field(2, value))


def _field(number: int, value: bytes | str) -> bytes:
    """A length-delimited field."""
    data = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    low, rest = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + _varint(rest) if rest else bytes([low])


def _code(response: bytes) -> int:
    """CheckResponse.status.code; absent means 0, as every field of its default value."""
    status = _fields(response).get(1, b"")
    assert isinstance(status, bytes)
    code = _fields(status).get(1, _OK)
    assert isinstance(code, int)
    return code


def _fields(message: bytes) -> dict[int, int | bytes]:
    """The last value of each field of a message of varints and length-delimited fields."""
    found: dict[int, int | bytes] = {}
    at = 0
    while at < len(message):
        key, at = _read(message, at)
        value, at = _read(message, at)
        if key & 7 == 2:
            found[key >> 3], at = message[at : at + value], at + value
        else:
            found[key >> 3] = value
    return found


def _read(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80:
            return value, at
