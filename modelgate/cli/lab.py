"""`modelgate lab`: the released controllers on this machine, without a node."""

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from modelgate.cli import output
from modelgate.cli.lab_request import request
from modelgate.cli.progress import ProgressLine
from modelgate.cli.selecting import project_option

if TYPE_CHECKING:
    from modelgate.local.lab import Lab

STATE: Final = Path(".modelgate", "lab")


@click.group()
def lab() -> None:
    """The local control plane with the released controllers of Kuadrant, Authorino and KServe."""


lab.add_command(request)


@lab.command()
@click.option("-s", "--stack", default="", help="Have there what this stack does not declare.")
@project_option
def up(stack: str, project: Path) -> int:
    """Start it with an empty API and leave it running; build it first where it is not cached.

    With a stack it has the namespaces and the gateway's certificate that the stack refers to, and
    an API key of its own. One that runs already is only given what is missing.
    """
    from modelgate.local import lab as controllers

    if not stack:
        _where(controllers.up(project / STATE, ProgressLine()))
        _without_envoy()
        return 0
    from modelgate.cli.lab_stack import LabStack

    wanted = LabStack.read(project, stack)
    running = controllers.up(project / STATE, ProgressLine(), model_tls=wanted.model_tls)
    wanted.furnish(running.kubeconfig)
    for note in wanted.notes():
        output.note(note)
    _where(running)
    _without_envoy()
    for command in wanted.next_commands():
        output.answer(command)
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
    for line in _listeners(running):
        output.answer(line)
    for name, megabytes in running.memory_mb.items():
        output.answer(f"{name}  {megabytes} MB")
    return 0


def _listeners(running: "Lab") -> Iterator[str]:
    """Where each port of a gateway is served, or why it is not."""
    from modelgate.local.lab.gateway import INSTALL, State

    state = State.read(running.gateway)
    if state is None:
        yield f"no Envoy serves gateways: {INSTALL}"
        return
    for each in state.addresses:
        names = ", ".join(each.listeners)
        hosts = ", ".join(each.hosts) or "no routes"
        yield f"{each.gateway} {names}  {each.url if each.port else 'not served'}  {hosts}"
        yield from (f"  not served: {problem}" for problem in each.problems)
    if state.refused:
        yield state.refused


def _without_envoy() -> None:
    from modelgate.local.lab.gateway import INSTALL, binary

    if binary() is None:
        output.note(f"no Envoy serves gateways: {INSTALL}")


def _where(running: "Lab") -> None:
    output.answer(f"lab at {running.api.url}")
    output.answer(f"Authorino answers ext_authz at {running.authorino}")
    for name, ports in running.open_ports.items():
        told = ", ".join(map(str, ports))
        output.answer(f"{name} listens on every interface of this machine: port {told}")
    output.answer(f"export KUBECONFIG={shlex.quote(str(running.kubeconfig.resolve()))}")
