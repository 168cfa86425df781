"""Whatever ends whichever process, and when: nothing is left running, and nothing is lost."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from modelgate import local
from modelgate.builds import build_control_plane
from modelgate.errors import ModelgateError
from modelgate.local import Status
from modelgate.local.state import Process
from tests.local.api import create_namespace, namespaces
from tests.local.processes import all_end, running_with
from tests.plugins.control_plane import ControlPlane, Told

UP = """\
import sys
from pathlib import Path
from modelgate import local
from modelgate.builds import build_control_plane
def tell(*step): print(*step, flush=True)
print("ready", local.up(Path(sys.argv[1]), tell).url, flush=True)
"""
WITHIN = """\
import sys
from modelgate import local
from modelgate.builds import build_control_plane
with local.control_plane() as status:
    print(status.kubeconfig.parent, flush=True)
    print(status.supervisor.pid, *status.pids.values(), flush=True)
    sys.stdin.read()
"""

Python = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def state_dir(tmp_path: Path, told: Told) -> Iterator[Path]:
    """A folder for the state, in a project with a space; what runs there ends with the test."""
    build_control_plane(told)
    folder = tmp_path / "a project" / ".modelgate" / "local"
    yield folder
    local.down(folder)


@pytest.fixture
def python(told: Told) -> Iterator[Python]:
    """Run a program in a process of its own, which does not outlive the test."""
    build_control_plane(told)
    started: list[subprocess.Popen[str]] = []

    def start(program: str, *arguments: Path) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", program, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def everyone(status: Status) -> list[int]:
    return [status.supervisor.pid, *status.pids.values()]


def test_up_status_down(state_dir: Path) -> None:
    assert local.status(state_dir) is None
    started = local.up(state_dir)
    assert local.status(state_dir) == started
    assert local.up(state_dir) == started
    assert local.down(state_dir)
    assert all_end(everyone(started), within_s=0)
    assert local.status(state_dir) is None
    assert not local.down(state_dir)
    assert not started.kubeconfig.exists()


def test_down_where_nothing_ever_was(tmp_path: Path) -> None:
    assert not local.down(tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()


def test_objects_survive_a_restart_but_not_a_reset(state_dir: Path) -> None:
    create_namespace(local.up(state_dir), "kept")
    local.down(state_dir)
    assert "kept" in namespaces(local.up(state_dir))
    assert "kept" not in namespaces(local.up(state_dir, reset=True))


@pytest.mark.parametrize("victim", ["supervisor", "etcd", "kube-apiserver"])
def test_one_killed_process_takes_the_others_along(state_dir: Path, victim: str) -> None:
    started = local.up(state_dir)
    create_namespace(started, "kept")
    os.kill(started.supervisor.pid if victim == "supervisor" else started.pids[victim], 9)
    assert all_end(everyone(started))
    assert local.status(state_dir) is None
    assert "kept" in namespaces(local.up(state_dir))


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_it_ends_with_the_process_that_holds_it(python: Python, how: signal.Signals) -> None:
    owner = python(WITHIN)
    assert owner.stdout is not None
    folder = Path(owner.stdout.readline().rstrip())
    pids = [int(pid) for pid in owner.stdout.readline().split()]
    assert folder.exists()
    assert len(pids) == 4
    owner.send_signal(how)
    assert all_end(pids)
    assert not folder.exists()


def test_it_ends_with_its_block(told: Told) -> None:
    seen: list[Status] = []

    def fail_inside() -> None:
        with local.control_plane(told) as status:
            seen.append(status)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_inside()
    assert all_end(everyone(seen[0]), within_s=0)
    assert not seen[0].kubeconfig.parent.exists()


@pytest.mark.parametrize("moment", ["etcd", "kube-apiserver"])
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_start_leaves_nothing(
    state_dir: Path, python: Python, moment: str, how: signal.Signals
) -> None:
    starting = python(UP, state_dir)
    assert starting.stdout is not None
    assert next(line for line in starting.stdout if line.endswith(f"{moment}\n"))
    begun = running_with(str(state_dir))
    starting.send_signal(how)
    assert all_end([*begun, starting.pid])
    assert running_with(str(state_dir)) == []
    assert local.status(state_dir) is None
    assert namespaces(local.up(state_dir))


def test_two_at_once_share_one(state_dir: Path, python: Python) -> None:
    both = [python(UP, state_dir) for _ in range(2)]
    with ThreadPoolExecutor() as pool:
        outputs = [output for output, _ in pool.map(lambda process: process.communicate(), both)]
    urls = {line for output in outputs for line in output.splitlines() if "ready" in line}
    running = local.status(state_dir)
    assert running is not None
    assert urls == {f"ready {running.url}"}
    assert any("wait for another modelgate" in output for output in outputs)


def test_two_projects_run_side_by_side(state_dir: Path, control_plane: ControlPlane) -> None:
    other = control_plane()
    started = local.up(state_dir)
    create_namespace(started, "only-here")
    assert "only-here" not in namespaces(other)


def test_a_number_that_another_process_has_now_is_not_ours(state_dir: Path) -> None:
    started = local.up(state_dir)
    record = (state_dir / "state.json").read_text()
    local.down(state_dir)
    mine = Process.of(os.getpid())
    (state_dir / "state.json").write_text(
        record.replace(str(started.supervisor.pid), str(mine.pid), 1)
    )
    assert local.status(state_dir) is None
    assert not local.down(state_dir)


def test_a_torn_etcd_is_reported_and_reset_mends_it(state_dir: Path) -> None:
    local.up(state_dir)
    local.down(state_dir)
    (state_dir / "data" / "member" / "snap" / "db").write_bytes(b"torn")
    with pytest.raises(ModelgateError, match="etcd ended; the end of ") as caught:
        local.up(state_dir)
    assert "--reset" in caught.value.hint
    assert running_with(str(state_dir)) == []
    assert namespaces(local.up(state_dir, reset=True))


def test_a_state_folder_that_cannot_be_made(tmp_path: Path, told: Told) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelgateError, match="cannot write"):
        local.up(tmp_path / "file" / "local", told)
