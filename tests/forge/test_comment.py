"""`modelgate comment` ends with the gate's state, whatever became of the comment."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from modelgate.cli import main
from modelgate.report.previews.fitting import LIMIT
from tests.forge.server import Fault, Host

HEAD = "<!-- modelgate preview maas exit={} -->\n### verdict"


@pytest.fixture
def job(environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A job for pull request 7, and the folder in which it runs."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def wrote(folder: Path, text: str) -> str:
    (folder / "preview.md").write_text(text)
    return "preview.md"


@pytest.mark.parametrize("code", [0, 1, 3, 130])
def test_it_posts_and_ends_as_the_preview_did(job: Path, host: Host, code: int) -> None:
    text = HEAD.format(code)
    assert main(["comment", wrote(job, text)]) == code
    assert main(["comment", wrote(job, f"{text} again")]) == code
    assert host.bodies == [f"{text} again"]
    assert not (job / "summary.md").exists()


@pytest.mark.parametrize("code", [0, 1])
def test_where_it_may_not_write_the_summary_tells(
    job: Path, host: Host, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    host.faults = {"POST": [Fault(403, body={"message": "Resource not accessible"})]}
    assert main(["comment", wrote(job, HEAD.format(code))]) == code
    assert (job / "summary.md").read_text() == f"{HEAD.format(code)}\n"
    assert "Resource not accessible" in capsys.readouterr().err


def test_without_a_summary_the_log_tells(
    host: Host, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "preview.md"
    file.write_text(HEAD.format(1))
    assert main(["comment", str(file)]) == 1
    told = capsys.readouterr()
    assert told.out == f"{HEAD.format(1)}\n"
    assert "no pull request, or no token" in told.err
    assert host.requests == []


def test_a_dry_run_asks_nobody(job: Path, host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["comment", "--dry-run", wrote(job, HEAD.format(1))]) == 1
    told = capsys.readouterr()
    assert told.out == f"{HEAD.format(1)}\n"
    assert "nothing is posted to" in told.err
    assert host.requests == []


@pytest.mark.parametrize("text", ["", "Traceback: @team", "### no marker"])
def test_a_preview_that_said_nothing_is_told_as_that(job: Path, host: Host, text: str) -> None:
    (job / "Pulumi.yaml").write_text("name: maas\nruntime: python\n")
    assert main(["comment", wrote(job, text)]) == 3
    (body,) = host.bodies
    assert body.startswith("<!-- modelgate preview maas exit=3 -->\n### ❌ nothing was judged")
    assert text in body


def test_a_missing_preview_is_told_without_a_project_too(job: Path, host: Host) -> None:
    assert main(["comment", "missing.md"]) == 3
    assert "missing.md: cannot read it" in host.bodies[0]


def test_what_is_too_long_is_shortened_and_whole_in_the_summary(job: Path, host: Host) -> None:
    text = f"{HEAD.format(1)}\n\n<details>\n\n{'x' * LIMIT}\n\n</details>"
    assert main(["comment", wrote(job, text)]) == 1
    (body,) = host.bodies
    assert body.startswith(HEAD.format(1))
    assert "too long for a comment" in body
    assert "<details>" not in body
    assert len((job / "summary.md").read_text()) > LIMIT


def test_a_verdict_that_is_too_long_is_cut_where_a_part_ends(job: Path, host: Host) -> None:
    text = HEAD.format(1) + "\n\n```sh\ncurl\n```" * 9000
    assert main(["comment", wrote(job, text)]) == 1
    (body,) = host.bodies
    assert len(body) <= LIMIT
    assert body.count("```") % 2 == 0
