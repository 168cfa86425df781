"""A real Envoy on loopback, with the configuration of one gateway; it dies with the test."""

import http.client
import json
import socket
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.picker import access
from tests.picker.process import READY_SECONDS, Process, until
from tests.plugins.built import envoy

_HCM: Final = "envoy.filters.network.http_connection_manager"
_HCM_TYPE: Final = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3"
Config = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What a client got; `status` is None where nothing came before it gave up."""

    status: int | None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def bootstrap(
    filters: list[Config],
    routes: list[Config],
    clusters: list[Config],
    logs: Path,
    statistics: Config,
) -> Config:
    """One listener on a free loopback port, for any host; access logs go to the folder `logs`."""
    router = {
        "name": "envoy.filters.http.router",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
        },
    }
    manager = {
        "@type": f"{_HCM_TYPE}.HttpConnectionManager",
        "stat_prefix": "gateway",
        "access_log": access.loggers(logs),
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
        "stats_config": statistics,
        "static_resources": {"listeners": [listener], "clusters": clusters},
    }


def _address(port: int, host: str = "127.0.0.1") -> Config:
    return {"socket_address": {"address": host, "port_value": port}}


def endpoints(name: str, addresses: list[str]) -> Config:
    """`load_assignment` of a cluster with these `ip:port`."""
    found = [
        {"endpoint": {"address": _address(int(port), host)}}
        for host, _, port in (address.rpartition(":") for address in addresses)
    ]
    return {"cluster_name": name, "endpoints": [{"lb_endpoints": found}] if found else []}


class Envoy(Process):
    """The process; `port` is its listener's. Raises AssertionError with its log if it ends."""

    def __init__(self, config: Config, folder: Path) -> None:
        (folder / "envoy.json").write_text(json.dumps(config))
        self._folder = folder
        self._admin = folder / "admin.txt"
        self.port = 0
        command = [str(envoy()), "-c", str(folder / "envoy.json"), "--concurrency", "1"]
        command += ["--disable-hot-restart", "--admin-address-path", str(self._admin)]
        command += ["--file-flush-interval-msec", "20"]
        super().__init__(command, folder / "envoy.log")

    def logged(self, form: str, count: int) -> str:
        """Its access log in one of the forms of `access`, once it has `count` lines."""
        file = self._folder / f"access.{form}"
        until(lambda: file.read_text().count("\n") >= count, f"{count} lines in the access log")
        return file.read_text()

    def counted(self, counter: str) -> int:
        """The value of one of Envoy's counters."""
        text = self.ask(f"/stats?filter={counter}$").decode()
        return sum(int(line.rpartition(" ")[2]) for line in text.splitlines())

    def wait_for(self, counter: str) -> None:
        """Until Envoy has counted one of these."""
        until(lambda: self.counted(counter) > 0, counter)

    @property
    def admin_port(self) -> int:
        """The port of its administration interface, on loopback."""
        return int(self._admin.read_text().rpartition(":")[2])

    def ask(self, path: str) -> bytes:
        """What its administration interface answers."""
        admin = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=READY_SECONDS)
        with closing(admin) as connection:
            connection.request("GET", path)
            return connection.getresponse().read()

    def ready(self) -> bool:
        known = self._admin.exists() and self._admin.read_text()
        if not known or self.ask("/ready") != b"LIVE\n":
            return False
        (listener,) = json.loads(self.ask("/listeners?format=json"))["listener_statuses"]
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


def _exchange(connection: socket.socket, message: bytes) -> Answer:
    with suppress(BrokenPipeError, ConnectionResetError):
        connection.sendall(message)  # Envoy may answer in the middle of a large body
    response = http.client.HTTPResponse(connection)
    response.begin()
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, headers, response.read())
