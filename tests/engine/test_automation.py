"""A stack's life through the real engine, a real policy pack and a real API server."""

import json
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from modelgate.engine.automation import Options, destroy, preview, refresh, up
from modelgate.engine.kubernetes_provider.cluster import Cluster, RefusedError
from modelgate.engine.results import Outcome
from modelgate.errors import ConfigurationError, ModelgateError
from tests.engine.conftest import Write
from tests.engine.toys import PROGRAM, Stack, names

EVERYTHING = ["door-0", "door-1", "keys", "room"]


def test_the_life_of_a_stack(
    stack: Stack, options: Options, cluster: Cluster, namespace: str
) -> None:
    root = stack()
    planned = preview(root, "dev", options)
    assert planned.outcome is Outcome.SUCCEEDED
    assert names(planned, "create") == EVERYTHING
    assert not any(change.done for change in planned.changes)
    with pytest.raises(RefusedError):
        cluster.request("GET", f"/api/v1/namespaces/{namespace}-toy")

    done = up(root, "dev", options)
    assert (done.operation, done.outcome) == ("up", Outcome.SUCCEEDED)
    assert names(done, "create") == EVERYTHING
    assert all(change.done for change in done.changes)
    assert done.outputs == {"namespace": f"{namespace}-toy", "key": "[secret]"}
    assert cluster.request("GET", f"/api/v1/namespaces/{namespace}-toy/configmaps/door-1")

    again = up(root, "dev", options)
    assert again.unchanged
    assert names(again, "same") == EVERYTHING

    changed = up(stack(count=3, open="maybe"), "dev", options)
    assert names(changed, "create") == ["door-2"]
    assert names(changed, "update") == ["door-0", "door-1"]
    (change, *_) = changed.by_operation()["update"]
    assert change.properties == ("metadata.labels.open",)

    gone = destroy(root, "dev", options)
    assert gone.outcome is Outcome.SUCCEEDED
    assert names(gone, "delete") == [*EVERYTHING[:2], "door-2", *EVERYTHING[2:]]
    with pytest.raises(RefusedError):
        cluster.request("GET", f"/api/v1/namespaces/{namespace}-toy")


def test_a_rejected_change_changes_nothing(
    stack: Stack, options: Options, cluster: Cluster, namespace: str
) -> None:
    up(stack(), "dev", options)
    run = up(stack(open="yes", count=3), "dev", options)
    assert (run.operation, run.outcome) == ("preview", Outcome.REJECTED)
    (violation, *_) = run.violations
    assert (violation.policy, violation.pack, violation.level) == (
        "closed-door",
        "toy",
        "mandatory",
    )
    assert violation.message == "Doors are closed.\ndoor-0 is open"
    assert violation.urn.endswith("::door-0")
    doors = cluster.request("GET", f"/api/v1/namespaces/{namespace}-toy/configmaps")["items"]
    labels = [door["metadata"].get("labels") for door in doors]
    assert {"open": "yes"} not in labels
    assert labels.count({"open": "no"}) == 2


def test_nothing_committed_is_written(stack: Stack, options: Options) -> None:
    root = stack()
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    lines: list[str] = []
    preview(root, "dev", replace(options, say=lines.append))
    kept = root / ".modelgate"
    after = {
        path: path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and not path.is_relative_to(kept) and "__pycache__" not in path.parts
    }
    assert after == before
    passphrase = kept / "passphrase"
    assert stat.S_IMODE(passphrase.stat().st_mode) == 0o600
    assert any(str(passphrase) in line for line in lines)
    assert any(line.startswith("engine: pulumi 3.") for line in lines)
    assert any(line.startswith("kubernetes: ") for line in lines)


def test_secrets_are_nowhere_to_be_read(stack: Stack, options: Options) -> None:
    events: list[str] = []
    root = stack()
    run = up(root, "dev", replace(options, on_event=lambda event: events.append(repr(event))))
    assert events
    for text in (repr(run), *events):
        assert "sk-topsecret" not in text
        assert "c2stdG9wc2VjcmV0" not in text
    for path in (root / ".modelgate").rglob("*"):
        if path.is_file() and not path.is_symlink():
            assert b"sk-topsecret" not in path.read_bytes(), path


def test_drift_is_seen_and_mended(
    stack: Stack, options: Options, cluster: Cluster, namespace: str
) -> None:
    root = stack()
    up(root, "dev", options)
    path = f"/api/v1/namespaces/{namespace}-toy/configmaps/door-0"
    patch = [{"op": "remove", "path": "/metadata/labels/open"}]
    cluster.request("PATCH", path, patch, "application/json-patch+json")
    assert refresh(root, "dev", options).outcome is Outcome.SUCCEEDED
    assert names(up(root, "dev", options), "update") == ["door-0"]
    assert cluster.request("GET", path)["metadata"]["labels"] == {"open": "no"}


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
    with pytest.raises(ModelgateError, match="division by zero") as caught:
        preview(root, "dev", options)
    assert "Traceback" not in str(caught.value)


def test_nothing_runs_without_a_policy_pack(stack: Stack, options: Options) -> None:
    root = stack()
    (root / "policies" / "PulumiPolicy.yaml").unlink()
    with pytest.raises(ConfigurationError, match="there is no policy pack"):
        up(root, "dev", options)


def test_a_pack_that_crashes_judges_nothing(stack: Stack, options: Options) -> None:
    root = stack()
    (root / "policies" / "__main__.py").write_text("raise SystemExit('no judge today')\n")
    with pytest.raises(ModelgateError):
        up(root, "dev", options)


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
