"""`modelgate up` and `destroy`: a stack through the engine, under the policy pack."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from modelgate.cli import output
from modelgate.cli.progress import ProgressLine
from modelgate.cli.selecting import Asked, policy_config_option, project_option
from modelgate.errors import ConfigurationError
from modelgate.topology.answers import Report
from policies.judgement import judge

if TYPE_CHECKING:
    from modelgate.engine.automation import Options
    from modelgate.engine.results import Run

CANCELLED: Final = 130
_WHERE: Final = (
    click.option("--context", default="", help="The kubeconfig context."),
    click.option("--local", "on_local", is_flag=True, help="On the local control plane."),
    policy_config_option,
    project_option,
)


def on_a_cluster(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say where, and under which settings of the pack."""
    for option in reversed(_WHERE):
        command = option(command)
    return command


def of_a_stack(command: Callable[..., Any]) -> Callable[..., Any]:
    """The same, and which stack."""
    stack = click.option("-s", "--stack", required=True, help="The stack.")
    return stack(on_a_cluster(command))


@click.command()
@click.option("--refresh", is_flag=True, help="First see what of it the cluster still has.")
@of_a_stack
def up(refresh: bool, **asked: Any) -> int:
    """Deploy a stack: preview, and where the policy pack accepts it, update."""
    from modelgate.engine import automation
    from modelgate.engine.results import Outcome

    how = options(**asked)
    if refresh:
        seen = automation.refresh(asked["project"], asked["stack"], how)
        if seen.outcome is not Outcome.SUCCEEDED:
            return _told(seen)
    return _told(automation.up(asked["project"], asked["stack"], how))


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
