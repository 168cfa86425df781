"""A stack's life through the real engine, a real policy pack and a real API server."""

import stat
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from modelgate.engine.automation import Options, destroy, preview, refresh, up
from modelgate.engine.cli_binary import find_cli
from modelgate.engine.command import EngineCommand
from modelgate.engine.in_process import evaluate
from modelgate.engine.kubernetes_provider.cluster import Cluster, RefusedError
from modelgate.engine.results import Outcome
from modelgate.errors import ConfigurationError
from modelgate.topology.objects import UNKNOWN
from tests.engine.conftest import Write
from tests.engine.toys import Stack, names

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


def test_changed_data_replaces_the_object_in_its_place(
    stack: Stack, options: Options, cluster: Cluster, namespace: str
) -> None:
    up(stack(), "dev", options)
    run = up(stack(fixed="no"), "dev", options)
    assert run.outcome is Outcome.SUCCEEDED
    assert names(run, "replace") == ["door-0", "door-1"]
    assert all(change.done for change in run.by_operation()["replace"])
    door = cluster.request("GET", f"/api/v1/namespaces/{namespace}-toy/configmaps/door-0")
    assert door["data"] == {"fixed": "no"}


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


def test_encrypted_settings_reach_the_program_and_nothing_else(
    project: Write,
    options: Options,
    cluster: Cluster,
    namespace: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "right")
    root = project(
        """
        import pulumi
        import pulumi_kubernetes as k8s
        config = pulumi.Config()
        k8s.core.v1.Secret(
            "keys",
            metadata={"name": "keys", "namespace": config.require("namespace")},
            string_data={"key": config.require_secret_object("keys")["alice"]},
        )
        """,
        Pulumi__dev__yaml=f"config: {{toy:namespace: {namespace}}}\n",
    )
    encrypt(root, tmp_path, options, "keys.alice", "sk-topsecret")
    assert "sk-topsecret" not in (root / "Pulumi.dev.yaml").read_text()
    (secret,) = evaluate(root, "dev").objects
    assert secret.body["stringData"] == {"key": UNKNOWN}
    assert up(root, "dev", options).outcome is Outcome.SUCCEEDED
    live = cluster.request("GET", f"/api/v1/namespaces/{namespace}/secrets/keys")
    assert live["data"] == {"key": "c2stdG9wc2VjcmV0"}
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "wrong")
    with pytest.raises(ConfigurationError, match="passphrase does not open"):
        preview(root, "dev", options)


def encrypt(root: Path, tmp_path: Path, options: Options, key: str, value: str) -> None:
    """`pulumi config set --secret --path`, as a user does it."""
    (tmp_path / "scratch").mkdir()
    command = EngineCommand(find_cli("", options.progress, options.say))
    env = {"PULUMI_BACKEND_URL": (tmp_path / "scratch").as_uri(), "PULUMI_HOME": str(tmp_path)}
    command.run(["stack", "init", "dev"], str(root), env)
    setting = ["config", "set", "--secret", "--path", key, "--stack", "dev", "--", value]
    command.run(setting, str(root), env)


def test_the_context_of_a_kubeconfig_can_be_chosen(
    stack: Stack, options: Options, kubeconfig: Path, tmp_path: Path
) -> None:
    two = yaml.safe_load(kubeconfig.read_text())
    (here,) = [entry["name"] for entry in two["contexts"]]
    two["clusters"].append({"name": "nowhere", "cluster": {"server": "http://127.0.0.1:1"}})
    context = {"cluster": "nowhere", "user": two["contexts"][0]["context"]["user"]}
    two["contexts"].append({"name": "nowhere", "context": context})
    two["current-context"] = "nowhere"
    both = tmp_path / "two"
    both.write_text(yaml.safe_dump(two))
    root, chosen = stack(), replace(options, kubeconfig=both, context=here)
    before = (root / "Pulumi.dev.yaml").read_text()
    assert up(root, "dev", chosen).outcome is Outcome.SUCCEEDED
    assert (root / "Pulumi.dev.yaml").read_text() == before
    run = preview(root, "dev", replace(chosen, context=""))
    assert any("127.0.0.1:1" in one.message for one in run.diagnostics)


def test_paths_are_those_of_the_folder_that_one_is_in(
    stack: Stack, options: Options, kubeconfig: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = stack()
    monkeypatch.chdir(kubeconfig.parent)
    monkeypatch.setenv("KUBECONFIG", kubeconfig.name)
    run = preview(root, "dev", replace(options, kubeconfig=None))
    assert run.outcome is Outcome.SUCCEEDED
    assert run.diagnostics == ()
