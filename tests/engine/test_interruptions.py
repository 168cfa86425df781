"""What is cut short loses nothing and doubles nothing."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from pulumi.automation.events import EngineEvent

from modelgate import local
from modelgate.engine.automation import Options, destroy, preview, up
from modelgate.engine.kubernetes_provider.cluster import Cluster, Settings
from modelgate.engine.results import Outcome
from tests.engine.toys import Stack, names

DOORS = 12


def test_an_api_server_that_is_killed_during_an_update(
    tmp_path: Path, stack: Stack, options: Options
) -> None:
    state, root = tmp_path / "plane", stack(count=DOORS)
    with plane(state) as first:
        killed: list[int] = []

        def kill_after_the_first_door(event: EngineEvent) -> None:
            step = event.res_outputs_event
            if step and not step.planning and "::door-" in step.metadata.urn and not killed:
                killed.append(first.pids["kube-apiserver"])
                os.kill(killed[0], signal.SIGKILL)

        run = up(
            root,
            "dev",
            replace(options, kubeconfig=first.kubeconfig, on_event=kill_after_the_first_door),
        )
        assert killed
        assert (run.operation, run.outcome) == ("up", Outcome.FAILED)
        errors = [one.message for one in run.diagnostics if one.severity == "error"]
        assert any("the cluster cannot be reached" in error for error in errors)
        assert "run it again to go on" in run.diagnostics[-1].message
        local.down(state)
    with plane(state) as second:
        again = replace(options, kubeconfig=second.kubeconfig)
        assert up(root, "dev", again).outcome is Outcome.SUCCEEDED
        assert doors(second.kubeconfig) == [
            f"door-{number}" for number in sorted(map(str, range(DOORS)))
        ]
        assert preview(root, "dev", again).unchanged


def test_ctrl_c_ends_in_good_order(
    stack: Stack, options: Options, cluster: Cluster, namespace: str
) -> None:
    root = stack(finalizers=["toy.dev/wait"])
    up(root, "dev", options)
    with running("destroy", root, options) as process:
        wait_for_deletion(cluster, f"{namespace}-toy")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert json.loads(out) == ["destroy", "cancelled"]
    assert "cancelling: what has begun is finished first" in err
    assert "Traceback" not in err
    release(cluster, f"{namespace}-toy")
    gone = destroy(root, "dev", options)
    assert gone.outcome is Outcome.SUCCEEDED
    assert "room" in names(gone, "delete")


def test_an_update_whose_process_is_killed_is_completed_by_the_next(
    stack: Stack, options: Options, cluster: Cluster, namespace: str
) -> None:
    root = stack(finalizers=["toy.dev/wait"])
    up(root, "dev", options)
    with running("destroy", root, options) as process:
        wait_for_deletion(cluster, f"{namespace}-toy")
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    release(cluster, f"{namespace}-toy")
    assert destroy(root, "dev", options).outcome is Outcome.SUCCEEDED


SCRIPT = """
import json, sys
from pathlib import Path
from modelgate.engine import automation
def say(line):
    print(line, file=sys.stderr)
options = automation.Options(kubeconfig=Path(sys.argv[3]), say=say)
run = getattr(automation, sys.argv[1])(Path(sys.argv[2]), "dev", options)
print(json.dumps([run.operation, run.outcome]))
"""


@contextmanager
def running(operation: str, root: Path, options: Options) -> Iterator[subprocess.Popen[str]]:
    """The operation in a process of its own."""
    command = [sys.executable, "-c", SCRIPT, operation, str(root), str(options.kubeconfig)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, process_group=0
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def plane(state: Path) -> Iterator[local.Status]:
    """A control plane whose objects outlive it."""
    status = local.up(state)
    try:
        yield status
    finally:
        local.down(state)


def doors(kubeconfig: Path) -> list[str]:
    cluster = Cluster(Settings(kubeconfig=str(kubeconfig)))
    found = cluster.request("GET", "/api/v1/configmaps")["items"]
    names = [item["metadata"]["name"] for item in found]
    return sorted(name for name in names if name.startswith("door-"))


def wait_for_deletion(cluster: Cluster, namespace: str) -> None:
    """Until a door is being deleted; it cannot go before its finalizer is released."""
    path = f"/api/v1/namespaces/{namespace}/configmaps/door-0"
    while "deletionTimestamp" not in cluster.request("GET", path)["metadata"]:
        pass


def release(cluster: Cluster, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    patch = [{"op": "remove", "path": "/metadata/finalizers"}]
    for item in cluster.request("GET", path)["items"]:
        if item["metadata"].get("finalizers"):
            name = item["metadata"]["name"]
            cluster.request("PATCH", f"{path}/{name}", patch, "application/json-patch+json")
