"""The options that say what is judged and how, the same for every command that judges."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from modelgate import inputs
from modelgate.cli import output
from modelgate.errors import ConfigurationError
from modelgate.inputs import LIVE, Selection, View
from modelgate.spelling import did_you_mean
from modelgate.topology.settings import VERSIONED, Settings

if TYPE_CHECKING:
    from policies.judgement import Suppression

PRODUCTION: Final = "production"
NON_PRODUCTION: Final = "non-production"
POLICY: Final = "unauthenticated-inference"

project_option = click.option(
    "--project",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=".",
    help="The folder with Pulumi.yaml; by default the current one.",
)
policy_config_option = click.option(
    "--policy-config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What `pulumi --policy-pack-config` gets: exemptions, suppressions, versions.",
)
all_option = click.option(
    "--all", "everything", is_flag=True, help="Every stack that has a Pulumi.STACK.yaml."
)
_STACK: Final = click.option("-s", "--stack", default="", help="Judge what this stack declares.")
_OPTIONS: Final = (
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
    policy_config_option,
    project_option,
)


@dataclass(frozen=True, slots=True)
class Judgement:
    """How to judge, and which findings are accepted for a time."""

    settings: Settings
    accepted: "Sequence[Suppression]" = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of `selecting`, as the command line gave them."""

    project: Path
    stack: str = ""
    files: Sequence[str] = ()
    live: bool = False
    context: str | None = None
    beside: Sequence[str] = ()
    assume: Mapping[str, str] = field(default_factory=dict)
    environment: str | None = None
    policy_config: Path | None = None

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

    def judgement(self, view: View) -> Judgement:
        """How to judge; `--assume` wins over what a configuration or a cluster states."""
        stated = {**view.versions, **self.assume}
        today, live = datetime.now(UTC).date(), self.live or any(one in LIVE for one in self.beside)
        if not self.stack and not self.policy_config:
            environment = self.environment or PRODUCTION
            return Judgement(Settings(environment, stated, today=today, everything=live))
        from policies import settings as pack

        configured = pack.read(_policy_config(self.policy_config))
        judged = configured.judged(self.stack, stated, today)
        by_name = judged.environment if self.stack else PRODUCTION
        settings = replace(
            judged,
            environment=self.environment or by_name,
            installed=bool(self.stack) and not live,
            everything=live,
        )
        return Judgement(settings, configured.accepted)


def selecting(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of `Asked`."""
    return _STACK(selecting_but_stacks(command))


def selecting_but_stacks(command: Callable[..., Any]) -> Callable[..., Any]:
    """The same, for a command that has a choice of stacks of its own."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def chosen(project: Path, stacks: Sequence[str], everything: bool) -> list[str]:
    """The stacks that -s names, each once, or all of them. Raises ConfigurationError for none."""
    from modelgate.engine.project import read_project

    if stacks and everything:
        raise ConfigurationError("-s and --all name two choices of stacks", "give one of them")
    if everything:
        found = read_project(project).stacks()
        if not found:
            raise ConfigurationError(f"there is no Pulumi.STACK.yaml in {project}")
        return found
    if not stacks:
        raise ConfigurationError("which stack?", "give -s STACK, several of them, or --all")
    return list(dict.fromkeys(stacks))


def _policy_config(file: Path | None) -> Mapping[str, Any]:
    """The pack's own part of a `--policy-pack-config` file; there its level is set beside it."""
    if file is None:
        return {}
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{file}: not readable as JSON: {error}") from None
    part = document.get(POLICY, {}) if isinstance(document, dict) else None
    if isinstance(part, str):
        return {}
    if not isinstance(part, dict):
        raise ConfigurationError(
            f"{file}: no configuration of a policy pack", f'write {{"{POLICY}": {{...}}}}'
        )
    return {key: value for key, value in part.items() if key != "enforcementLevel"}


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
