"""The options that say what is judged and how, the same for every command that judges."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click

from modelgate import inputs
from modelgate.cli import output
from modelgate.environments import THIS_REPOSITORY, is_production
from modelgate.errors import ConfigurationError
from modelgate.inputs import Selection, View
from modelgate.spelling import did_you_mean
from modelgate.topology.settings import VERSIONED, Settings

PRODUCTION: Final = "production"
NON_PRODUCTION: Final = "non-production"

project_option = click.option(
    "--project",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=".",
    help="The folder with Pulumi.yaml; by default the current one.",
)
_OPTIONS: Final = (
    click.option("-s", "--stack", default="", help="Judge what this stack declares."),
    click.option(
        "-f", "--file", "files", multiple=True, help="Judge a file, a folder, or - for stdin."
    ),
    click.option("--live", is_flag=True, help="Judge a cluster, or read it beside -s or -f."),
    click.option("--context", help="The kubeconfig context for --live."),
    click.option(
        "--with", "beside", multiple=True, help="Read a stack, a path or --live beside the rest."
    ),
    click.option(
        "--assume",
        multiple=True,
        callback=lambda _context, _option, texts: assumed(texts),
        metavar="NAME=VERSION,...",
        help="Versions that nothing in view says, such as kuadrant=1.5.2.",
    ),
    click.option(
        "--environment",
        type=click.Choice([PRODUCTION, NON_PRODUCTION]),
        help="By default a stack's name decides, and all else is production.",
    ),
    project_option,
)


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of `selecting`, as the command line gave them."""

    stack: str
    files: Sequence[str]
    live: bool
    context: str | None
    beside: Sequence[str]
    assume: Mapping[str, str]
    environment: str | None
    project: Path

    def view(self) -> View:
        """All that is in view; notes go to stderr."""
        view = inputs.gather(
            Selection(
                project=self.project,
                paths=self.files,
                stack=self.stack,
                live=self.live,
                context=self.context,
                beside=self.beside,
            )
        )
        for text in view.notes:
            output.note(text)
        return view

    def settings(self, view: View) -> Settings:
        """How to judge; `--assume` wins over what a configuration or a cluster states."""
        return Settings(
            environment=self.environment or self._environment(),
            assume={**view.versions, **self.assume},
            today=datetime.now(UTC).date(),
            installed=bool(self.stack),
        )

    def _environment(self) -> str:
        if self.stack and not is_production(self.stack, THIS_REPOSITORY):
            return NON_PRODUCTION
        return PRODUCTION


def selecting(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of `Asked`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def assumed(texts: Sequence[str]) -> Mapping[str, str]:
    """`kuadrant=1.5.2,istio=1.28.5` as a mapping. Raises ConfigurationError for unknown names."""
    versions: dict[str, str] = {}
    for pair in (pair.strip() for text in texts for pair in text.split(",")):
        name, sign, version = (part.strip() for part in pair.partition("="))
        if not (name and sign and version):
            raise ConfigurationError(
                f"--assume {pair!r} is not NAME=VERSION", "for example --assume kuadrant=1.5.2"
            )
        if name not in VERSIONED:
            raise ConfigurationError(
                f"--assume {name}: no verdict depends on it{did_you_mean(name, VERSIONED)}",
                f"known are {', '.join(VERSIONED)}",
            )
        versions[name] = version
    return versions
