"""Two versions of a program out of git, side by side, without an engine and without a cluster."""

import json
from pathlib import Path
from typing import Any

import pytest

from modelgate.cli import main
from tests.cli.projects import CLOSED, COMPONENT, OPEN, committed, git, write

Capture = pytest.CaptureFixture[str]


def preview(capsys: Capture, root: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    code = main(["preview", "--project", str(root), "-o", "json", *arguments])
    told = capsys.readouterr()
    assert told.out, told.err
    return code, json.loads(told.out)


def introduced(document: dict[str, Any], stack: int = 0) -> list[str]:
    doors = document["stacks"][stack]["changes"]["doors"]["introduced"]
    return [door["verdict"] for door in doors]


def test_a_change_that_opens_a_door_is_rejected_in_production(
    tmp_path: Path, capsys: Capture
) -> None:
    base = committed(write(tmp_path, prod=CLOSED, dev=CLOSED))
    write(tmp_path, prod=OPEN, dev=OPEN)
    code, document = preview(capsys, tmp_path, "--all", "--base", "main")
    assert (code, document["exit_code"]) == (1, 1)
    dev, prod = document["stacks"]
    assert [(one["stack"], one["exit_code"]) for one in (dev, prod)] == [("dev", 0), ("prod", 1)]
    assert introduced(document, 0) == introduced(document, 1) == ["EXPOSED"]
    assert prod["changes"]["resources"] == [
        {
            "operation": "delete",
            "what": "AuthPolicy ingress/maas-auth",
            "fields": [],
            "deleted_first": False,
            "left_out": False,
        }
    ]
    assert prod["against"] == f"main ({base[:7]})"
    assert prod["run"] is None
    assert "the engine was not asked" in prod["not_known"][0]


def test_the_comment_names_the_worst_stack_first(tmp_path: Path, capsys: Capture) -> None:
    committed(write(tmp_path, prod=CLOSED, dev=CLOSED))
    write(tmp_path, prod=OPEN, dev=OPEN)
    arguments = ["-s", "dev", "-s", "prod", "--base", "HEAD", "-o", "markdown"]
    assert main(["preview", "--project", str(tmp_path), *arguments]) == 1
    marker, title, *rest = capsys.readouterr().out.splitlines()
    assert marker == "<!-- modelgate preview maas exit=1 -->"
    assert title.startswith("### ❌ `prod`: this change opens 1 door")
    assert any(line.startswith("| `dev` (non-production) |") for line in rest)


def test_each_version_runs_its_own_components(tmp_path: Path, capsys: Capture) -> None:
    committed(write(tmp_path, prod=OPEN))
    write(tmp_path, prod=CLOSED)
    component = tmp_path / "components" / "declare.py"
    component.write_text(COMPONENT.replace('body.get("spec")', "None"))
    _, document = preview(capsys, tmp_path, "-s", "prod", "--base", "main")
    updated = document["stacks"][0]["changes"]["resources"]
    assert "Gateway ingress/maas" in {
        one["what"] for one in updated if one["operation"] == "update"
    }


def test_what_others_did_meanwhile_is_not_this_change(tmp_path: Path, capsys: Capture) -> None:
    committed(write(tmp_path, prod=OPEN))
    git(tmp_path, "checkout", "--quiet", "-b", "mine")
    (tmp_path / "README").write_text("mine")
    committed(tmp_path)
    git(tmp_path, "checkout", "--quiet", "main")
    committed(write(tmp_path, prod=CLOSED))
    git(tmp_path, "checkout", "--quiet", "mine")
    _, document = preview(capsys, tmp_path, "-s", "prod", "--base", "main")
    assert introduced(document) == []
    assert document["stacks"][0]["changes"]["resources"] == []


def test_a_new_stack_and_a_project_below_the_top(tmp_path: Path, capsys: Capture) -> None:
    inside = tmp_path / "teams" / "llm"
    (tmp_path / "README").write_text("x")
    committed(tmp_path)
    write(inside, dev=CLOSED)
    committed(tmp_path)
    write(inside, prod=CLOSED)
    code, document = preview(capsys, inside, "--all", "--base", "main")
    assert code == 0
    assert [bool(one["before"]) for one in document["stacks"]] == [True, False]
    _, document = preview(capsys, inside, "-s", "dev", "--base", "main~1")
    assert document["stacks"][0]["before"] is None


def test_a_stack_that_fails_keeps_no_other_from_being_told(tmp_path: Path, capsys: Capture) -> None:
    committed(write(tmp_path, dev=CLOSED, prod=CLOSED))
    (tmp_path / "dev.yaml").write_text("kind: [")
    code, document = preview(capsys, tmp_path, "--all", "--base", "main")
    assert code == 3
    dev, prod = document["stacks"]
    assert "the program of stack dev failed" in dev["error"]["message"]
    assert (prod["exit_code"], prod["error"]) == (0, None)


def test_a_version_that_breaks_at_import_is_told(tmp_path: Path, capsys: Capture) -> None:
    committed(write(tmp_path, prod=CLOSED))
    (tmp_path / "modelgate").mkdir()
    (tmp_path / "modelgate" / "__init__.py").write_text("raise RuntimeError('broken here')\n")
    code, document = preview(capsys, tmp_path, "-s", "prod", "--base", "main")
    assert code == 3
    assert "broken here" in document["stacks"][0]["error"]["message"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-s", "prod", "--base", "nowhere"], "git knows no such version"),
        (["-s", "prod", "--base", "--all"], "git knows no such version"),
        (["-s", "prod", "--base", "main", "--local"], "--base asks no cluster"),
        (["-s", "prod", "--all", "--base", "main"], "two choices of stacks"),
        (["--base", "main"], "which stack?"),
    ],
)
def test_wrong_usage_is_told(
    tmp_path: Path, capsys: Capture, arguments: list[str], words: str
) -> None:
    committed(write(tmp_path, prod=CLOSED))
    assert main(["preview", "--project", str(tmp_path), *arguments]) == 2
    assert words in capsys.readouterr().err


