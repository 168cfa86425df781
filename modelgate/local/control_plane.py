"""Starting is all or nothing: an owner that ends before the API is ready leaves nothing behind."""

import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from modelgate.builds import Progress, build_control_plane, silent
from modelgate.builds.cache import only_one, writing
from modelgate.builds.progress import Step
from modelgate.errors import ModelgateError
from modelgate.local.owner import STOP_SECONDS, Kind, Owner
from modelgate.local.state import TEMPORARY, Folder, Status

_KIND = Kind(
    name="the local control plane",
    module="modelgate.local.supervisor",
    way_out="try again; with `modelgate local up --reset` it starts with an empty API, or use a "
    "cluster of yours (KUBECONFIG)",
)
_BUSY = "it starts or stops this control plane"


def up(
    state_dir: Path,
    progress: Progress = silent,
    *,
    reset: bool = False,
    controllers: Sequence[str] = (),
) -> Status:
    """Start a control plane that outlives this process; the running one where there is one.

    It is built if need be. `reset` begins with an empty API; else the objects of last time are
    there again. `controllers` run besides those that it always has. What a crash has left is
    cleared away. Two at once: the second waits, says so, and gets the first one's. Raises
    ModelgateError when it cannot be built or does not become ready; then nothing runs.
    """
    binaries = _binaries(progress)
    folder = Folder(state_dir.absolute())
    with writing(folder.path):
        folder.create()
    with only_one(folder.lock, _BUSY, progress):
        running = folder.status()
        if running and not reset:
            return running
        stop(folder, progress)
        if reset:
            with writing(folder.path):
                folder.clear()
        with Owner(_KIND, folder, [*binaries, *controllers]) as owner:
            status = owner.wait_ready(progress)
            owner.detach()
    return status


def down(state_dir: Path, progress: Progress = silent) -> bool:
    """Stop the control plane of `state_dir`; False when none ran. Its objects are kept.

    Raises ModelgateError where it belongs to another user.
    """
    folder = Folder(state_dir.absolute())
    if not folder.path.is_dir():
        return False
    with only_one(folder.lock, _BUSY, progress):
        return stop(folder, progress)


def status(state_dir: Path) -> Status | None:
    """The control plane that runs in `state_dir` and is ready, or None."""
    return Folder(state_dir.absolute()).status()


@contextmanager
def control_plane(
    progress: Progress = silent, *, controllers: Sequence[str] = ()
) -> Iterator[Status]:
    """A control plane for the length of a `with` block, in a temporary folder.

    It ends with the block, and with this process however that ends: it notices the closed pipe.
    Raises ModelgateError as `up` does.
    """
    binaries = _binaries(progress)
    folder = Folder(Path(tempfile.mkdtemp(prefix="modelgate-")))
    try:
        with writing(folder.path):
            folder.create()
        with Owner(_KIND, folder, [*binaries, *controllers], TEMPORARY) as owner:
            yield owner.wait_ready(progress)
    finally:
        shutil.rmtree(folder.path, ignore_errors=True)


def _binaries(progress: Progress) -> Sequence[Path]:
    if sys.platform != "linux":
        raise ModelgateError(
            f"the local control plane needs Linux, this is {sys.platform}",
            "use a cluster of yours (KUBECONFIG), or a Linux machine or container",
        )
    return build_control_plane(progress)


def stop(folder: Folder, progress: Progress, what: str = _KIND.name) -> bool:
    """End the supervisor of `folder`, which stops its children first. Whether there was one."""
    process = folder.supervisor()
    with writing(folder.path):
        if process:
            step = Step(progress, f"stop {what}")
            step.going()
            process.end(STOP_SECONDS)
            step.done()
        folder.forget()
    return process is not None
