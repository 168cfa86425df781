"""A built tool is there whole or not at all, whoever is interrupted and whatever fails."""

import os
from pathlib import Path

from modelgate.builds.cache import cache_folder, only_one, writing
from modelgate.builds.go import find_go, run
from modelgate.builds.progress import Progress, Step
from modelgate.builds.tools import Tool, go_needed, load_tool
from modelgate.errors import ModelgateError

_ENOUGH_TO_JUDGE = 0.05


def build_pulumi(progress: Progress) -> Path:
    """The Pulumi command line, built if it is not in the cache. Raises ModelgateError."""
    return build(load_tool("pulumi"), progress)


def build_control_plane(progress: Progress) -> tuple[Path, Path, Path]:
    """etcd, kube-apiserver and kube-controller-manager, built where the cache lacks them.

    Raises ModelgateError.
    """
    etcd, apiserver, manager = (
        build(load_tool(name), progress)
        for name in ("etcd", "kube-apiserver", "kube-controller-manager")
    )
    return etcd, apiserver, manager


def build(tool: Tool, progress: Progress) -> Path:
    """The binary of `tool`, named as the tool in a folder of its own, so the folder suits PATH.

    It is built at most once for the same inputs: two processes at once share one build, the
    later one waits and says so. Raises ModelgateError without Go, network, or disk space.
    """
    binary = place_of(tool)
    if not binary.is_file():
        with only_one(binary.with_suffix(".lock"), f"it builds {tool.name}", progress):
            if not binary.is_file():
                _make(tool, binary, progress)
    return binary


def place_of(tool: Tool) -> Path:
    """Where the binary of `tool` is, once it is built."""
    return cache_folder() / "tools" / f"{tool.name}-{tool.key}" / tool.name


def _make(tool: Tool, binary: Path, progress: Progress) -> None:
    go = find_go(go_needed(tool.module), progress)
    partial = binary.with_suffix(".partial")
    partial.unlink(missing_ok=True)  # a crash left it; Go refuses to overwrite what it did not make
    step = Step(progress, f"build {tool.name} {tool.version}")
    command = [str(go), "build", "-v", *tool.flags, "-o", str(partial), tool.package]
    try:
        run(command, tool.module, step, lambda lines, elapsed: time_left(tool, lines, elapsed))
        with writing(binary.parent):
            _publish(partial, binary)
    except ModelgateError as error:
        raise ModelgateError(f"cannot build {tool.name}: {error.message}", error.hint) from error
    finally:
        partial.unlink(missing_ok=True)


def _publish(partial: Path, binary: Path) -> None:
    """Give the finished file its name, only once its bytes are on the disk."""
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    partial.replace(binary)


def time_left(tool: Tool, compiled: int, elapsed_s: float) -> float | None:
    """Seconds that a build still takes, an estimate; None where nothing is known.

    The larger of two: the stored duration of what is not compiled yet, because the first
    packages are the small ones; and the pace so far, because this machine may be slower.
    """
    if not tool.packages:
        return None
    share = min(compiled / tool.packages, 1)
    stored = tool.seconds * (1 - share)
    return stored if share < _ENOUGH_TO_JUDGE else max(stored, elapsed_s / share - elapsed_s)