def test_without_a_repository_there_is_no_base(tmp_path: Path, capsys: Capture) -> None:
    write(tmp_path, prod=CLOSED)
    assert main(["preview", "--project", str(tmp_path), "-s", "prod", "--base", "main"]) == 2
    assert "not a git repository" in capsys.readouterr().err


def test_nothing_is_left_behind(tmp_path: Path, capsys: Capture) -> None:
    committed(write(tmp_path, prod=CLOSED))
    before = sorted(tmp_path.rglob("*"))
    preview(capsys, tmp_path, "-s", "prod", "--base", "main")
    assert sorted(tmp_path.rglob("*")) == before
    assert git(tmp_path, "status", "--porcelain") == ""


def test_all_stacks_are_checked_in_one_table(tmp_path: Path, capsys: Capture) -> None:
    write(tmp_path, dev=OPEN, prod=CLOSED, broken="kind: [")
    assert main(["check", "--project", str(tmp_path), "--all"]) == 3
    table, *rest = capsys.readouterr().out.split("\n\n")
    rows = [line.split()[:3] for line in table.splitlines()]
    assert rows[1:] == [
        ["broken", "?", "?"],
        ["dev", "non-production", "EXPOSED"],
        ["prod", "production", "PROTECTED"],
    ]
    assert rest[0].startswith("broken: the program of stack broken failed")
    assert rest[1].startswith("dev: EXPOSED  1 of 1 door")
    assert main(["check", "--project", str(tmp_path), "-s", "dev", "-s", "prod", "-o", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [one["check"]["verdict"] for one in document["stacks"]] == ["EXPOSED", "PROTECTED"]
    assert main(["check", "--project", str(tmp_path), "--all", "-o", "sarif"]) == 2
    assert "holds one report" in capsys.readouterr().err
