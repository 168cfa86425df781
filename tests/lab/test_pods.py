"""A pod's process: later each time that it ends, and reached at the pod's address while it runs."""

import errno
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from modelgate.local.api import Api
from modelgate.local.lab import Lab, enter
from modelgate.local.lab.containers import MODEL
from modelgate.local.lab.listening import everywhere
from modelgate.local.lab.pod import PodProcess, Program
from modelgate.local.lab.pod_status import State, status
from modelgate.local.lab.relay import Control
from modelgate.local.state import Folder, Process
from modelgate.local.waiting import until

ADDRESS = "127.9.8.7"
SECONDS = 20
POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"namespace": "models", "name": "granite-1", "uid": "1"},
    "spec": {
        "containers": [
            {"name": "main", "image": "vllm", "ports": [{"containerPort": 8000}]},
            {"name": "sidecar", "image": "other"},
        ]
    },
}


@pytest.fixture
def control(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Control]:
    """A relay, which ends with its control."""
    monkeypatch.chdir(tmp_path)
    control = Control("relay")
    process = subprocess.Popen([sys.executable, *control.arguments])
    assert until(control.connected, SECONDS)
    yield control
    control.end()
    assert process.wait(SECONDS) == 0


def answered(address: tuple[str, int], text: bytes) -> bytes:
    """What comes back; nothing where the connection is refused or reset."""
    try:
        with closing(socket.create_connection(address, SECONDS)) as connection:
            connection.sendall(text)
            connection.shutdown(socket.SHUT_WR)
            return connection.recv(100)
    except OSError:
        return b""


def test_connections_go_to_the_process_while_there_is_one(control: Control) -> None:
    with socket.create_server(("127.0.0.1", 0)) as process:
        with socket.create_server((ADDRESS, 0)) as listening:
            address = ADDRESS, listening.getsockname()[1]
            control.give(address, listening)
        assert answered(address, b"hello") == b""
        control.lead(address, process.getsockname()[1])
        with socket.create_connection(address, SECONDS) as client:
            client.sendall(b"hello")
            there, _ = process.accept()
            with there:
                assert there.recv(100) == b"hello"
                there.sendall(b"hello to you")
            assert client.recv(100) == b"hello to you"
        control.close(address)
        assert until(lambda: refused(address), SECONDS)


def refused(address: tuple[str, int]) -> bool:
    with socket.socket() as client:
        return client.connect_ex(address) == errno.ECONNREFUSED


def test_a_relay_lends_a_socket_of_its_network(control: Control) -> None:
    with control.lend((ADDRESS, 0)) as lent:
        assert lent.getsockname()[0] == ADDRESS
        with socket.create_connection(lent.getsockname(), SECONDS):
            lent.accept()[0].close()


def test_a_network_of_its_own_has_nothing_but_loopback() -> None:
    """Or is the machine's, where user namespaces are not permitted."""
    words = [sys.executable, "-I", "-S", enter.__file__, str(os.getpid()), enter.NEW]
    words += [sys.executable, "-c", "import socket; print(socket.if_nameindex())"]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert said.strip() in ("[(1, 'lo')]", str(socket.if_nameindex()))


_PARENT = """
import os, signal, subprocess, sys
enter = sys.argv[1]
program = "import signal; print(1, flush=True); signal.pause()"
def start(holder):
    words = [sys.executable, "-I", "-S", enter, str(os.getpid()), holder]
    words += [sys.executable, "-c", program]
    child = subprocess.Popen(words, stdout=subprocess.PIPE)
    child.stdout.readline()
    return child
first = start("new")
own = os.readlink(f"/proc/{first.pid}/ns/net") != os.readlink("/proc/self/ns/net")
second = start(str(first.pid) if own else "new")
print(first.pid, second.pid, flush=True)
signal.pause()
"""


def test_programs_on_that_network_die_with_their_parent() -> None:
    """Entering a user namespace makes the kernel forget that they should."""
    words = [sys.executable, "-c", _PARENT, enter.__file__]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        children = [Process.of(int(pid)) for pid in parent.stdout.readline().split()]
        assert [child.alive for child in children] == [True, True]
        parent.kill()
    assert until(lambda: not any(child.alive for child in children), SECONDS)


def test_ports_of_every_interface_are_named() -> None:
    with socket.create_server(("", 0)) as wide, socket.create_server(("127.0.0.1", 0)) as narrow:
        found = everywhere({"me": os.getpid()})["me"]
        assert wide.getsockname()[1] in found
        assert narrow.getsockname()[1] not in found


class Here:
    """This machine's network, and what was said of it."""

    def __init__(self) -> None:
        self.led: list[int | None] = []

    def command(self, binary: Path, arguments: Sequence[str]) -> tuple[Path, Sequence[str]]:
        return binary, arguments

    def lead(self, _address: tuple[str, int], port: int | None) -> None:
        self.led.append(port)


def test_a_process_that_ends_is_started_at_once_and_then_later(
    tmp_path: Path, lab: Lab, capfd: pytest.CaptureFixture[str]
) -> None:
    api = Api(lab.kubeconfig)
    folder = Folder(tmp_path)
    folder.create()
    here = Here()
    program = Program(Path("/bin/false"), frozenset())
    pod = PodProcess(POD, MODEL, ADDRESS, program, folder, here)
    pod.keep(api)
    for restarts in (1, 2):

        def fell(restarts: int = restarts) -> bool:
            pod.keep(api)
            return pod.state.restarts == restarts

        assert until(fell, SECONDS)
    assert pod.state == State(
        ADDRESS, False, 2, "CrashLoopBackOff", "back-off 10 s: it ended with 1", 1
    )
    pod.keep(api)
    assert pod.pid is None
    assert [port is None for port in here.led] == [False, True, False, True]
    assert "models.granite-1 ended with 1, again in 10 s" in capfd.readouterr().err
    pod.end()
    assert not list(tmp_path.glob("pods/*"))


def test_a_pod_without_room_is_said_to_wait_for_a_node() -> None:
    said = status(POD, State(why="the lab is full"))
    assert said["phase"] == "Pending"
    assert "podIP" not in said
    scheduled = said["conditions"][0]
    assert (scheduled["status"], scheduled["reason"]) == ("False", "Unschedulable")


def test_every_container_is_said_to_be_as_the_main_one_is() -> None:
    said = status(POD, State(ADDRESS, ready=True, restarts=1, exit_code=137))
    assert [one["ready"] for one in said["containerStatuses"]] == [True, True]
    assert said["containerStatuses"][0]["lastState"]["terminated"]["exitCode"] == 137
    assert said["podIPs"] == [{"ip": ADDRESS}]
