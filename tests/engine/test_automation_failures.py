"""What stands in a run's way, and the words it gets."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from filelock import FileLock

from modelgate.engine.automation import Options, preview, up
from modelgate.engine.kubernetes_provider.cluster import Cluster
from modelgate.engine.results import Outcome
from modelgate.errors import ConfigurationError, ModelgateError
from tests.engine.conftest import Write
from tests.engine.toys import PROGRAM, Stack

EVERYTHING = ["door-0", "door-1", "keys", "room"]


def test_an_object_in_the_way_fails_the_preview(
    stack: Stack, options: Options, cluster: Cluster, namespace: str
) -> None:
    theirs = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": f"{namespace}-toy"}}
    cluster.request("POST", "/api/v1/namespaces", theirs)
    run = up(stack(), "dev", options)
    assert (run.operation, run.outcome) == ("preview", Outcome.FAILED)
    (error, *_) = [one.message for one in run.diagnostics if one.severity == "error"]
    assert f"Namespace {namespace}-toy is already in the cluster" in error


UNREACHABLE = """\
apiVersion: v1
kind: Config
current-context: nowhere
clusters: [{name: nowhere, cluster: {server: "http://127.0.0.1:1"}}]
users: [{name: nobody, user: {}}]
contexts: [{name: nowhere, context: {cluster: nowhere, user: nobody}}]
"""


def test_without_a_cluster_there_is_a_preview_but_no_update(
    stack: Stack, options: Options, tmp_path: Path
) -> None:
    nowhere = tmp_path / "kubeconfig"
    nowhere.write_text(UNREACHABLE)
    root, offline = stack(), replace(options, kubeconfig=nowhere)
    run = preview(root, "dev", offline)
    assert run.outcome is Outcome.SUCCEEDED
    assert any("127.0.0.1:1" in one.message for one in run.diagnostics)
    with pytest.raises(ModelgateError, match="cannot be reached") as caught:
        up(root, "dev", offline)
    assert caught.value.hint == "nothing was changed"


def test_a_wrong_passphrase_is_said(
    stack: Stack, options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = stack()
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "right")
    up(root, "dev", options)
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "wrong")
    with pytest.raises(ConfigurationError, match="passphrase does not open") as caught:
        up(root, "dev", options)
    assert caught.value.exit_code == 2
    assert "PULUMI_CONFIG_PASSPHRASE" in caught.value.hint


def test_a_second_run_waits_and_says_so(stack: Stack, options: Options) -> None:
    root, said = stack(), list[str]()
    lock = FileLock(root / ".modelgate" / "work" / "dev.lock", thread_local=False)
    Path(lock.lock_file).parent.mkdir(parents=True)
    lock.acquire()

    def release_when_told(what: str, elapsed_s: float, left_s: float | None, detail: str) -> None:
        said.append(what)
        lock.release()

    run = preview(root, "dev", replace(options, progress=release_when_told))
    assert run.outcome is Outcome.SUCCEEDED
    assert "wait for another modelgate: it runs stack dev" in said


def test_encrypted_settings_need_their_passphrase(project: Write, options: Options) -> None:
    root = project(PROGRAM, Pulumi__dev__yaml="encryptionsalt: v1:a:b\nconfig: {}\n")
    with pytest.raises(ConfigurationError, match=r"Pulumi\.dev\.yaml .* is not set"):
        preview(root, "dev", options)


def test_a_backend_of_the_user_needs_a_passphrase_of_the_user(
    stack: Stack, options: Options, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = tmp_path / "own backend"
    backend.mkdir()
    monkeypatch.setenv("PULUMI_BACKEND_URL", backend.as_uri())
    root = stack()
    with pytest.raises(ConfigurationError, match="is not set"):
        preview(root, "dev", options)
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "mine")
    assert up(root, "dev", options).outcome is Outcome.SUCCEEDED
    assert list(backend.glob(".pulumi/stacks/toy/dev.json"))
    assert not (root / ".modelgate" / "state").exists()


def test_a_failing_program_is_one_sentence(project: Write, options: Options) -> None:
    with pytest.raises(ModelgateError) as caught:
        preview(project("1 / 0\n"), "dev", options)
    assert caught.value.message == (
        "the program of stack dev failed: ZeroDivisionError: division by zero (__main__.py:1)"
    )


def test_a_failure_inside_an_apply_has_no_traceback(project: Write, options: Options) -> None:
    root = project("import pulumi\npulumi.Output.from_input(0).apply(lambda zero: 1 / zero)\n")
    with pytest.raises(ModelgateError) as caught:
        preview(root, "dev", options)
    assert str(caught.value) == "the program of stack dev failed: division by zero"


def test_nothing_runs_without_a_policy_pack(stack: Stack, options: Options) -> None:
    root = stack()
    (root / "policies" / "PulumiPolicy.yaml").unlink()
    with pytest.raises(ConfigurationError, match="there is no policy pack"):
        up(root, "dev", options)


def test_a_pack_that_crashes_judges_nothing(stack: Stack, options: Options) -> None:
    root = stack()
    (root / "policies" / "__main__.py").write_text("import no_such_module\n")
    with pytest.raises(ModelgateError) as caught:
        up(root, "dev", options)
    assert caught.value.message == (
        f"the policy pack {root / 'policies'} did not start, so nothing was judged: "
        "ModuleNotFoundError: No module named 'no_such_module'"
    )
    assert caught.value.exit_code == 3


def test_the_lock_of_a_run_that_is_gone_is_removed(stack: Stack, options: Options) -> None:
    root, lines = stack(), list[str]()
    up(root, "dev", options)
    locks = root / ".modelgate" / "state" / ".pulumi" / "locks" / "organization" / "toy" / "dev"
    locks.mkdir(parents=True, exist_ok=True)
    dead = {"pid": 2**22 + 1, "username": "x", "hostname": os.uname().nodename, "timestamp": "t"}
    (locks / "dead.json").write_text(json.dumps(dead))
    run = up(root, "dev", replace(options, say=lines.append))
    assert run.outcome is Outcome.SUCCEEDED
    assert any("cut short" in line for line in lines)


def test_the_lock_of_somebody_else_is_explained(stack: Stack, options: Options) -> None:
    root = stack()
    up(root, "dev", options)
    locks = root / ".modelgate" / "state" / ".pulumi" / "locks" / "organization" / "toy" / "dev"
    locks.mkdir(parents=True, exist_ok=True)
    other = {
        "pid": 1,
        "username": "x",
        "hostname": "elsewhere",
        "timestamp": "2026-01-01T00:00:00Z",
    }
    (locks / "other.json").write_text(json.dumps(other))
    with pytest.raises(ModelgateError, match="is locked") as caught:
        up(root, "dev", options)
    assert "pulumi cancel" in caught.value.hint
