"""`modelgate lab`: the released controllers on this machine, without a node."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from modelgate.cli import output
from modelgate.cli.progress import ProgressLine
from modelgate.cli.selecting import project_option

if TYPE_CHECKING:
    from modelgate.local.lab import Lab

STATE: Final = Path(".modelgate", "lab")


@click.group()
def lab() -> None:
    """The local control plane with the released controllers of Kuadrant, Authorino and KServe."""


@lab.command()
@project_option
def up(project: Path) -> int:
    """Start it with an empty API and leave it running; build it first where it is not cached."""
    from modelgate.local import lab as controllers

    _where(controllers.up(project / STATE, ProgressLine()))
    return 0


@lab.command()
@project_option
def down(project: Path) -> int:
    """Stop it and remove what it stored; what was built is kept."""
    from modelgate.local import lab as controllers

    stopped = controllers.down(project / STATE, ProgressLine())
    output.answer("lab stopped" if stopped else "no lab was running")
    return 0


@lab.command()
@project_option
def status(project: Path) -> int:
    """Whether it runs, and where. Exits with 1 where it does not."""
    from modelgate.local import lab as controllers

    running = controllers.status(project / STATE)
    if running is None:
        output.answer("no lab is running")
        return 1
    _where(running)
    for name, megabytes in running.memory_mb.items():
        output.answer(f"{name}  {megabytes} MB")
    return 0


def _where(running: "Lab") -> None:
    port = running.authorino.rpartition(":")[2]
    output.answer(f"lab at {running.api.url}")
    output.answer(f"Authorino answers ext_authz on port {port}, of every interface of this machine")
    output.answer(f"export KUBECONFIG={shlex.quote(str(running.kubeconfig.resolve()))}")
