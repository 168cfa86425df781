"""Model pods: small HTTP servers that keep what they were sent, and answer as vLLM does.

Where a simulator of vLLM runs they pass everything on to it, and its answer back.
"""

import http.client
import json
import threading
from contextlib import closing
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from tests.picker.process import Running

HOSTS = ("127.0.0.2", "127.0.0.3")
METRICS = "/metrics"
MISSING = {"detail": [{"type": "missing", "loc": ["body"], "msg": "Field required"}]}


@dataclass(frozen=True)
class Received:
    """One request at a pod; header names in lower case."""

    pod: str
    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    status: int


@dataclass
class Pods(Running):
    """Two pods at one free port; `received` holds the requests of both in order.

    `simulator` is the port of a simulator of vLLM that answers for them, 0 for none.
    """

    simulator: int = 0
    received: list[Received] = field(default_factory=list)

    def __post_init__(self) -> None:
        handler = _handler(self.received, self.simulator)
        first = ThreadingHTTPServer((HOSTS[0], 0), handler)
        others = [ThreadingHTTPServer((host, first.server_port), handler) for host in HOSTS[1:]]
        self._servers = [first, *others]

    @property
    def port(self) -> int:
        return self._servers[0].server_port

    @property
    def addresses(self) -> list[str]:
        """`ip:port` of each, as a picker names them."""
        return [f"{host}:{self.port}" for host in HOSTS]

    def __enter__(self) -> Self:
        for server in self._servers:
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def stop(self) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()


def _handler(received: list[Received], simulator: int) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._serve(b"", 200, {"data": [{"id": "Qwen/Qwen3-0.6B"}]})

        def do_POST(self) -> None:
            body = self._body()
            self._serve(body, 200 if body else 400, {"choices": []} if body else MISSING)

        def _serve(self, body: bytes, status: int, content: object) -> None:
            text = json.dumps(content).encode()
            if simulator:
                status, text = self._simulated(body)
            if self.path != METRICS:
                self._keep(body, status)
            self._answer(status, text)

        def _simulated(self, body: bytes) -> tuple[int, bytes]:
            headers = {"Content-Type": "application/json"}
            with closing(http.client.HTTPConnection("127.0.0.1", simulator)) as connection:
                connection.request(self.command, self.path, body, headers)
                response = connection.getresponse()
                return response.status, response.read()

        def _keep(self, body: bytes, status: int) -> None:
            host, port = self.connection.getsockname()
            headers = {name.lower(): value for name, value in self.headers.items()}
            pod = f"{host}:{port}"
            received.append(Received(pod, self.command, self.path, headers, body, status))

        def _body(self) -> bytes:
            if self.headers.get("transfer-encoding") != "chunked":
                return self.rfile.read(int(self.headers.get("content-length", 0)))
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

        def _answer(self, status: int, text: bytes) -> None:
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Nothing: tests look at what was received."""

    return Handler
