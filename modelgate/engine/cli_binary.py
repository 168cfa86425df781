"""Which `pulumi` is run, and why: the user's own before any other."""

import importlib.metadata
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pulumi.automation import InvalidVersionError, PulumiCommand
from semver import VersionInfo

from modelgate.builds import Progress, build_pulumi
from modelgate.engine.downloads import reachable
from modelgate.errors import ModelgateError
from modelgate.version_ranges import in_ranges

INLINE_SINCE = ">=3.229.0"  # inline programs with policy packs from a folder, on every command
LANGUAGE_PLUGIN = "pulumi-language-python"
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Cli:
    """A Pulumi command line. `full`: with the Python language plugin, as Pulumi distributes it."""

    path: Path
    version: VersionInfo
    why: str

    @property
    def full(self) -> bool:
        beside = self.path.resolve().parent / LANGUAGE_PLUGIN
        return beside.is_file() or shutil.which(LANGUAGE_PLUGIN) is not None

    def __str__(self) -> str:
        return f"pulumi {self.version} {self.why} ({self.path})"


def find_cli(
    required: str,
    progress: Progress,
    say: Say,
    *,
    install: Callable[[], Path | None] | None = None,
    build: Callable[[Progress], Path] = build_pulumi,
) -> Cli:
    """The command line to use, for Pulumi.yaml's `requiredPulumiVersion` (may be empty).

    In this order: from PATH, from the SDK's installer where the network allows, built from its
    published module. Says which one and why. Raises ModelgateError.
    """
    found = shutil.which("pulumi")
    if found:
        version = version_of(Path(found))
        if version and satisfies(version, required):
            return _chosen(Path(found), "from PATH", say)
        wanted = " and ".join(part for part in (INLINE_SINCE, required) if part)
        say(f"pulumi {version or 'of unknown version'} on PATH is passed over: {wanted} is needed")
    installed = (install or install_with_sdk)()
    if installed:
        return _chosen(installed, "installed by the Pulumi SDK", say)
    return _chosen(build(progress), "built from its published Go module", say)


def version_of(path: Path) -> VersionInfo | None:
    """What `pulumi version` says; None where it says nothing that is a version."""
    env = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        answer = subprocess.run(
            [str(path), "version"], env=env, capture_output=True, text=True, check=True, timeout=30
        )
        return VersionInfo.parse(answer.stdout.strip().removeprefix("v"))
    except (OSError, subprocess.SubprocessError, ValueError):
        return None


def satisfies(version: VersionInfo, required: str) -> bool:
    """Does it run inline programs, and is it in the range that Pulumi.yaml asks for?

    A range that cannot be read here is left to the command line itself.
    """
    text = str(version)
    try:
        wanted = not required or in_ranges(text, required.split("||"))
    except ValueError:
        wanted = True
    return wanted and in_ranges(text, [INLINE_SINCE])


def install_with_sdk() -> Path | None:
    """The command line of the SDK's own version, downloaded once into ~/.pulumi/versions."""
    folder = Path.home() / ".pulumi" / "versions" / importlib.metadata.version("pulumi")
    if not (folder / "bin" / "pulumi").is_file() and not reachable():
        return None
    try:
        return Path(PulumiCommand.install().command)
    except (OSError, subprocess.SubprocessError, ValueError, InvalidVersionError):
        return None


def _chosen(path: Path, why: str, say: Say) -> Cli:
    version = version_of(path)
    if version is None:
        raise ModelgateError(
            f"{path} does not answer `pulumi version`", "remove it, or put Pulumi on PATH"
        )
    cli = Cli(path, version, why)
    say(f"engine: {cli}")
    return cli
