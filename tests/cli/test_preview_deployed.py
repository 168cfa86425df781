"""A change of this repository's own production stack, beside what is deployed of it."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from modelgate.cli import main
from modelgate.engine.automation import destroy, up
from modelgate.engine.in_process import evaluate
from modelgate.engine.results import Outcome
from tests.engine.conftest import kubeconfig, options
from tests.engine.test_repository_stacks import ready
from tests.plugins.control_plane import ControlPlane

__all__ = ["kubeconfig", "options"]

ROOT = Path(__file__).parents[2]
FREE = "requests: [{limit: 5, window: 2m}]"
REPLICAS = "        replicas: 2\n"
DOOR = "        template: {hostNetwork: true}\n"
Previewed = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of this repository's program, whose settings may be changed."""
    for name in ("Pulumi.yaml", "Pulumi.prod.yaml", "__main__.py"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    (tmp_path / "policies").symlink_to(ROOT / "policies")
    return tmp_path


@pytest.fixture
def preview(project: Path, capsys: pytest.CaptureFixture[str]) -> Previewed:
    def run(*arguments: str) -> tuple[int, dict[str, Any]]:
        command = ["preview", "--project", str(project), "-s", "prod", "-o", "json"]
        code = main([*command, *arguments])
        told = capsys.readouterr()
        assert told.out, told.err
        (stack,) = json.loads(told.out)["stacks"]
        return code, stack

    return run


def edit(project: Path, old: str, new: str) -> None:
    file = project / "Pulumi.prod.yaml"
    file.write_text(file.read_text().replace(old, new, 1))


def test_without_a_cluster_it_says_what_is_not_known(
    project: Path, preview: Previewed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(project / "no-cluster"))
    edit(project, REPLICAS, REPLICAS + DOOR)
    code, stack = preview()
    assert (code, stack["before"]) == (1, None)
    assert stack["run"]["outcome"] == "rejected"
    assert [door["verdict"] for door in stack["changes"]["doors"]["introduced"]] == ["EXPOSED"]
    assert "the cluster was not asked" in stack["not_known"][0]


def test_a_program_that_fails_is_told(
    project: Path, preview: Previewed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(project / "no-cluster"))
    (project / "__main__.py").write_text("1 / 0\n")
    code, stack = preview()
    assert (code, stack["check"], stack["run"]) == (3, None, None)
    assert "ZeroDivisionError" in stack["error"]["message"]


def test_a_change_beside_what_is_deployed(
    project: Path,
    preview: Previewed,
    control_plane: ControlPlane,
    monkeypatch: pytest.MonkeyPatch,
    options: Any,
) -> None:
    _, here = ready(evaluate(project, "prod"), control_plane, options)
    here = replace(here, state=project / ".modelgate")
    monkeypatch.setenv("KUBECONFIG", str(here.kubeconfig))
    assert up(project, "prod", here).outcome is Outcome.SUCCEEDED
    code, stack = preview()
    assert (code, stack["changes"]["resources"], stack["not_known"]) == (0, [], [])
    assert len(stack["before"]["doors"]) == len(stack["check"]["doors"]) == 8

    edit(project, FREE, FREE.replace("5", "50"))
    code, stack = preview()
    assert (code, stack["run"]["outcome"]) == (0, "succeeded")
    (limit,) = stack["changes"]["limits"]
    assert (limit["name"], limit["before"], limit["after"]) == ("free", "5 per 2m", "50 per 2m")
    (changed,) = [one for one in stack["changes"]["resources"] if one["fields"]]
    assert changed["operation"] == "update"
    (field,) = changed["fields"]
    assert field["path"] == "spec.overrides.limits.free.rates[0].limit"

    edit(project, REPLICAS, REPLICAS + DOOR)
    code, stack = preview()
    assert (code, stack["run"]["outcome"]) == (1, "rejected")
    assert [door["verdict"] for door in stack["changes"]["doors"]["introduced"]] == ["EXPOSED"]
    assert len(stack["before"]["doors"]) == 8
    assert destroy(project, "prod", here).outcome is Outcome.SUCCEEDED
