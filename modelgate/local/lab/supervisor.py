"""Owns the lab's controllers and writes the statuses of what has no node; ends as its owner does.

`python -m modelgate.local.lab.supervisor LIFETIME FOLDER KUBECONFIG OPERATOR AUTHORINO LLMISVC`
speaks with its owner as modelgate.local.supervisor does.
"""

import http.client
import os
import shutil
import socket
import sys
from pathlib import Path

from modelgate.errors import ModelgateError
from modelgate.local.api import Api
from modelgate.local.lab import gateway
from modelgate.local.lab.processes import (
    OPERATOR_ENVIRONMENT,
    authorino_arguments,
    give_certificate,
    llmisvc_arguments,
    operator_arguments,
)
from modelgate.local.lab.statuses import write_statuses
from modelgate.local.state import TEMPORARY, Folder, Process
from modelgate.local.supervisor import ChildError, Supervisor, say

_STATUS_SECONDS = 1


def run(supervisor: Supervisor, kubeconfig: Path, *binaries: Path) -> None:
    """Start the controllers, say that they are ready, and keep writing statuses.

    Raises SystemExit when asked to end, ChildError when a process fails.
    """
    operator, authorino, llmisvc = binaries
    folder, me = supervisor.folder, Process.of(os.getpid())
    folder.record(me)
    os.environ.update(OPERATOR_ENVIRONMENT, KUBECONFIG=str(kubeconfig))
    metrics, health, checks = _free_ports(3)
    supervisor.start(operator, *operator_arguments(metrics, health))
    supervisor.wait_for("kuadrant-operator", lambda: _ready(health))
    metrics, health, profiles = _free_ports(3)
    supervisor.start(authorino, *authorino_arguments(checks, metrics, health, profiles))
    supervisor.wait_for("authorino", lambda: _ready(health))
    give_certificate(folder.path, kubeconfig.parent / "certs")
    webhooks, health = _free_ports(2)
    supervisor.start(llmisvc, *llmisvc_arguments(webhooks, health))
    supervisor.wait_for("llmisvc", lambda: _ready(health))
    gateway.start(supervisor, kubeconfig, f"127.0.0.1:{checks}")
    pids = {child.name: child.process.pid for child in supervisor.children}
    folder.record(me, f"127.0.0.1:{checks}", pids)
    say("ready")
    api = Api(kubeconfig)
    while True:
        supervisor.pause(_STATUS_SECONDS)
        _keep(api)
        for child in supervisor.children:
            child.shorten_log()


def _keep(api: Api) -> None:
    """One round of statuses; what was changed or removed meanwhile has its turn in the next."""
    try:
        write_statuses(api)
    except (ModelgateError, OSError, http.client.HTTPException) as error:
        sys.stderr.write(f"{error}\n")


def _free_ports(count: int) -> list[int]:
    """Ports of the loopback interface that nobody had a moment ago."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports: list[int] = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports


def _ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def main(lifetime: str, folder: str, *paths: str) -> None:
    supervisor = Supervisor(Folder(Path(folder)))
    try:
        run(supervisor, *(Path(path) for path in paths))
    except (ChildError, OSError) as error:
        say(f"failed {error}")
        sys.exit(str(error))
    finally:
        supervisor.stop()
        if lifetime == TEMPORARY:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
