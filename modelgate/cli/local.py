"""`modelgate local`: the control plane of this machine."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from modelgate.cli import output
from modelgate.cli.progress import ProgressLine
from modelgate.cli.selecting import project_option

if TYPE_CHECKING:
    from modelgate.local import Status

STATE: Final = Path(".modelgate", "local")


@click.group()
def local() -> None:
    """The local control plane: an API server with store and controllers, without nodes."""


@local.command()
@click.option("--reset", is_flag=True, help="Begin with an empty API.")
@project_option
def up(reset: bool, project: Path) -> int:
    """Start it and leave it running; build it first where it is not cached."""
    from modelgate import local as control_plane

    status = control_plane.up(project / STATE, ProgressLine(), reset=reset)
    _where(status)
    return 0


@local.command()
@project_option
def down(project: Path) -> int:
    """Stop it; its objects and what was built are kept."""
    from modelgate import local as control_plane

    stopped = control_plane.down(project / STATE, ProgressLine())
    output.answer("local control plane stopped" if stopped else "none was running")
    return 0


@local.command()
@project_option
def status(project: Path) -> int:
    """Whether it runs, and where. Exits with 1 where it does not."""
    from modelgate import local as control_plane

    running = control_plane.status(project / STATE)
    if running is None:
        output.answer("no local control plane is running")
        return 1
    _where(running)
    for name, megabytes in running.memory_mb.items():
        output.answer(f"{name}  pid {running.pids[name]}  {megabytes} MB")
    return 0


def _where(status: "Status") -> None:
    output.answer(f"local control plane at {status.url}")
    output.answer(f"export KUBECONFIG={shlex.quote(str(status.kubeconfig.resolve()))}")
