"""Which command line is taken, and that it is said."""

from collections.abc import Callable
from pathlib import Path

import pytest
from semver import VersionInfo

from modelgate.builds import Progress, silent
from modelgate.engine.cli_binary import LANGUAGE_PLUGIN, find_cli, satisfies, version_of
from modelgate.engine.downloads import reachable
from modelgate.errors import ModelgateError

Fake = Callable[[str, str], Path]


@pytest.fixture
def fake(tmp_path: Path) -> Fake:
    """A command line that answers `pulumi version` and nothing else."""

    def write(folder: str, answer: str) -> Path:
        path = tmp_path / folder / "pulumi"
        path.parent.mkdir()
        path.write_text(f"#!/bin/sh\necho '{answer}'\n")
        path.chmod(0o755)
        return path

    return write


def never(_progress: Progress) -> Path:
    raise AssertionError("nothing is to be built")


def test_the_one_on_path_is_taken(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    path = fake("bin", "v3.259.0")
    monkeypatch.setenv("PATH", f"{path.parent}:/usr/bin:/bin")
    lines: list[str] = []
    cli = find_cli(">=3.229.0 <4", silent, lines.append, build=never)
    assert cli.path == path
    assert not cli.full
    assert lines == [f"engine: pulumi 3.259.0 from PATH ({path})"]
    (path.parent / LANGUAGE_PLUGIN).touch()
    assert cli.full


def test_an_old_one_on_path_is_passed_over(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = fake("bin", "v3.100.0"), fake("sdk", "v3.259.0")
    monkeypatch.setenv("PATH", f"{old.parent}:/usr/bin:/bin")
    lines: list[str] = []
    cli = find_cli(">=3.229.0 <4", silent, lines.append, install=lambda: new, build=never)
    assert cli.path == new
    assert "pulumi 3.100.0 on PATH is passed over" in lines[0]
    assert ">=3.229.0 <4 is needed" in lines[0]
    assert lines[1] == f"engine: pulumi 3.259.0 installed by the Pulumi SDK ({new})"


def test_one_is_built_where_none_can_be_had(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    built = fake("cache", "v3.259.0")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    lines: list[str] = []
    cli = find_cli("", silent, lines.append, install=lambda: None, build=lambda progress: built)
    assert cli.path == built
    assert lines == [f"engine: pulumi 3.259.0 built from its published Go module ({built})"]


def test_one_that_does_not_answer_is_named(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = fake("cache", "who knows")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert version_of(broken) is None
    with pytest.raises(ModelgateError, match="does not answer"):
        find_cli("", silent, print, install=lambda: None, build=lambda progress: broken)


@pytest.mark.parametrize(
    ("version", "required", "expected"),
    [
        ("3.259.0", "", True),
        ("3.228.9", "", False),
        ("3.259.0", ">=3.260.0", False),
        ("3.259.0", ">=3.260.0 || 3.259.0", True),
        ("4.0.0", ">=3.229.0 <4", False),
        ("3.259.0", "what is this", True),
    ],
)
def test_required_versions(version: str, required: str, expected: bool) -> None:
    assert satisfies(VersionInfo.parse(version), required) is expected


def test_the_network_can_be_forbidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION", "true")
    assert not reachable()


def test_a_host_that_is_not_there_is_not_reachable() -> None:
    assert not reachable("nowhere.invalid")
