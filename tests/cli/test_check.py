"""`modelgate check` and `trace` from the command line to the exit code, over real manifests."""

import io
import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from modelgate.cli import main
from tests.cli import manifests

VERSIONS = "kuadrant=1.5.2,gateway-api=1.4,openshift-ai=3.4,istio=1.28.5"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with `open.yaml` and `closed.yaml`."""
    (tmp_path / "open.yaml").write_text(manifests.OPEN)
    (tmp_path / "closed.yaml").write_text(manifests.CLOSED)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str]:
    code = main([*args, "--assume", VERSIONS])
    return code, capsys.readouterr().out


def run_json(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, dict[str, Any]]:
    code, out = run(capsys, *args, "-o", "json")
    document: dict[str, Any] = json.loads(out)
    return code, document


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("args", "code", "verdict", "environment"),
    [
        (["-f", "open.yaml"], 1, "EXPOSED", "production"),
        (["-f", "open.yaml", "--environment", "non-production"], 0, "EXPOSED", "non-production"),
        (["-f", "closed.yaml"], 0, "PROTECTED", "production"),
    ],
)
def test_the_verdict_decides_the_exit_code(
    args: list[str],
    code: int,
    verdict: str,
    environment: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ended, document = run_json(capsys, "check", *args)
    assert (document["verdict"], document["environment"]) == (verdict, environment)
    assert ended == code


@pytest.mark.usefixtures("project")
def test_an_exposed_door_comes_with_its_request_and_its_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, document = run_json(capsys, "check", "-f", "open.yaml")
    door = document["doors"][0]
    assert door["request"]["path"].startswith("/llm/granite")
    assert door["source"].startswith("open.yaml:")
    assert [finding["rule"] for finding in document["findings"]].count(
        "unauthenticated-inference"
    ) == 1


@pytest.mark.usefixtures("project")
def test_every_machine_form_shows_the_exposed_door(capsys: pytest.CaptureFixture[str]) -> None:
    _, sarif = run(capsys, "check", "-f", "open.yaml", "-o", "sarif")
    results = json.loads(sarif)["runs"][0]["results"]
    assert "unauthenticated-inference" in [result["ruleId"] for result in results]
    _, junit = run(capsys, "check", "-f", "open.yaml", "-o", "junit")
    assert ET.fromstring(junit).find("testsuite[@name='doors']/testcase/failure") is not None
    _, markdown = run(capsys, "check", "-f", "open.yaml", "-o", "markdown")
    assert markdown.startswith("### EXPOSED: 1 of 1 door")


@pytest.mark.usefixtures("project")
def test_several_files_after_one_f_are_judged_together(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("gateway", "model", "policy"):
        (project / f"{name}.yaml").write_text(getattr(manifests, name.upper()))
    code, _ = run(capsys, "check", "-f", "gateway.yaml", "model.yaml", "policy.yaml")
    assert code == 0


def test_what_is_not_in_view_is_not_taken_as_closed(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "model.yaml").write_text(manifests.MODEL)
    (project / "platform.yaml").write_text(f"{manifests.GATEWAY}---\n{manifests.POLICY}")
    code, alone = run_json(capsys, "check", "-f", "model.yaml")
    assert (code, alone["verdict"]) == (1, "UNDECIDED")
    code, together = run_json(capsys, "check", "-f", "model.yaml", "--with", "platform.yaml")
    assert (code, together["verdict"]) == (0, "PROTECTED")


@pytest.mark.usefixtures("project")
def test_a_part_that_is_neither_stack_nor_path_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["check", "-f", "open.yaml", "--with", "nowhere"]) == 2
    assert "neither a stack" in capsys.readouterr().err


@pytest.mark.usefixtures("project")
def test_stdin_is_judged(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(manifests.OPEN.encode()))
    monkeypatch.setattr("sys.stdin", stdin)
    code, document = run_json(capsys, "check", "-f", "-")
    assert (code, document["verdict"]) == (1, "EXPOSED")


@pytest.mark.parametrize("content", ["", "---\n", "# nothing\n"])
def test_nothing_is_no_clean_run(
    project: Path, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "empty.yaml").write_text(content)
    code, out = run(capsys, "check", "-f", "empty.yaml")
    assert (code in (2, 3), out) == (True, "")


@pytest.mark.usefixtures("project")
def test_a_trace_follows_one_request(capsys: pytest.CaptureFixture[str]) -> None:
    url = "https://maas.example.com/llm/granite/v1/models"
    code, document = run_json(capsys, "trace", "GET", url, "-f", "open.yaml")
    assert code == 0
    assert document["answers"][0]["outcome"] == "reaches-model"
    _, document = run_json(capsys, "trace", "GET", url, "-f", "closed.yaml")
    assert (document["answers"][0]["outcome"], document["answers"][0]["status"]) == ("refused", 401)


def test_a_batch_is_answered_in_order(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = ["/llm/granite", "/elsewhere"]
    entries = [{"host": "a.example.com", "path": path} for path in paths]
    (project / "requests.json").write_text(json.dumps(entries))
    _, document = run_json(capsys, "trace", "--batch", "requests.json", "-f", "open.yaml")
    outcomes = [answer["outcome"] for answer in document["answers"]]
    assert outcomes == ["reaches-model", "no-route"]


@pytest.mark.usefixtures("project")
def test_tables_are_text_where_no_terminal_is(capsys: pytest.CaptureFixture[str]) -> None:
    _, out = run(capsys, "check", "-f", "open.yaml")
    assert out.startswith("EXPOSED  1 of 1 door lets a request without credentials")
    assert "\x1b" not in out
    _, out = run(capsys, "trace", "GET", "https://a.b/llm/granite", "-f", "open.yaml")
    assert out.startswith("reaches-model")


def test_rules_are_listed_with_their_pages(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules"]) == 0
    assert "unauthenticated-inference" in capsys.readouterr().out
    assert main(["rules", "-o", "json"]) == 0
    listed = json.loads(capsys.readouterr().out)["rules"]
    assert all(rule["page"] == f"docs/rules/{rule['id']}.md" for rule in listed)
