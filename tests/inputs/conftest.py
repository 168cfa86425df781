"""A cluster as the client sees one: a server on loopback that answers from a table of documents."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import unquote

import pytest
import yaml


@dataclass
class StubCluster:
    """`answers` maps path (with query, or without) to a document or a status; `asked` logs it."""

    answers: Mapping[str, Any]
    url: str = ""
    kubeconfig: Path = Path()
    asked: list[str] = field(default_factory=list)

    def answer(self, path: str) -> Any:
        self.asked.append(path)
        return self.answers.get(path, self.answers.get(path.partition("?")[0], 404))


Start = Callable[[Mapping[str, Any]], StubCluster]


@pytest.fixture
def start_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Start a StubCluster; KUBECONFIG points at it."""
    servers: list[ThreadingHTTPServer] = []

    def start(answers: Mapping[str, Any]) -> StubCluster:
        cluster = StubCluster(answers)
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(cluster))
        servers.append(server)
        Thread(target=server.serve_forever, daemon=True).start()
        cluster.url = f"http://127.0.0.1:{server.server_port}"
        cluster.kubeconfig = write_kubeconfig(tmp_path / "kubeconfig", cluster.url)
        monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig))
        return cluster

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def write_kubeconfig(path: Path, url: str) -> Path:
    """A kubeconfig with the one context `stub`."""
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "stub",
        "clusters": [{"name": "stub", "cluster": {"server": url}}],
        "users": [{"name": "stub", "user": {"token": "secret-token"}}],
        "contexts": [{"name": "stub", "context": {"cluster": "stub", "user": "stub"}}],
    }
    path.write_text(yaml.safe_dump(content))
    return path


def _handler(cluster: StubCluster) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = cluster.answer(unquote(self.path))
            status, document = (found, {}) if isinstance(found, int) else (200, found)
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Say nothing on stderr."""

    return Handler
