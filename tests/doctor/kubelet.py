"""A kubelet as the API server sees one: container logs, and ports forwarded over a websocket.

It runs no container. Its certificate is the API server's own, which asks for none in particular.
"""

import base64
import hashlib
import re
import socket
import ssl
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Final

_LOGS: Final = re.compile(r"/containerLogs/([^/]+)/([^/]+)/([^/?]+)\??(.*)")
_FORWARD: Final = re.compile(r"/portForward/([^/?]+)/([^/?]+)\??(.*)")
_MAGIC: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_BINARY, _CLOSE = 0x2, 0x8
NODE: Final = "node-1"


@dataclass
class Kubelet:
    """`logs` by `ns/pod/container`, `ports` (of a pod) to the ones on this machine that answer.

    `asked` is every path and query that the API server asked for.
    """

    port: int
    logs: dict[str, str] = field(default_factory=dict)
    ports: dict[int, int] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def node(self) -> dict[str, Any]:
        """The Node through which the API server finds it."""
        return {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": NODE},
            "status": {
                "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
                "daemonEndpoints": {"kubeletEndpoint": {"Port": self.port}},
            },
        }


@contextmanager
def kubelet(certificates: Path) -> Iterator[Kubelet]:
    """A kubelet with the certificate and key `apiserver.*` in that folder."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    found = Kubelet(server.server_port)
    server.RequestHandlerClass = _handler(found)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "apiserver.crt", certificates / "apiserver.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def serving(text: str) -> Iterator[int]:
    """A port on this machine that answers every GET with that text, as Envoy's admin port does."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Say nothing on stderr."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


def _handler(found: Kubelet) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            found.asked.append(self.path)
            if match := _LOGS.fullmatch(self.path):
                self._log("/".join(match.groups()[:3]), match[4])
            elif match := _FORWARD.fullmatch(self.path):
                self._forward(match[3])
            else:
                self.send_error(404)

        def _log(self, place: str, query: str) -> None:
            text = found.logs.get(place)
            if text is None:
                self.send_error(404)
                return
            lines = text.splitlines(keepends=True)
            if limit := re.search(r"tailLines=(\d+)", query):
                lines = lines[-int(limit[1]) :]
            body = "".join(lines).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _forward(self, query: str) -> None:
            key = self.headers["Sec-WebSocket-Key"].encode()
            accept = base64.b64encode(hashlib.sha1(key + _MAGIC, usedforsecurity=False).digest())
            self.send_response(101)
            self.send_header("Upgrade", "websocket")
            self.send_header("Connection", "Upgrade")
            self.send_header("Sec-WebSocket-Accept", accept.decode())
            self.send_header("Sec-WebSocket-Protocol", "v4.channel.k8s.io")
            self.end_headers()
            self.close_connection = True
            number = int(re.findall(r"ports?=(\d+)", query)[0])
            _relay(self, number, found.ports)

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Say nothing on stderr."""

    return Handler


def _relay(handler: BaseHTTPRequestHandler, number: int, ports: Mapping[int, int]) -> None:
    """Two channels for the port, data and errors; each begins with the port's number."""
    for channel in (0, 1):
        _send(handler, bytes([channel]) + struct.pack("<H", number))
    if number not in ports:
        _send(handler, b"\x01nothing listens on that port")
        return
    with socket.create_connection(("127.0.0.1", ports[number])) as upstream:
        Thread(target=_back, args=(handler, upstream), daemon=True).start()
        while (message := _receive(handler)) is not None:
            upstream.sendall(message[1:])


def _back(handler: BaseHTTPRequestHandler, upstream: socket.socket) -> None:
    with suppress(OSError, ValueError):
        while data := upstream.recv(65536):
            _send(handler, b"\x00" + data)


def _send(handler: BaseHTTPRequestHandler, payload: bytes) -> None:
    size = len(payload)
    header = bytes([0x80 | _BINARY])
    header += bytes([size]) if size < 126 else bytes([126]) + struct.pack(">H", size)
    if size >= 2**16:
        header = bytes([0x80 | _BINARY, 127]) + struct.pack(">Q", size)
    handler.wfile.write(header + payload)
    handler.wfile.flush()


def _receive(handler: BaseHTTPRequestHandler) -> bytes | None:
    """The payload of one message of the client, which masks it; None when it ends."""
    head = handler.rfile.read(2)
    if len(head) < 2 or head[0] & 0x0F == _CLOSE:
        return None
    size = head[1] & 0x7F
    if size == 126:
        size = struct.unpack(">H", handler.rfile.read(2))[0]
    elif size == 127:
        size = struct.unpack(">Q", handler.rfile.read(8))[0]
    mask = handler.rfile.read(4)
    data = handler.rfile.read(size)
    return bytes(byte ^ mask[at % 4] for at, byte in enumerate(data))
