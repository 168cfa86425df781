"""The house's habits, checked: a habit without a test has already been broken once."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click
import pytest

from modelgate.cli.app import COMMANDS, app
from policies.rules import ALL

ROOT: Final = Path(__file__).parent.parent
CODE: Final = ("components", "modelgate", "policies")
MAX_LINES: Final = 320
MAX_FUNCTION_LINES: Final = 50
BANNED_IN_TESTS: Final = ("mock.patch", "time.sleep", "mark.skip", "mark.skipif", "mark.xfail")
# Written so that this file does not hold what it looks for.
ESCAPES: Final = ("type" + ": ignore", "no" + "qa")
MACHINE: Final = re.compile("/" + r"(work|root|home|Users)/|index-" + "url|find-" + "links")
GENERATED: Final = (".json", ".sum", ".svg", ".lock")


def files(*folders: str, suffix: str = "") -> Iterator[Path]:
    """Our own files, without what tools write beside them."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob(f"*{suffix}")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path


def sources() -> Iterator[Path]:
    yield from files(*CODE, suffix=".py")
    yield ROOT / "__main__.py"


def tests() -> Iterator[Path]:
    yield from files("tests", suffix=".py")


def everything() -> Iterator[Path]:
    yield from files(".ci", ".github", *CODE, "docs", "tests", "tools")
    yield from (path for path in sorted(ROOT.iterdir()) if path.is_file())


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command that `--help` shows, with the words that call it."""
    context = click.Context(app)
    for word in COMMANDS:
        command = app.get_command(context, word)
        assert command is not None
        if command.hidden:
            continue
        yield word, command
        if isinstance(command, click.Group):
            for inner, subcommand in command.commands.items():
                yield f"{word} {inner}", subcommand


@pytest.mark.parametrize("path", sources(), ids=name)
def test_a_module_says_what_it_guards(path: Path) -> None:
    code = path.read_text()
    assert not code.strip() or ast.get_docstring(ast.parse(code))


@pytest.mark.parametrize("path", [*sources(), *tests()], ids=name)
def test_files_and_functions_are_small(path: Path) -> None:
    code = path.read_text()
    assert len(code.splitlines()) <= MAX_LINES
    functions = [
        node
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    long = {
        f"{node.name}:{node.lineno}"
        for node in functions
        if (node.end_lineno or 0) - node.lineno >= MAX_FUNCTION_LINES
    }
    assert long == set()


@pytest.mark.parametrize("path", [*sources(), *tests()], ids=name)
def test_no_check_is_silenced(path: Path) -> None:
    assert [escape for escape in ESCAPES if f"# {escape}" in path.read_text()] == []


@pytest.mark.parametrize("path", tests(), ids=name)
def test_tests_patch_nothing_skip_nothing_and_do_not_sleep(path: Path) -> None:
    used = {
        ast.unparse(node)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
    }
    assert [use for use in used if use.endswith(BANNED_IN_TESTS)] == []


@pytest.mark.parametrize("path", tests(), ids=name)
def test_a_test_asserts_something(path: Path) -> None:
    """An `assert`, a `pytest.raises`, or a fixture or function that was given the answer."""
    empty = {
        node.name
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
        if not any(isinstance(inner, ast.Assert | ast.Call | ast.Raise) for inner in ast.walk(node))
    }
    assert empty == set()


def test_no_file_names_a_machine() -> None:
    named = {
        f"{name(path)}: {match[0]}"
        for path in everything()
        if path.suffix not in GENERATED
        if (match := MACHINE.search(path.read_text(encoding="utf-8", errors="replace")))
    }
    assert named == set()


def test_rules_are_listed_once_and_named_after_their_files() -> None:
    ids = [rule.ID for rule in ALL]
    modules = {path.stem for path in files("policies/rules", suffix=".py")} - {"__init__"}
    assert len(ids) == len(set(ids))
    assert {rule_id.replace("-", "_") for rule_id in ids} == modules


@pytest.mark.parametrize("rule_id", [rule.ID for rule in ALL])
def test_a_rule_has_a_page_and_cases_good_and_bad(rule_id: str) -> None:
    page = ROOT / "docs" / "rules" / f"{rule_id}.md"
    assert page.is_file()
    assert page.read_text().startswith(f"# {rule_id}\n")
    cases = ROOT / "tests" / "rules" / "cases" / rule_id
    assert list(cases.glob("ok*.yaml"))
    assert list(cases.glob("bad*.yaml"))


def test_every_page_of_a_rule_has_its_rule() -> None:
    pages = {path.stem for path in files("docs/rules", suffix=".md")} - {"index"}
    assert pages <= {rule.ID for rule in ALL}


@pytest.mark.parametrize(("words", "command"), commands())
def test_a_command_is_documented_with_all_its_options(words: str, command: click.Command) -> None:
    page = (ROOT / "docs" / "cli.md").read_text()
    assert f"\n## modelgate {words}\n" in page or f"\n### modelgate {words}\n" in page
    options = [
        opt for param in command.params if isinstance(param, click.Option) for opt in param.opts
    ]
    assert [opt for opt in options if opt.startswith("--") and f"`{opt}" not in page] == []


@pytest.mark.parametrize(("words", "command"), commands())
def test_a_command_and_its_options_explain_themselves(words: str, command: click.Command) -> None:
    assert command.help
    options = [param for param in command.params if isinstance(param, click.Option)]
    assert [param.name for param in options if not param.help and param.name != "form"] == []
