"""`modelgate preview`, `up` and `destroy`: a stack through the engine, under the policy pack."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from modelgate.cli import output
from modelgate.cli.check import show
from modelgate.cli.progress import ProgressLine
from modelgate.cli.selecting import Asked, project_option
from modelgate.errors import ConfigurationError
from modelgate.topology.answers import Report
from policies.judgement import judge

if TYPE_CHECKING:
    from modelgate.engine.automation import Options
    from modelgate.engine.results import Run

CANCELLED: Final = 130
_OPTIONS: Final = (
    click.option("-s", "--stack", required=True, help="The stack."),
    click.option("--context", default="", help="The kubeconfig context."),
    click.option("--local", "on_local", is_flag=True, help="On the local control plane."),
    click.option(
        "--policy-config",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="Configuration of the policy pack, as for `pulumi --policy-pack-config`.",
    ),
    project_option,
)


def of_a_stack(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say which stack, where, and under which pack settings."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command()
@click.option(
    "-o", "--output", "form", type=click.Choice(["table", "json", "markdown"]), default="table"
)
@of_a_stack
def preview(form: str, **asked: Any) -> int:
    """What an update would change: its doors, its resources, and what the policy pack says.

    Exits with 1 where the pack rejects it or it fails. Nothing is changed.
    """
    from modelgate.engine import automation
    from modelgate.report import as_json, changes, markdown

    report = judged(asked["project"], asked["stack"], asked["policy_config"])
    run = automation.preview(asked["project"], asked["stack"], options(**asked))
    if form == "json":
        document = {"check": as_json.check_document(report), "run": changes.document(run)}
        output.answer(json.dumps(document, indent=2))
    elif form == "markdown":
        output.answer(f"{markdown.check(report)}\n\n{changes.markdown(run)}")
    else:
        show(report)
        output.answer(f"\n{changes.text(run)}")
    return exit_code(run)


@click.command()
@of_a_stack
def up(**asked: Any) -> int:
    """Deploy a stack: preview, and where the policy pack accepts it, update."""
    from modelgate.engine import automation

    return _told(automation.up(asked["project"], asked["stack"], options(**asked)))


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@of_a_stack
def destroy(yes: bool, **asked: Any) -> int:
    """Remove everything that the stack has deployed."""
    from modelgate.engine import automation

    if not yes:
        click.confirm(f"Remove everything of stack {asked['stack']}?", abort=True, err=True)
    return _told(automation.destroy(asked["project"], asked["stack"], options(**asked)))


def judged(project: Path, stack: str, policy_config: Path | None) -> Report:
    """The report on what the stack declares, without engine and cluster."""
    asked = Asked(project, stack, policy_config=policy_config)
    view = asked.view()
    how = asked.judgement(view)
    return judge(view.objects, how.settings, how.accepted)


def options(
    project: Path, stack: str, context: str, on_local: bool, policy_config: Path | None
) -> "Options":
    """How the engine runs. Raises ModelgateError where the local control plane does not start."""
    from modelgate.engine.automation import Options

    progress = ProgressLine()
    kubeconfig = None
    if on_local:
        if context:
            raise ConfigurationError("--local and --context name two clusters", "give one")
        from modelgate.cli import platform

        kubeconfig = platform.prepare(project, stack, progress)
    return Options(
        kubeconfig=kubeconfig,
        context=context,
        policy_config=policy_config,
        say=output.note,
        progress=progress,
    )


def exit_code(run: "Run") -> int:
    """0 where it did all it should, 130 where Ctrl-C ended it, else 1."""
    from modelgate.engine.results import Outcome

    return {Outcome.SUCCEEDED: 0, Outcome.CANCELLED: CANCELLED}.get(run.outcome, 1)


def _told(run: "Run") -> int:
    from modelgate.report import changes

    output.answer(changes.text(run))
    return exit_code(run)
