"""Two versions of a program out of git, evaluated side by side: nothing of git is written.

Each runs in a process of its own, with this interpreter: two versions of one module cannot live
in one process.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from modelgate.engine.objects import plain
from modelgate.errors import ConfigurationError, ModelgateError
from modelgate.inputs import View
from modelgate.topology.objects import Object

WORKER: Final = Path(__file__).with_name("worker.py")
Evaluated = Mapping[str, "View | ModelgateError"]


@dataclass(frozen=True, slots=True)
class Revision:
    """A version of the project on disk; `name` is what people call it."""

    root: Path
    name: str


@contextmanager
def checked_out(project: Path, ref: str) -> Iterator[Revision]:
    """The project where `ref` and the current commit parted, in a folder that goes with the block.

    Raises ConfigurationError: no git, no repository, no such version.
    """
    top = Path(_git(project, "rev-parse", "--show-toplevel"))
    inside = _git(project, "rev-parse", "--show-prefix")
    wanted = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    commit = _git(project, *wanted, missing=ref)
    commit = _git(project, "merge-base", commit, "HEAD", missing="") or commit
    with tempfile.TemporaryDirectory(prefix="modelgate-") as name:
        folder = Path(name).resolve()
        index = {"GIT_INDEX_FILE": str(folder / "index")}
        _git(top, "read-tree", commit, env=index)
        _git(top, "checkout-index", "--all", f"--prefix={folder / 'tree'}/", env=index)
        yield Revision(folder / "tree" / inside, f"{ref} ({commit[:7]})")


def evaluate(wanted: Sequence[tuple[Path, Sequence[str]]]) -> list[Evaluated]:
    """What each stack of each folder declares, the folders at once; errors take their place."""
    with tempfile.TemporaryDirectory(prefix="modelgate-") as name:
        answers = [Path(name) / str(index) for index in range(len(wanted))]
        running = [
            _started(root, answer, stacks) if stacks else None
            for (root, stacks), answer in zip(wanted, answers, strict=True)
        ]
        said = [process.communicate()[1] if process else "" for process in running]
        return [
            _read(answer, text, stacks)
            for (_, stacks), answer, text in zip(wanted, answers, said, strict=True)
        ]


def _started(root: Path, answer: Path, stacks: Sequence[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-P", str(WORKER), str(root), str(answer), *stacks],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
    )


def _read(answer: Path, said: str, stacks: Sequence[str]) -> Evaluated:
    if not answer.is_file():
        why = (said.strip().splitlines() or ["no reason was given"])[-1]
        failed = ModelgateError(f"this version of the program could not be evaluated: {why}")
        return dict.fromkeys(stacks, failed)
    found = json.loads(answer.read_text(encoding="utf-8"))
    return {stack: _view(stack, found[stack]) for stack in stacks}


def _view(stack: str, found: Mapping[str, Any]) -> "View | ModelgateError":
    if "error" in found:
        return ModelgateError(found["error"], found["hint"], found["exit_code"])
    objects = (
        Object(api_version, kind, namespace, name, plain(body), source)
        for api_version, kind, namespace, name, source, body in found["objects"]
    )
    return View(tuple(objects), f"Pulumi.{stack}.yaml", found["versions"], tuple(found["notes"]))


def _git(
    folder: Path, *arguments: str, missing: str | None = None, env: Mapping[str, str] | None = None
) -> str:
    """The answer of git. Where it has none: empty if `missing` is, else an error that says so."""
    git = shutil.which("git")
    if git is None:
        raise ConfigurationError("--base needs git, which is not on PATH", "install git")
    done = subprocess.run(
        [git, *arguments],
        cwd=folder,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        return done.stdout.strip()
    if missing:
        raise ConfigurationError(
            f"--base {missing}: git knows no such version",
            f"fetch it: `git fetch origin {missing.removeprefix('origin/')}`",
        )
    if missing is None:
        raise ConfigurationError(f"git {arguments[0]} failed: {done.stderr.strip()}")
    return ""
