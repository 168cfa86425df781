"""`modelgate check`: who gets in."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

import click

from modelgate.cli import output
from modelgate.cli.selecting import Asked, all_option, chosen, selecting_but_stacks
from modelgate.errors import ConfigurationError, ModelgateError
from modelgate.topology.answers import Report
from policies.judgement import judge, rejects

FORMS: Final = ("table", "json", "markdown", "sarif", "junit")


@click.command()
@click.argument("paths", nargs=-1)
@click.option("-s", "--stack", "stacks", multiple=True, help="The stack; several give one table.")
@all_option
@click.option("-o", "--output", "form", type=click.Choice(FORMS), default="table")
@selecting_but_stacks
def check(
    paths: tuple[str, ...], stacks: tuple[str, ...], everything: bool, form: str, **asked: Any
) -> int:
    """Who gets in: the verdict on every door to a model.

    Judges what -f, -s and --live name; further PATHS are read like -f. Exits with 1 where a
    production environment would be rejected.
    """
    asked["files"] = (*asked["files"], *_with_files(paths, asked["files"]))
    if everything or len(stacks) > 1:
        return _several(chosen(asked["project"], stacks, everything), form, asked)
    report, place = _judged(Asked(stack="".join(stacks), **asked))
    show(report, form, place)
    return 1 if rejects(report) else 0


def _judged(asked: Asked) -> tuple[Report, str]:
    """The report, and the file to point at where an object does not know its own."""
    view = asked.view()
    how = asked.judgement(view)
    return judge(view.objects, how.settings, how.accepted), view.place


def _several(stacks: Sequence[str], form: str, asked: Mapping[str, Any]) -> int:
    """One table; a stack that cannot be judged keeps no other from being judged."""
    from modelgate.report import checks

    found: list[checks.Checked] = []
    for stack in stacks:
        try:
            report, _ = _judged(Asked(stack=stack, **asked))
            found.append(checks.Checked(stack, report))
        except ModelgateError as error:
            found.append(checks.Checked(stack, error=error))
    output.answer(checks.rendered(found, form))
    return checks.exit_code(found)


def _with_files(paths: tuple[str, ...], files: tuple[str, ...]) -> tuple[str, ...]:
    """`-f *.yaml` becomes `-f a.yaml b.yaml`; a path without any -f is likely a mistake."""
    if paths and not files:
        raise ConfigurationError(
            f"{paths[0]}: a file is named with -f", f"`modelgate check -f {paths[0]}`"
        )
    return paths


def show(report: Report, form: str = "table", place: str = "Pulumi.yaml") -> None:
    """The report on stdout: in colour at a terminal, else as `form` says."""
    if form == "table" and sys.stdout.isatty():
        from rich.console import Console

        from modelgate.report import terminal

        terminal.check(report, Console())
    else:
        output.answer(_rendered(report, form, place))


def _rendered(report: Report, form: str, place: str) -> str:
    if form == "sarif":
        from importlib.metadata import version

        from modelgate.report import sarif
        from policies.rules import ALL

        summaries = {rule.ID: rule.SUMMARY for rule in ALL}
        return sarif.check(report, summaries, version("modelgate"), place)
    from modelgate.report import as_json, junit, markdown, text

    renderers = {
        "table": text.check,
        "json": as_json.check,
        "markdown": markdown.check,
        "junit": junit.check,
    }
    return renderers[form](report)
