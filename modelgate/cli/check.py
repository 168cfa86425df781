"""`modelgate check`: who gets in."""

import sys
from typing import Any, Final

import click

from modelgate.cli import output
from modelgate.cli.selecting import Asked, selecting
from modelgate.errors import ConfigurationError
from modelgate.topology.answers import Report
from policies.judgement import judge, rejects

FORMS: Final = ("table", "json", "markdown", "sarif", "junit")


@click.command()
@click.argument("paths", nargs=-1)
@click.option("-o", "--output", "form", type=click.Choice(FORMS), default="table")
@selecting
def check(paths: tuple[str, ...], form: str, **asked: Any) -> int:
    """Who gets in: the verdict on every door to a model.

    Judges what -f, -s and --live name; further PATHS are read like -f. Exits with 1 where a
    production environment would be rejected.
    """
    asked["files"] = (*asked["files"], *_with_files(paths, asked["files"]))
    request = Asked(**asked)
    view = request.view()
    how = request.judgement(view)
    report = judge(view.objects, how.settings, how.accepted)
    show(report, form, view.place)
    return 1 if rejects(report) else 0


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
