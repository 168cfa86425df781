"""The commands, each in a module that is imported only when it is called."""

from importlib import import_module
from importlib.metadata import version
from typing import Final

import click
from typing_extensions import override

COMMANDS: Final = {
    "check": "modelgate.cli.check:check",
    "trace": "modelgate.cli.trace:trace",
    "doctor": "modelgate.cli.doctor:doctor",
    "logs": "modelgate.cli.logs:logs",
    "commands": "modelgate.cli.commands:commands",
    "graph": "modelgate.cli.graph:graph",
    "preview": "modelgate.cli.preview:preview",
    "comment": "modelgate.cli.comment:comment",
    "up": "modelgate.cli.stack:up",
    "destroy": "modelgate.cli.stack:destroy",
    "local": "modelgate.cli.local:local",
    "lab": "modelgate.cli.lab:lab",
    "rules": "modelgate.cli.listings:rules",
    "generated": "modelgate.cli.generated:generated",
    "quickstart": "modelgate.cli.quickstart:quickstart",
    "reject": "modelgate.cli.quickstart:reject",
    "pictures": "modelgate.cli.pictures:pictures",
}
"""In the order of `modelgate --help`; the hidden ones serve the Makefile."""


class Commands(click.Group):
    """A group that knows its commands by name only: `check -f` must not wait for Pulumi."""

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        place = COMMANDS.get(cmd_name)
        if place is None:
            return None
        module, _, name = place.partition(":")
        command = getattr(import_module(module), name)
        assert isinstance(command, click.Command)
        return command


def _print_version(ctx: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if wanted:
        click.echo(f"modelgate {version('modelgate')}")
        ctx.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Print the version.",
)
def app() -> None:
    """Prove before deployment that no request without credentials reaches a model."""
