"""Workflows as data, and their shell as a runner would run it."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / ".github" / "workflows"
GITLAB = ROOT / "docs" / "ci" / "gitlab-ci.yml"
WRAPPER = """\
#!/usr/bin/env bash
# Where a cluster is asked for, the manifests that stand for it.
arguments=()
for one in "$@"; do
  if [[ $one == --live ]]; then arguments+=(-f "$LIVE"); else arguments+=("$one"); fi
done
exec "{python}" -m modelgate "${{arguments[@]}}"
"""


@dataclass(frozen=True)
class Ran:
    """How a step ended, and what it said."""

    code: int
    said: str


def workflows() -> dict[str, dict[Any, Any]]:
    """By name; `on` is read as the YAML 1.1 truth that it is."""
    return {path.stem: yaml.safe_load(path.read_text()) for path in sorted(FOLDER.glob("*.yml"))}


def jobs() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, workflow in workflows().items():
        for job, body in workflow["jobs"].items():
            yield f"{name}: {job}", body


def steps() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, job in jobs():
        for step in job["steps"]:
            yield f"{name}: {step.get('name') or step.get('uses')}", step


def shell_of(workflow: str, job: str, step: str) -> str:
    """The shell of the step of that name."""
    (found,) = [
        one for one in workflows()[workflow]["jobs"][job]["steps"] if one.get("name") == step
    ]
    return str(found["run"])


def gitlab_shell(job: str) -> str:
    """The whole script of a job of the template."""
    return "\n".join(yaml.safe_load(GITLAB.read_text())[job]["script"])


def run(script: str, folder: Path, environment: Mapping[str, str]) -> Ran:
    """As GitHub runs `shell: bash`: it ends at the first error, in a pipe too."""
    done = subprocess.run(
        ["/usr/bin/env", "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=folder,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Ran(done.returncode, done.stdout)


def prepare(project: Path) -> None:
    """What a checkout and the step `Install` bring: the scripts, and the command."""
    (project / ".ci").mkdir()
    for script in ("changed-stacks", "same-doors"):
        copy = project / ".ci" / script
        copy.write_bytes((ROOT / ".ci" / script).read_bytes())
        copy.chmod(0o755)
    command = project / ".venv" / "bin" / "modelgate"
    command.parent.mkdir(parents=True)
    command.write_text(WRAPPER.format(python=sys.executable))
    command.chmod(0o755)
    (project / ".gitignore").write_text(".venv\n.modelgate\npreview.md\n")
    (project / "policies").symlink_to(ROOT / "policies")
