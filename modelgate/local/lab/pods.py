"""A stand-in for nodes: model pods and endpoint pickers are processes, and only these.

It writes the status of Pods, and removes those that wait for a kubelet to do so. Every pod has an
address of the loopback network of its own, on which the ports of its container lead to its process.
"""

import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from modelgate.local.api import Api
from modelgate.local.lab.containers import MODEL, PICKER, flags_of, kind_of
from modelgate.local.lab.network import Network
from modelgate.local.lab.pod import PodProcess, Program
from modelgate.local.lab.pod_status import NO_PROCESS, State, status
from modelgate.local.state import Folder

Body = Mapping[str, Any]

MOST: Final = 8
_FULL: Final = f"the lab runs at most {MOST} model servers and {MOST} pickers"


class Node:
    """All pods of the API, by their identity."""

    def __init__(
        self, api: Api, folder: Folder, network: Network, binaries: Sequence[Path]
    ) -> None:
        self._api, self._folder, self._network = api, folder, network
        picker, simulator = (Program(each, _flags(each)) for each in binaries)
        self._programs = {MODEL: simulator, PICKER: picker}
        self._processes: dict[str, PodProcess] = {}
        self._said: dict[str, State] = {}
        self._addresses = _addresses()

    @property
    def pids(self) -> dict[str, int]:
        """Of the processes that run, by pod."""
        each = self._processes.values()
        return {process.name: process.pid for process in each if process.pid is not None}

    def keep(self) -> None:
        """One round. Raises ModelgateError, OSError; the next one goes on."""
        pods = {pod["metadata"]["uid"]: pod for pod in self._api.list("v1", "Pod")}
        leaving = {uid for uid, pod in pods.items() if "deletionTimestamp" in pod["metadata"]}
        self._end((set(self._said) - set(pods)) | leaving)
        for uid, pod in pods.items():
            if uid in leaving:
                self._api.delete(pod, grace_seconds=0)
                continue
            state = self._state(uid, pod)
            if state is not None and state != self._said.get(uid):
                self._api.patch_status(pod, status(pod, state))
                self._said[uid] = state

    def _state(self, uid: str, pod: Body) -> State | None:
        """How a pod is; None for one whose status somebody else writes."""
        process = self._processes.get(uid)
        if process is None:
            if uid in self._said and self._said[uid].address:
                return self._said[uid]
            if pod.get("status", {}).get("podIP"):
                return None
            kind = kind_of(pod)
            if not kind:
                self._tell(uid, f"{_name(pod)} is ready without a process: {NO_PROCESS}")
                return State(next(self._addresses), ready=True, why=NO_PROCESS)
            if sum(one.kind == kind for one in self._processes.values()) >= MOST:
                self._tell(uid, f"{_name(pod)} waits: {_FULL}")
                return State(why=_FULL)
            process = self._processes[uid] = self._placed(pod, kind)
        process.keep(self._api)
        return process.state

    def _tell(self, uid: str, text: str) -> None:
        if uid not in self._said:
            sys.stderr.write(f"{text}\n")

    def _placed(self, pod: Body, kind: str) -> PodProcess:
        """A process at an address of its own whose ports are free."""
        for address in self._addresses:
            process = PodProcess(
                pod, kind, address, self._programs[kind], self._folder, self._network
            )
            opened = []
            try:
                for port in process.container_ports:
                    self._network.open((address, port))
                    opened.append(port)
            except OSError:
                for port in opened:
                    self._network.close((address, port))
                continue
            return process
        raise AssertionError("addresses have no end")

    def _end(self, uids: set[str]) -> None:
        gone = [self._processes.pop(uid) for uid in uids if uid in self._processes]
        for process in gone:
            process.ask_to_end()
        for process in gone:
            process.end()
            for port in process.container_ports:
                self._network.close((process.address, port))
        for uid in uids:
            self._said.pop(uid, None)

    def stop(self) -> None:
        """End all processes."""
        for process in self._processes.values():
            process.ask_to_end()
        for process in self._processes.values():
            process.end()


def _addresses() -> Iterator[str]:
    """Addresses of one network of 254, chosen anew by every lab; used again after the last."""
    network = f"127.{16 + secrets.randbelow(239)}.{secrets.randbelow(256)}"
    while True:
        for host in range(1, 255):
            yield f"{network}.{host}"


def _flags(binary: Path) -> frozenset[str]:
    said = subprocess.run([binary, "--help"], capture_output=True, text=True, check=False)
    return flags_of(said.stdout + said.stderr)


def _name(pod: Body) -> str:
    return f"Pod {pod['metadata']['namespace']}/{pod['metadata']['name']}"
