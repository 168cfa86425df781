"""The data plane of a lab: Envoy serves what is stored within seconds, and ends with its owner.

`python -m modelgate.local.lab.gateway.service FOLDER KUBECONFIG AUTHORINO ENVOY`, a child of the
lab's supervisor; Envoy is a child of this process and dies with it. One thread starts Envoy and
stays, as the kernel asks for that; threads of the filter's stand-in come and go.
"""

import hashlib
import http.client
import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Final

from modelgate.errors import ModelgateError
from modelgate.local.api import Api
from modelgate.local.lab.gateway.envoy import Envoy
from modelgate.local.lab.gateway.reading import read_world
from modelgate.local.lab.gateway.stand_in import StandIn
from modelgate.local.lab.gateway.state import (
    ACCESS_LOG,
    FILTER_LOG,
    State,
    remember_ports,
    remembered_ports,
)
from modelgate.local.lab.gateway.translate import Translation, gateway_ports, translate
from modelgate.local.lab.gateway.world import World
from modelgate.local.lab.ports import free_ports
from modelgate.local.processes import shorten

_ROUND_SECONDS: Final = 1.0
_HURRY_SECONDS: Final = 0.1
_LOOKS: Final = 20


class Service:
    """Reads, translates, tells Envoy; again and again."""

    def __init__(self, folder: Path, kubeconfig: Path, authorino: str, executable: Path) -> None:
        self._folder = folder
        self._api = Api(kubeconfig)
        self._stand_in = StandIn(authorino, folder / FILTER_LOG)
        self._envoy = Envoy(executable, folder, self._stand_in.port)
        self._world: World | None = None
        self._version = ""
        self._refused = ""
        self._translation = Translation([], [], [], {})
        self._ports = remembered_ports(folder)
        self._pause = threading.Event()

    def round(self) -> None:
        """One look at the objects; Envoy has taken them, or refused, when it ends.

        Raises OSError, ModelgateError and HTTPException where the API does not answer, and
        SystemExit when Envoy has ended.
        """
        if self._envoy.child.ended:
            sys.exit(f"envoy ended:\n{self._envoy.child.last_words()}")
        seen = time.time()
        world = read_world(self._api)
        if world != self._world:
            self._world = world
            self._tell(world)
        if self._envoy.admin:
            addresses = self._translation.addresses
            State(self._envoy.admin, addresses, seen, self._refused).write(self._folder)
        for name in (ACCESS_LOG, FILTER_LOG, "envoy.log"):
            shorten(self._folder / name)

    def run(self) -> None:
        while True:
            try:
                self.round()
            except (ModelgateError, OSError, http.client.HTTPException) as error:
                sys.stderr.write(f"{error}\n")
            self._pause.wait(_ROUND_SECONDS)

    def _tell(self, world: World) -> None:
        self._give_ports(gateway_ports(world))
        told = translate(world, self._ports, str(self._folder / ACCESS_LOG))
        self._stand_in.use(told.filters)
        served = json.dumps([told.listeners, told.clusters], sort_keys=True)
        version = hashlib.sha256(served.encode()).hexdigest()[:16]
        self._translation = told
        if version != self._version:
            before = self._envoy.rejected()
            self._envoy.publish(version, told.listeners, told.clusters)
            self._version = version
            self._refused = "" if self._taken(version, before) else self._why()

    def _taken(self, version: str, rejected: int) -> bool:
        for _ in range(_LOOKS):
            if self._envoy.accepted(version):
                return True
            if self._envoy.rejected() > rejected:
                return False
            self._pause.wait(_HURRY_SECONDS)
        return self._envoy.accepted(version)

    def _why(self) -> str:
        words = self._envoy.refusals() or [self._envoy.child.last_words()]
        return "\n".join(
            ["Envoy does not take its configuration, and serves what it took last:", *words]
        )

    def _give_ports(self, keys: list[str]) -> None:
        missing = [key for key in keys if key not in self._ports]
        self._ports.update(zip(missing, free_ports(len(missing)), strict=True))
        if missing:
            remember_ports(self._folder, self._ports)


def main(folder: str, kubeconfig: str, authorino: str, executable: str) -> None:
    os.umask(0o077)
    Service(Path(folder), Path(kubeconfig), authorino, Path(executable)).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
