"""Model pods: small HTTP servers that keep what they were sent, and answer as vLLM does."""

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

MISSING = {"detail": [{"type": "missing", "loc": ["body"], "msg": "Field required"}]}


@dataclass(frozen=True)
class Received:
    """One request at a pod; header names in lower case."""

    pod: str
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Pods:
    """`count` pods on free loopback ports; `received` holds the requests of all in order."""

    count: int = 2
    received: list[Received] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._servers = [
            ThreadingHTTPServer(("127.0.0.1", 0), _handler(self.received))
            for _ in range(self.count)
        ]

    @property
    def addresses(self) -> list[str]:
        """`ip:port` of each, as a picker names them."""
        return [f"127.0.0.1:{server.server_port}" for server in self._servers]

    def __enter__(self) -> Self:
        for server in self._servers:
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()


def _handler(received: list[Received]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._keep(b"")
            self._answer(200, {"data": [{"id": "Qwen/Qwen3-0.6B"}]})

        def do_POST(self) -> None:
            body = self._body()
            self._keep(body)
            self._answer(200 if body else 400, {"choices": []} if body else MISSING)

        def _keep(self, body: bytes) -> None:
            host, port = self.connection.getsockname()
            headers = {name.lower(): value for name, value in self.headers.items()}
            pod = f"{host}:{port}"
            received.append(Received(pod, self.command, self.path, headers, body))

        def _body(self) -> bytes:
            if self.headers.get("transfer-encoding") != "chunked":
                return self.rfile.read(int(self.headers.get("content-length", 0)))
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

        def _answer(self, status: int, content: object) -> None:
            text = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Nothing: tests look at what was received."""

    return Handler
