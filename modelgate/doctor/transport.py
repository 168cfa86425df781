"""One harmless request to one gateway, with Host and SNI of a door, wherever these resolve to."""

import http.client
import json
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from typing_extensions import override

from modelgate.topology.answers import Request

TIMEOUT_SECONDS: Final = 10.0
_PICKED: Final = "x-went-into-resp-headers"
_FROM_UPSTREAM: Final = "x-envoy-upstream-service-time"
_SERVERS: Final = ("uvicorn",)
_NO_BODY: Final = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer to a probe; `status` 0 and a `fault` where none came."""

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    fault: str = ""

    @property
    def reached(self) -> bool:
        """Whether the model server itself answered: with success, or with an answer of its own."""
        own = self.headers.get("server", "").startswith(_SERVERS)
        return 200 <= self.status < 300 or own or _FROM_UPSTREAM in self.headers

    @property
    def picked(self) -> bool:
        """Whether a picker took part (gateway-api-inference-extension, handlers)."""
        return self.headers.get(_PICKED) == "true"


class _Connection(http.client.HTTPSConnection):
    """TLS to `host` with another server name than that."""

    def __init__(self, host: str, port: int, server_name: str, context: ssl.SSLContext) -> None:
        super().__init__(host, port, timeout=TIMEOUT_SECONDS, context=context)
        self._server_name = server_name
        self._tls = context

    @override
    def connect(self) -> None:
        plain = socket.create_connection((self.host, self.port), self.timeout)
        self.sock = self._tls.wrap_socket(plain, server_hostname=self._server_name)


def send(request: Request, address: str, body: Mapping[str, object], verify: bool) -> Answered:
    """Send `request` to `address`. With `verify` the certificate must be valid for the host.

    Never raises: what went wrong is in the answer.
    """
    connection = _connect(request, address, verify)
    try:
        return _exchange(connection, request, json.dumps(body).encode())
    except ssl.SSLCertVerificationError as error:
        return Answered(fault=f"the certificate is not valid for it: {error.verify_message}")
    except (
        TimeoutError,
        socket.gaierror,
        ConnectionError,
        http.client.HTTPException,
        OSError,
    ) as error:
        return Answered(fault=_fault(error, address, request.port))
    finally:
        connection.close()


def _connect(request: Request, address: str, verify: bool) -> http.client.HTTPConnection:
    if request.scheme == "http":
        return http.client.HTTPConnection(address, request.port, timeout=TIMEOUT_SECONDS)
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    name = request.sni or request.host.partition(":")[0]
    return _Connection(address, request.port, name, context)


def _exchange(connection: http.client.HTTPConnection, request: Request, body: bytes) -> Answered:
    connection.putrequest(request.method, request.path, skip_host=True, skip_accept_encoding=True)
    connection.putheader("Host", request.host)
    for name, value in request.headers.items():
        connection.putheader(name, value)
    if request.method not in _NO_BODY:
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(None if request.method in _NO_BODY else body)
    answer = connection.getresponse()
    answer.read()
    return Answered(answer.status, {name.lower(): value for name, value in answer.getheaders()})


def _fault(error: Exception, address: str, port: int) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {TIMEOUT_SECONDS:.0f} s"
    if isinstance(error, socket.gaierror):
        return f"{address} has no address that resolves here"
    if isinstance(error, ConnectionRefusedError):
        return f"{address}:{port} refuses connections"
    return f"{type(error).__name__} from {address}:{port}"
