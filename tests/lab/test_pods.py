"""A pod's process: later each time that it ends, and reached at the pod's address while it runs."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from modelgate.local.api import Api
from modelgate.local.lab.containers import MODEL
from modelgate.local.lab.pod import PodProcess, Program
from modelgate.local.lab.pod_status import State, status
from modelgate.local.lab.relay import Control
from modelgate.local.state import Folder
from modelgate.local.waiting import until
from tests.plugins.control_plane import ControlPlane

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
    control = Control()
    root = Path(__file__).resolve().parents[2]
    process = subprocess.Popen(
        [sys.executable, *control.arguments], env={**os.environ, "PYTHONPATH": str(root)}
    )
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
    except ConnectionError:
        return b""


def test_connections_go_to_the_process_while_there_is_one(control: Control) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as process,
        socket.create_server((ADDRESS, 0)) as free,
    ):
        address = ADDRESS, free.getsockname()[1]
        free.close()
        control.open(address)
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
        assert until(lambda: answered(address, b"hello") == b"", SECONDS)


def test_an_address_that_somebody_has_is_refused(control: Control) -> None:
    with socket.create_server((ADDRESS, 0)) as taken, pytest.raises(OSError, match="in use"):
        control.open((ADDRESS, taken.getsockname()[1]))


def test_a_process_that_ends_is_started_at_once_and_then_later(
    tmp_path: Path, control_plane: ControlPlane, capfd: pytest.CaptureFixture[str]
) -> None:
    api = Api(control_plane("kserve-0.20").kubeconfig)
    folder = Folder(tmp_path)
    folder.create()
    leads: list[tuple[int, int | None]] = []
    program = Program(Path("/bin/false"), frozenset())
    pod = PodProcess(POD, MODEL, ADDRESS, program, folder, lambda *told: leads.append(told))
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
    assert [there is None for _, there in leads] == [False, True, False, True]
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
