"""The whole way once, as `make up` goes it: judge, control plane, engine, pack; then again."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelgate.cli import main
from modelgate.cli.platform import missing_namespaces
from modelgate.topology.objects import Object

ROOT = Path(__file__).parent.parent.parent
COPIED = ("Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.prod.yaml", "__main__.py")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of this project, in a path with a space; what it has started is stopped."""
    folder = tmp_path / "a project"
    shutil.copytree(ROOT / "policies", folder / "policies")
    for name in COPIED:
        shutil.copy(ROOT / name, folder)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    monkeypatch.delenv("KUBECONFIG", raising=False)
    yield folder
    main(["local", "down", "--project", str(folder)])


def run(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str]:
    code = main(args)
    return code, capsys.readouterr().out


def test_dev_is_deployed_and_then_unchanged(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out = run(capsys, "quickstart", "--project", str(project))
    assert code == 0
    assert "judged in" in out
    assert "up of dev: " in out
    assert " created" in out
    assert "next:" in out
    code, out = run(capsys, "quickstart", "--project", str(project))
    assert code == 0
    assert "up of dev: no changes" in out
    code, out = run(capsys, "destroy", "-s", "dev", "--local", "--yes", "--project", str(project))
    assert (code, out.startswith("destroy of dev: ")) == (0, True)


def test_one_line_too_many_is_rejected_with_the_request_that_gets_in(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out = run(capsys, "reject", "--project", str(project))
    assert code == 0
    assert "rejected by the policy pack, nothing was changed" in out
    assert "mandatory[unauthenticated-inference]" in out
    assert "curl -si" in out


def test_namespaces_that_nobody_declares_are_made() -> None:
    declared = Object("v1", "Namespace", "", "models", {})
    used = [Object("v1", "Service", name, "a", {}) for name in ("models", "ingress", "ingress")]
    assert missing_namespaces([declared, *used]) == ["ingress"]


def test_two_clusters_are_one_too_many(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    args = ("up", "-s", "dev", "--local", "--context", "prod", "--project", str(project))
    assert main(args) == 2
    assert "--local and --context name two clusters" in capsys.readouterr().err
