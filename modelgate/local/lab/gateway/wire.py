"""Questions to an authorization service and their answers, in the bytes of the wire format.

Source: envoyproxy/envoy, api/envoy/service/auth/v3 (external_auth.proto, attribute_context.proto);
Kuadrant's filter names the AuthConfig in the context extension `host`. The bytes are written
here because the published Python packages of these messages do not go with Pulumi's protobuf.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from modelgate.local.lab.gateway.action_sets import Sent

CHECK: Final = "/envoy.service.auth.v3.Authorization/Check"
OK: Final = 0
_UNKNOWN: Final = 2
_REASON: Final = "x-ext-auth-reason"
_STATUS_OF_CODE: Final = {16: 401, 7: 403, 5: 404}


@dataclass(frozen=True)
class Answer:
    """What an authorization service says: code 0 lets pass, else the HTTP status for the client."""

    code: int
    status: int
    reason: str = ""


def check_request(auth_config: str, sent: Sent) -> bytes:
    """The question whether `sent` may pass, for the AuthConfig whose host is `auth_config`."""
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
    return for_auth_config(_field(1, attributes), auth_config)


def for_auth_config(question: bytes, auth_config: str) -> bytes:
    """The same question for one AuthConfig: a field that comes twice is merged when it is read."""
    return question + _field(1, b"".join(_map(10, {"host": auth_config})))


def sent_in(question: bytes) -> Sent:
    """The request that Envoy asks about; its headers hold `x-request-id`."""
    http = _last(_last(_last(question, 1), 4), 2)
    headers = {}
    for number, value in _fields(http):
        if number == 3 and isinstance(value, bytes):
            headers[_text(value, 1)] = _text(value, 2)
    plain = {name: value for name, value in headers.items() if not name.startswith(":")}
    return Sent(_text(http, 5), _text(http, 2), _text(http, 6), _text(http, 4), plain)


def passes() -> bytes:
    """The answer that lets a request pass as it is."""
    return _field(1, b"") + _field(3, b"")


def refuses(status: int) -> bytes:
    """The answer that gives the client nothing but an HTTP status."""
    code = _number(1, _UNKNOWN)
    return _field(1, code) + _field(2, _field(1, _number(1, status)))


def answer_in(response: bytes) -> Answer:
    """What a CheckResponse says. A field that is absent has its default value."""
    code = _integer(_last(response, 1), 1)
    if code == OK:
        return Answer(code, 200)
    denied = _last(response, 2)
    status = _integer(_last(denied, 1), 1) or _STATUS_OF_CODE.get(code, 403)
    headers = {}
    for number, value in _fields(denied):
        if number == 2 and isinstance(value, bytes):
            header = _last(value, 1)
            headers[_text(header, 1).lower()] = _text(header, 2) or _text(header, 3)
    return Answer(code, status, headers.get(_REASON, ""))


def _map(number: int, pairs: Mapping[str, str]) -> Iterator[bytes]:
    for key, value in pairs.items():
        yield _field(number, _field(1, key) + _field(2, value))


def _field(number: int, value: bytes | str) -> bytes:
    """A length-delimited field."""
    data = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _varint(value: int) -> bytes:
    low, rest = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + _varint(rest) if rest else bytes([low])


def _last(message: bytes, number: int) -> bytes:
    """The message in a field, merged where it comes twice; empty where it is absent."""
    found = [value for each, value in _fields(message) if each == number]
    return b"".join(value for value in found if isinstance(value, bytes))


def _text(message: bytes, number: int) -> str:
    found = [value for each, value in _fields(message) if each == number]
    return found[-1].decode(errors="replace") if found and isinstance(found[-1], bytes) else ""


def _integer(message: bytes, number: int) -> int:
    found = [value for each, value in _fields(message) if each == number]
    return found[-1] if found and isinstance(found[-1], int) else 0


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Every field with its value: a number, or bytes."""
    at = 0
    while at < len(message):
        key, at = _read(message, at)
        match key & 7:
            case 0:
                value, at = _read(message, at)
                yield key >> 3, value
                continue
            case 2:
                length, at = _read(message, at)
            case 1 | 5 as fixed:
                length = 8 if fixed == 1 else 4
            case other:
                raise ValueError(f"wire type {other}")
        yield key >> 3, message[at : at + length]
        at += length


def _read(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80:
            return value, at
