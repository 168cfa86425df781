"""One request to a port of the lab, byte for byte as written, and what every hop said of it."""

import http.client
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from modelgate.errors import ModelgateError
from modelgate.local.lab.gateway.logs import Line, heard, logged
from modelgate.local.lab.gateway.stand_in import Heard
from modelgate.local.lab.gateway.state import Address

_PATIENCE_SECONDS: Final = 60
_BODY_BYTES: Final = 2**20


@dataclass(frozen=True)
class Asked:
    """A request. `path` holds the query and is sent as it stands; `host` is the Host header's."""

    method: str
    path: str
    host: str
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""
    sni: str = ""


@dataclass(frozen=True)
class Answered:
    """An answer; header names in lower case, `seconds` until its end.

    `line` is Envoy's log line, `heard` what the filter's stand-in said; None where there is none.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float
    line: Line | None = None
    heard: Heard | None = None

    @property
    def id(self) -> str:
        """By which logs name the request; empty where Envoy took it for none."""
        return self.headers.get("x-request-id", "")


def ask(address: Address, asked: Asked, folder: Path) -> Answered:
    """Send one request and collect what was said of it. Raises ModelgateError without an answer."""
    answered = send(address, asked)
    if not answered.id:
        return answered
    line = logged(folder, answered.id)
    return replace(answered, line=line, heard=heard(folder, answered.id))


def send(address: Address, asked: Asked) -> Answered:
    """Send one request. Raises ModelgateError without an answer."""
    started = time.monotonic()
    try:
        response, body = _exchange(address, asked)
    except (OSError, http.client.HTTPException) as error:
        reason = str(error) or type(error).__name__
        raise ModelgateError(
            f"no answer from {address.gateway} at {address.url}: {reason}",
            "`modelgate lab status` says what runs",
        ) from None
    seconds = time.monotonic() - started
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answered(response.status, headers, body, seconds)


def _exchange(address: Address, asked: Asked) -> tuple[http.client.HTTPResponse, bytes]:
    with socket.create_connection(("127.0.0.1", address.port), _PATIENCE_SECONDS) as plain:
        connection = _secured(plain, asked) if address.secure else plain
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(_message(asked))  # an answer may come before the body is through
        response = http.client.HTTPResponse(connection, method=asked.method)
        response.begin()
        return response, response.read(_BODY_BYTES)


def _secured(plain: socket.socket, asked: Asked) -> ssl.SSLSocket:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # the certificate is the lab's own
    return context.wrap_socket(plain, server_hostname=asked.sni or asked.host.partition(":")[0])


def _message(asked: Asked) -> bytes:
    headers = [("Host", asked.host), *asked.headers, ("Connection", "close")]
    if asked.body:
        headers.append(("Content-Length", str(len(asked.body))))
    lines = [f"{asked.method} {asked.path} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join([*lines, "", ""]).encode() + asked.body
