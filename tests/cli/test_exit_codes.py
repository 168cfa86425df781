"""Whatever happens, the user reads sentences and gets the documented exit code."""

import subprocess
import sys
from pathlib import Path

import click
import pytest

from modelgate.cli import main
from modelgate.errors import ConfigurationError, ModelgateError


def failing(error: BaseException) -> click.Command:
    def fail() -> None:
        raise error

    return click.Command("fail", callback=fail)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ModelgateError("no verdict"), 3),
        (ModelgateError("rejected", exit_code=1), 1),
        (ConfigurationError("wrong setting"), 2),
        (click.UsageError("no such option"), 2),
        (KeyboardInterrupt(), 130),
        (ZeroDivisionError("secret-value"), 3),
    ],
)
def test_each_kind_of_failure_has_its_code(error: BaseException, code: int) -> None:
    assert main([], failing(error)) == code


def test_an_error_says_what_and_the_way_out(capsys: pytest.CaptureFixture[str]) -> None:
    main([], failing(ModelgateError("a.yaml:3: no kind", "add a kind")))
    assert capsys.readouterr() == ("", "error: a.yaml:3: no kind\nhint: add a kind\n")


def test_an_error_carries_no_escape_from_a_manifest(capsys: pytest.CaptureFixture[str]) -> None:
    main([], failing(ModelgateError("name \x1b[2J\nsecond line")))
    assert capsys.readouterr().err == "error: name \\x1b[2J\n  second line\n"


def test_a_crash_says_that_nothing_was_judged_and_shows_no_value(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main([], failing(ZeroDivisionError("secret-value")))
    shown = capsys.readouterr().err
    assert "nothing was judged (ZeroDivisionError at __init__.py:" in shown
    assert "secret-value" not in shown
    assert "Traceback" not in shown


def test_a_crash_shows_its_place_when_asked(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELGATE_DEBUG", "1")
    main([], failing(ZeroDivisionError("x")))
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["chek"], "No such command 'chek'"),
        (["check", "--bogus"], "No such option"),
        (["check"], "nothing to judge was named"),
        (["check", "a.yaml"], "a file is named with -f"),
        (["check", "-f", "missing.yaml"], "missing.yaml: cannot read it: No such file"),
        (["trace"], "which request?"),
        (["trace", "GET", "maas.example.com"], "not an http or https URL"),
        (["check", "-f", "-", "--assume", "kuadrant"], "is not NAME=VERSION"),
        (["check", "-f", "-", "--assume", "kuadrnat=1"], "did you mean kuadrant?"),
        (["check", "--project", "missing"], "does not exist"),
    ],
)
def test_wrong_usage_ends_with_2_and_a_sentence(
    args: list[str],
    words: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(args) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err


@pytest.mark.parametrize("args", [["--help"], ["-h"], ["check", "-h"], ["--version"]])
def test_help_is_an_answer(args: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(args) == 0
    assert "modelgate" in capsys.readouterr().out


def test_a_reader_that_goes_away_is_no_error() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "modelgate", "--help"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode in (0, 141)


def test_checking_files_imports_neither_pulumi_nor_a_cluster_client() -> None:
    probe = (
        "import sys; from modelgate.cli import main; main(['check', '-f', 'missing.yaml']);"
        "print(sorted({'pulumi', 'kubernetes', 'pydantic', 'rich'} & sys.modules.keys()))"
    )
    shown = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=True
    ).stdout
    assert shown == "[]\n"
