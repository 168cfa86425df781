"""The plugins of a run: the official ones wherever they can be had."""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from modelgate.engine.cli_binary import Cli
from modelgate.engine.downloads import reachable
from modelgate.engine.kubernetes_provider import serve, version
from modelgate.engine.workspace import Workspace, users_home
from modelgate.errors import ModelgateError

INSTALL_SECONDS = 180
ANALYZER = "pulumi-analyzer-policy-python"
PYTHON = "MODELGATE_PYTHON"
# The engine calls it with its address, the pack's folder and every runtime option as -key=value.
SHIM = f"""\
#!/bin/sh
for word in "$@"; do shift; case "$word" in -*) ;; *) set -- "$@" "$word" ;; esac; done
exec "${{{PYTHON}:?}}" -u -m pulumi.policy "$@"
"""


def policy_variables(cli: Cli, workspace: Workspace) -> dict[str, str]:
    """What lets the engine start the policy pack; nothing where Pulumi is installed in full."""
    if cli.full:
        return {}
    if workspace.home == users_home():
        raise ModelgateError(
            "the policy pack cannot be run: this Pulumi has no Python language plugin",
            "install Pulumi in full, or unset PULUMI_BACKEND_URL to keep the state here",
            exit_code=3,
        )
    folder = workspace.home / "plugins" / "analyzer-policy-python-v0.0.1"
    folder.mkdir(parents=True, exist_ok=True)
    shim = folder / ANALYZER
    shim.write_text(SHIM, encoding="utf-8")
    shim.chmod(0o755)
    return {PYTHON: sys.executable}


@contextlib.contextmanager
def kubernetes_plugin(
    cli: Cli, workspace: Workspace, kubeconfig: str, say: Callable[[str], None]
) -> Iterator[dict[str, str]]:
    """The variables with which the engine finds a Kubernetes plugin for the length of the block."""
    if find_official(workspace.home) or install_official(cli, workspace.home):
        yield {}
        return
    say(
        f"kubernetes: the official plugin {version()} cannot be had here; "
        "modelgate's own stand-in is used, which supports plain objects only"
    )
    with serve(workspace.owner, kubeconfig) as port:
        yield {
            "PULUMI_DEBUG_PROVIDERS": f"kubernetes:{port}",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        }


def find_official(home: Path) -> bool:
    """Is the plugin of the SDK's version in `home`? One of the user's own is linked there."""
    name = f"resource-kubernetes-v{version()}"
    own = home / "plugins" / name
    if _complete(own) or shutil.which("pulumi-resource-kubernetes"):
        return True
    users = users_home() / "plugins" / name
    if not _complete(users):
        return False
    own.parent.mkdir(parents=True, exist_ok=True)
    own.unlink(missing_ok=True)
    own.symlink_to(users, target_is_directory=True)
    return True


def install_official(cli: Cli, home: Path) -> bool:
    """Let Pulumi download it; at once False where there is no network."""
    if not reachable():
        return False
    command = [str(cli.path), "plugin", "install", "resource", "kubernetes", version()]
    env = {**os.environ, "PULUMI_HOME": str(home), "PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        subprocess.run(command, env=env, capture_output=True, check=True, timeout=INSTALL_SECONDS)
    except (OSError, subprocess.SubprocessError):
        return False
    return find_official(home)


def _complete(folder: Path) -> bool:
    """Pulumi marks a plugin that it is still unpacking with a `.partial` file."""
    partial = folder.with_name(folder.name + ".partial")
    return (folder / "pulumi-resource-kubernetes").exists() and not partial.exists()
