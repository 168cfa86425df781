"""One pod and its process: started anew when it ends, later each time, as a kubelet does."""

import base64
import shutil
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from modelgate.errors import ModelgateError
from modelgate.local.api import Api
from modelgate.local.lab import probes
from modelgate.local.lab.containers import (
    MODEL,
    Command,
    Place,
    main_container,
    picker,
    ports,
    simulator,
)
from modelgate.local.lab.pod_status import State
from modelgate.local.lab.ports import free_ports
from modelgate.local.lab.relay import Address
from modelgate.local.processes import Child, start
from modelgate.local.state import Folder, write_private

Body = Mapping[str, Any]

_BACKOFF_SECONDS: Final = 10
_LONGEST_BACKOFF_SECONDS: Final = 300
_SETTLED_SECONDS: Final = 600
_PROBE_EVERY_SECONDS: Final = 5


class Reachable(Protocol):
    """Where processes run, and how they are reached."""

    def command(self, binary: Path, arguments: Sequence[str]) -> tuple[Path, Sequence[str]]: ...

    def lead(self, address: Address, port: int | None) -> None: ...


@dataclass(frozen=True)
class Program:
    """What stands for containers of a kind, and the flags that it knows."""

    binary: Path
    flags: frozenset[str]


@dataclass
class PodProcess:
    """The process of one pod, which `network` reaches at the pod's address."""

    pod: Body
    kind: str
    address: str
    program: Program
    folder: Folder
    network: Reachable
    state: State = field(init=False)
    _child: Child | None = None
    _ports: dict[int, int] = field(default_factory=dict)
    _restarts: int = 0
    _exit_code: int | None = None
    _started: float = 0
    _next: float = 0
    _backoff: float = 0
    _asked: float = 0
    _misses: int = 0

    def __post_init__(self) -> None:
        self.state = State(self.address, waiting="ContainerCreating")

    @property
    def container(self) -> Body:
        return main_container(self.pod)

    @property
    def container_ports(self) -> list[int]:
        return ports(self.pod)

    @property
    def name(self) -> str:
        """Of the process and its log."""
        metadata = self.pod["metadata"]
        return f"{metadata['namespace']}.{metadata['name']}"

    @property
    def pid(self) -> int | None:
        return self._child.process.pid if self._child else None

    @property
    def _files(self) -> Path:
        return self.folder.path / "pods" / str(self.pod["metadata"]["uid"])

    def keep(self, api: Api) -> None:
        """Start it, look after it, say how it is. Raises OSError."""
        if self._child and self._child.ended:
            self._fell()
        if self._child:
            self._child.shorten_log()
            self.state = self._running(self._ready())
        elif time.monotonic() >= self._next:
            self._start(api)

    def _start(self, api: Api) -> None:
        try:
            mounts = self._mounts(api)
        except ModelgateError as error:
            self.state = State(self.address, waiting="ContainerCreating", why=error.message)
            return
        self._ports = self._free_ports()
        place = Place(self._ports, mounts)
        stand_in = simulator if self.kind == MODEL else picker
        command: Command = stand_in(self.container, place, self.program.flags)
        if command.left_out and not self._restarts:
            sys.stderr.write(f"{self.name} is not told: {', '.join(command.left_out)}\n")
        logs = self.folder.logs
        binary, arguments = self.network.command(self.program.binary, command.arguments)
        self._child = start(binary, arguments, logs, self.folder.path, self.name)
        self._started, self._asked, self._misses = time.monotonic(), 0, 0
        for port, there in self._ports.items():
            self.network.lead((self.address, port), there)
        self.state = self._running(False)

    def _free_ports(self) -> dict[int, int]:
        """Ports of this machine by ports of the container."""
        if self.kind == MODEL:  # one server, whatever leads to it
            return dict.fromkeys(self.container_ports, *free_ports(1))
        found = free_ports(len(self.container_ports))
        return dict(zip(self.container_ports, found, strict=True))

    def _running(self, ready: bool) -> State:
        return State(self.address, ready, self._restarts, exit_code=self._exit_code)

    def _fell(self) -> None:
        assert self._child
        now = time.monotonic()
        ended = self._child.process.returncode
        self._exit_code = ended if ended >= 0 else 128 - ended  # as a shell says a signal
        words = self._child.last_words()
        self._child = None
        for port in self._ports:
            self.network.lead((self.address, port), None)
        if now - self._started > _SETTLED_SECONDS:
            self._backoff = 0
        self._next, self._restarts = now + self._backoff, self._restarts + 1
        sys.stderr.write(
            f"{self.name} ended with {self._exit_code}, again in {self._backoff:.0f} s:\n{words}\n"
        )
        why = f"back-off {self._backoff:.0f} s: it ended with {self._exit_code}"
        self.state = State(
            self.address, False, self._restarts, "CrashLoopBackOff", why, self._exit_code
        )
        self._backoff = min(max(2 * self._backoff, _BACKOFF_SECONDS), _LONGEST_BACKOFF_SECONDS)

    def _ready(self) -> bool:
        """By its probe: each time until it is ready, then now and then, as often as it may fail."""
        now = time.monotonic()
        if self.state.ready and now - self._asked < _PROBE_EVERY_SECONDS:
            return True
        self._asked = now
        if probes.ready(self.container, self.address):
            self._misses = 0
            return True
        self._misses += 1
        allowed = self.container.get("readinessProbe", {}).get("failureThreshold", 3)
        return self.state.ready and self._misses < allowed

    def _mounts(self, api: Api) -> dict[str, Path]:
        """Folders with what the container mounts of Secrets; other volumes are left out."""
        secrets = {
            volume["name"]: volume["secret"]["secretName"]
            for volume in self.pod["spec"].get("volumes", [])
            if "secret" in volume
        }
        return {
            mount["mountPath"]: self._written(api, secrets[mount["name"]])
            for mount in self.container.get("volumeMounts", [])
            if mount["name"] in secrets
        }

    def _written(self, api: Api, secret: str) -> Path:
        metadata = {"namespace": self.pod["metadata"]["namespace"], "name": secret}
        stored = api.get({"apiVersion": "v1", "kind": "Secret", "metadata": metadata})
        folder = self._files / secret
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, value in (stored.get("data") or {}).items():
            write_private(folder / name, base64.b64decode(value).decode(errors="replace"))
        return folder

    def ask_to_end(self) -> None:
        if self._child and not self._child.ended:
            self._child.process.send_signal(signal.SIGTERM)

    def end(self) -> None:
        """End it, and leave nothing of it. Raises OSError."""
        if self._child:
            self._child.stop()
            self._child.log.unlink(missing_ok=True)
        shutil.rmtree(self._files, ignore_errors=True)
