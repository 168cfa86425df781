"""`modelgate preview`: what a change opens, closes and alters, in one stack or in all of them."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import click

from modelgate.cli import output
from modelgate.cli.selecting import all_option, chosen
from modelgate.cli.stack import on_a_cluster, options
from modelgate.errors import ConfigurationError
from modelgate.report.previews import Preview

FORMS: Final = ("table", "json", "markdown")


@click.command()
@click.option("-s", "--stack", "stacks", multiple=True, help="The stack; several give one table.")
@all_option
@click.option(
    "--base",
    metavar="REF",
    help="Compare with a version out of git instead of what is deployed, without the engine.",
)
@click.option("-o", "--output", "form", type=click.Choice(FORMS), default="table")
@on_a_cluster
def preview(
    stacks: tuple[str, ...], everything: bool, base: str | None, form: str, **where: Any
) -> int:
    """What a change opens, closes and alters, and what the policy pack says to it.

    Compares what is deployed with what the program declares, or two versions of the program.
    Nothing is changed. Exits with 1 where a stack is rejected or its preview fails.
    """
    from modelgate.report.previews.outcome import exit_code

    began = time.monotonic()
    previews = _previews(chosen(where["project"], stacks, everything), base, where)
    seconds = time.monotonic() - began
    output.answer(_rendered(previews, form, where["project"], seconds))
    return exit_code(previews)


def _previews(stacks: Sequence[str], base: str | None, where: Mapping[str, Any]) -> list[Preview]:
    from modelgate.cli.comparing import Judging, between_versions, with_engine

    judging = Judging(where["project"], where["policy_config"])
    if base is None:
        return with_engine(judging, stacks, lambda stack: options(stack=stack, **where))
    if where["context"] or where["on_local"]:
        raise ConfigurationError("--base asks no cluster", "leave out --context and --local")
    return between_versions(judging, stacks, base)


def _rendered(previews: Sequence[Preview], form: str, project: Path, seconds: float) -> str:
    if form == "markdown":
        from importlib.metadata import version

        from modelgate.engine.project import read_project
        from modelgate.report.previews import as_comment

        name = read_project(project).name
        last = f"modelgate {version('modelgate')}, {seconds:.0f} s"
        return as_comment.text(previews, name, last)
    from modelgate.report.previews import as_json, as_text

    return as_json.text(previews) if form == "json" else as_text.text(previews)
