"""Owns the lab's controllers and writes the statuses of what has no node; ends as its owner does.

`python -m modelgate.local.lab.supervisor LIFETIME FOLDER KUBECONFIG BINARY...` speaks with its
owner as modelgate.local.supervisor does; BINARY are operator, authorino, llmisvc, epp, simulator.
"""

import http.client
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from modelgate.errors import ModelgateError
from modelgate.local.api import Api
from modelgate.local.lab import gateway
from modelgate.local.lab.network import Network
from modelgate.local.lab.pods import Node
from modelgate.local.lab.ports import free_ports
from modelgate.local.lab.processes import (
    OPERATOR_ENVIRONMENT,
    authorino_arguments,
    give_certificate,
    llmisvc_arguments,
    operator_arguments,
)
from modelgate.local.lab.statuses import write_statuses
from modelgate.local.state import Process
from modelgate.local.supervisor import Supervisor, say, supervise

_ROUND_SECONDS = 1


def run(supervisor: Supervisor, kubeconfig: Path, *binaries: Path) -> None:
    """Start the controllers, say that they are ready, and keep statuses and pods.

    Raises SystemExit when asked to end, ChildError when a process fails.
    """
    folder, me = supervisor.folder, Process.of(os.getpid())
    folder.record(me)
    os.environ.update(OPERATOR_ENVIRONMENT, KUBECONFIG=str(kubeconfig))
    api, network = Api(kubeconfig), Network(supervisor)
    network.let_reach(api.port)
    checks = _start_controllers(supervisor, network, kubeconfig, *binaries[:3])
    gateway.start(supervisor, kubeconfig, checks)
    node = Node(api, folder, network, binaries[3:])
    recorded: dict[str, int] = {}
    try:
        while True:
            pids = {child.name: child.process.pid for child in supervisor.children} | node.pids
            if pids != recorded:
                folder.record(me, checks, pids)
            if not recorded:
                say("ready")
            recorded = pids
            supervisor.pause(_ROUND_SECONDS)
            _keep(lambda: write_statuses(api))
            _keep(node.keep)
            for child in supervisor.children:
                child.shorten_log()
    finally:
        node.stop()


def _start_controllers(
    supervisor: Supervisor,
    network: Network,
    kubeconfig: Path,
    operator: Path,
    authorino: Path,
    llmisvc: Path,
) -> str:
    """Where Authorino answers, as `host:port`."""

    def start(binary: Path, arguments: Sequence[str], *shown: int) -> None:
        program, words = network.command(binary, arguments)
        supervisor.start(program, *words, name=binary.name)
        for port in shown:
            network.show(port)

    metrics, health, checks = free_ports(3)
    supervisor.start(operator, *operator_arguments(metrics, health))
    supervisor.wait_for("kuadrant-operator", lambda: _ready(health))
    metrics, health, profiles = free_ports(3)
    start(authorino, authorino_arguments(checks, metrics, health, profiles), checks, health)
    supervisor.wait_for("authorino", lambda: _ready(health))
    give_certificate(supervisor.folder.path, kubeconfig.parent / "certs")
    webhooks, health = free_ports(2)
    start(llmisvc, llmisvc_arguments(webhooks, health), health)
    supervisor.wait_for("llmisvc", lambda: _ready(health))
    return f"127.0.0.1:{checks}"


def _keep(once: Callable[[], None]) -> None:
    """One round; what was changed or removed meanwhile has its turn in the next."""
    try:
        once()
    except (ModelgateError, OSError, http.client.HTTPException) as error:
        sys.stderr.write(f"{error}\n")


def _ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def main(lifetime: str, folder: str, *told: str) -> None:
    paths = [Path(each) for each in told]
    supervise(lifetime, folder, lambda supervisor: run(supervisor, *paths))


if __name__ == "__main__":
    main(*sys.argv[1:])
