"""A gateway as a client sees one: TLS on loopback, and answers that a test chooses."""

import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

Answer = tuple[int, Mapping[str, str]]
"""Status and headers."""


@dataclass(frozen=True)
class Seen:
    """A request as it arrived; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Front:
    """`answer` decides; `seen` is every request."""

    port: int
    answer: Callable[[Seen], Answer]
    seen: list[Seen] = field(default_factory=list)


def closed(key: str) -> Callable[[Seen], Answer]:
    """Refuses whoever has not that key; others go through the picker, except to the Service."""

    def answer(request: Seen) -> Answer:
        if request.headers.get("authorization") != f"Bearer {key}":
            return 401, {"www-authenticate": 'Bearer realm="api-key"'}
        picked = {"x-went-into-resp-headers": "true"} if request.method == "POST" else {}
        return 200, {"x-envoy-upstream-service-time": "5", **picked}

    return answer


def open_to_all(_request: Seen) -> Answer:
    """What a gateway without its filter does."""
    return 200, {"x-envoy-upstream-service-time": "5"}


@contextmanager
def front(certificates: Path, answer: Callable[[Seen], Answer]) -> Iterator[Front]:
    """A gateway with the certificate `apiserver.crt` of that folder."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    found = Front(server.server_port, answer)
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


def _handler(found: Front) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            seen = Seen(self.command, self.path, headers, body)
            found.seen.append(seen)
            status, answered = found.answer(seen)
            self.send_response(status)
            for name, value in answered.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_POST(self) -> None:
            self.do_GET()

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Say nothing on stderr."""

    return Handler
