"""What the command line gets: copies, variables and plugins."""

from pathlib import Path

import pytest
import yaml
from semver import VersionInfo

from modelgate.engine.cli_binary import Cli
from modelgate.engine.kubernetes_provider import version
from modelgate.engine.plugins import find_official, kubernetes_plugin, policy_variables
from modelgate.engine.project import read_project
from modelgate.engine.workspace import Workspace, prepare
from modelgate.errors import ModelgateError
from tests.engine.conftest import Write


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "users home"))
    monkeypatch.setenv("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION", "true")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")


def prepared(root: Path) -> Workspace:
    return prepare(read_project(root), "dev", root / ".modelgate", print)


def copied(workspace: Workspace, name: str = "Pulumi.dev.yaml") -> dict[str, object]:
    data = yaml.safe_load((workspace.folder / name).read_text())
    assert isinstance(data, dict)
    return data


def test_a_salt_that_was_made_for_the_copy_is_kept(project: Write) -> None:
    root = project("", Pulumi__dev__yaml="config: {toy:a: '1'}\n")
    workspace = prepared(root)
    assert copied(workspace) == {"config": {"toy:a": "1"}}
    salted = {"encryptionsalt": "v1:salt", **copied(workspace)}
    (workspace.folder / "Pulumi.dev.yaml").write_text(yaml.safe_dump(salted))
    (root / "Pulumi.dev.yaml").write_text("config: {toy:a: '2'}\n")
    assert copied(prepared(root)) == {"encryptionsalt": "v1:salt", "config": {"toy:a": "2"}}


def test_settings_that_name_places_are_left_out_of_the_copy(project: Write) -> None:
    root = project(
        "",
        Pulumi__yaml="""
            name: toy
            runtime: python
            main: .
            config: {toy:size: {type: string, default: big}}
            """,
    )
    assert copied(prepared(root), "Pulumi.yaml") == {
        "name": "toy",
        "runtime": "python",
        "config": {"toy:size": {"type": "string", "default": "big"}},
    }


def test_the_owner_is_the_same_for_the_same_state(project: Write, tmp_path: Path) -> None:
    root = project("")
    project_settings = read_project(root)
    first = prepared(root).owner
    assert prepared(root).owner == first
    elsewhere = prepare(project_settings, "dev", tmp_path / "elsewhere", print)
    assert elsewhere.owner != first


def test_pulumi_cloud_keeps_secrets_and_credentials_itself(
    project: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "https://api.pulumi.com")
    workspace = prepared(project(""))
    assert workspace.home == tmp_path / "users home"
    assert workspace.store is None
    assert "PULUMI_CONFIG_PASSPHRASE_FILE" not in workspace.env
    bare = Cli(tmp_path / "pulumi", VersionInfo(3, 259, 0), "from PATH")
    with pytest.raises(ModelgateError, match="no Python language plugin"):
        policy_variables(bare, workspace)


def test_a_backend_in_pulumi_yaml_is_the_users(
    project: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "mine")
    settings = f"name: toy\nruntime: python\nbackend: {{url: '{tmp_path.as_uri()}'}}\n"
    workspace = prepared(project("", Pulumi__yaml=settings))
    assert workspace.store is None
    assert workspace.env["PULUMI_BACKEND_URL"] == tmp_path.as_uri()


def test_a_full_installation_starts_the_pack_itself(project: Write, tmp_path: Path) -> None:
    workspace = prepared(project(""))
    cli = Cli(tmp_path / "pulumi", VersionInfo(3, 259, 0), "from PATH")
    assert list(policy_variables(cli, workspace)) == ["MODELGATE_PYTHON"]
    (tmp_path / "pulumi-language-python").touch()
    assert policy_variables(cli, workspace) == {}


def test_the_users_own_kubernetes_plugin_is_found(project: Write, tmp_path: Path) -> None:
    workspace = prepared(project(""))
    folder = tmp_path / "users home" / "plugins" / f"resource-kubernetes-v{version()}"
    folder.mkdir(parents=True)
    partial = folder.with_name(f"{folder.name}.partial")
    partial.touch()
    (folder / "pulumi-resource-kubernetes").touch()
    assert not find_official(workspace.home)
    partial.unlink()
    assert find_official(workspace.home)
    assert (workspace.home / "plugins" / folder.name).resolve() == folder.resolve()
    cli = Cli(tmp_path / "pulumi", VersionInfo(3, 259, 0), "from PATH")
    lines: list[str] = []
    with kubernetes_plugin(cli, workspace, "", lines.append) as variables:
        assert variables == {}
    assert lines == []


def test_the_stand_in_is_announced_and_attached(project: Write, tmp_path: Path) -> None:
    workspace = prepared(project(""))
    cli = Cli(tmp_path / "pulumi", VersionInfo(3, 259, 0), "from PATH")
    lines: list[str] = []
    with kubernetes_plugin(cli, workspace, "", lines.append) as variables:
        package, _, port = variables["PULUMI_DEBUG_PROVIDERS"].partition(":")
        assert package == "kubernetes"
        assert int(port) > 0
    (line,) = lines
    assert "stand-in" in line
    assert not list(workspace.home.glob("plugins/resource-*"))
