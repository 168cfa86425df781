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
MACHINE: Final = re.compile(r"/(work|root|home|Users)" + "/")
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


def suites() -> Iterator[Path]:
    yield from files("tests", suffix=".py")


def everything() -> Iterator[Path]:
    yield from files(".ci", ".github", *CODE, "docs", "tests", "tools")
    yield from (path for path in sorted(ROOT.iterdir()) if path.is_file())


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


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


def test_a_module_says_what_it_guards() -> None:
    silent = {
        name(path)
        for path in sources()
        if path.read_text().strip() and not ast.get_docstring(tree(path))
    }
    assert silent == set()


def test_files_are_small() -> None:
    lines = {name(path): len(path.read_text().splitlines()) for path in [*sources(), *suites()]}
    assert {path: count for path, count in lines.items() if count > MAX_LINES} == {}


def test_functions_are_small() -> None:
    lines = {
        f"{name(path)}:{node.lineno}": (node.end_lineno or 0) - node.lineno + 1
        for path in sources()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {place: count for place, count in lines.items() if count > MAX_FUNCTION_LINES} == {}


def test_no_check_is_silenced() -> None:
    silenced = {
        f"{name(path)}: {escape}"
        for path in [*sources(), *suites()]
        for escape in ESCAPES
        if f"# {escape}" in path.read_text()
    }
    assert silenced == set()


def test_tests_patch_nothing_skip_nothing_and_do_not_sleep() -> None:
    used = {
        f"{name(path)}: {ast.unparse(node)}"
        for path in suites()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and ast.unparse(node).endswith(BANNED_IN_TESTS)
    }
    assert used == set()


def test_every_test_asserts_something() -> None:
    """An `assert`, or a call that may raise: `pytest.raises`, a comparison with a golden file."""
    empty = {
        f"{name(path)}: {node.name}"
        for path in suites()
        for node in tree(path).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
        if not any(isinstance(inner, ast.Assert | ast.Call) for inner in ast.walk(node))
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


@pytest.mark.parametrize(("words", "command"), [*commands()])
def test_a_command_is_documented_with_all_its_options(words: str, command: click.Command) -> None:
    page = (ROOT / "docs" / "cli.md").read_text()
    assert f"\n## modelgate {words}\n" in page or f"\n### modelgate {words}\n" in page
    options = [
        opt for param in command.params if isinstance(param, click.Option) for opt in param.opts
    ]
    assert [opt for opt in options if opt.startswith("--") and f"`{opt}" not in page] == []


@pytest.mark.parametrize(("words", "command"), [*commands()])
def test_a_command_and_its_options_explain_themselves(words: str, command: click.Command) -> None:
    assert command.help
    options = [param for param in command.params if isinstance(param, click.Option)]
    assert [param.name for param in options if not param.help and param.name != "form"] == []
