"""Starting is all or nothing: an owner that ends before the API is ready leaves nothing behind."""

import os
import select
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from modelgate.builds import Progress, build_control_plane, silent
from modelgate.builds.cache import only_one, writing
from modelgate.builds.progress import Step
from modelgate.errors import ModelgateError
from modelgate.local.state import TEMPORARY, Folder, Status

_PACKAGES = Path(__file__).resolve().parents[2]
_TYPICAL_START_SECONDS = 6
_STOP_SECONDS = 40
_BUSY = "it starts or stops this control plane"


def up(state_dir: Path, progress: Progress = silent, *, reset: bool = False) -> Status:
    """Start a control plane that outlives this process; the running one where there is one.

    It is built if need be. `reset` begins with an empty API; else the objects of last time are
    there again. What a crash has left is cleared away. Two at once: the second waits, says so,
    and gets the first one's. Raises ModelgateError when it cannot be built or does not become
    ready; then nothing runs.
    """
    binaries = _binaries(progress)
    folder = Folder(state_dir.absolute())
    with writing(folder.path):
        folder.create()
    with only_one(folder.lock, _BUSY, progress):
        running = folder.status()
        if running and not reset:
            return running
        _stop(folder, progress)
        if reset:
            with writing(folder.path):
                folder.clear()
        with _Owner(folder, binaries) as owner:
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
        return _stop(folder, progress)


def status(state_dir: Path) -> Status | None:
    """The control plane that runs in `state_dir` and is ready, or None."""
    return Folder(state_dir.absolute()).status()


@contextmanager
def control_plane(progress: Progress = silent) -> Iterator[Status]:
    """A control plane for the length of a `with` block, in a temporary folder.

    It ends with the block, and with this process however that ends: it notices the closed pipe.
    Raises ModelgateError as `up` does.
    """
    binaries = _binaries(progress)
    folder = Folder(Path(tempfile.mkdtemp(prefix="modelgate-")))
    try:
        with writing(folder.path):
            folder.create()
        with _Owner(folder, binaries, TEMPORARY) as owner:
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


def _stop(folder: Folder, progress: Progress) -> bool:
    """End the supervisor of `folder`, which stops its children first. Whether there was one."""
    process = folder.supervisor()
    with writing(folder.path):
        if process:
            step = Step(progress, "stop the local control plane")
            step.going()
            process.end(_STOP_SECONDS)
            step.done()
        folder.forget()
    return process is not None


class _Owner:
    """The owner's end of the two pipes to a supervisor, which ends when they close."""

    def __init__(self, folder: Folder, binaries: Sequence[Path], lifetime: str = "kept") -> None:
        self._folder = folder
        command = [sys.executable, "-P", "-m", "modelgate.local.supervisor"]
        path = os.pathsep.join(filter(None, [str(_PACKAGES), os.environ.get("PYTHONPATH")]))
        with (folder.logs / "supervisor.log").open("wb") as log:
            self._process = subprocess.Popen(
                [*command, lifetime, folder.path, *binaries],
                cwd=folder.path,
                env={**os.environ, "PYTHONPATH": path},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                bufsize=0,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def wait_ready(self, progress: Progress) -> Status:
        """Raises ModelgateError with the words of the process that failed."""
        step = Step(progress, "start the local control plane")
        waits_for = ""
        for message in self._messages():
            kind, _, text = message.partition(" ")
            if kind == "failed":
                raise _not_started(text)
            if kind == "ready":
                break
            waits_for = text or waits_for
            step.going(_TYPICAL_START_SECONDS - step.elapsed_s, waits_for)
        status = self._folder.status()
        if status is None:
            raise _not_started(f"its supervisor ended; see {self._folder.logs}")
        step.done(status.url)
        return status

    def _messages(self) -> Iterator[str]:
        """What the supervisor says until it ends, and an empty message every silent second."""
        output, buffer = self._process.stdout, b""
        assert output is not None
        while True:
            if not select.select([output], [], [], 1)[0]:
                yield ""
                continue
            read = output.read(4096)
            if not read:
                return
            *messages, buffer = (buffer + read).split(b"\0")
            yield from (message.decode(errors="replace") for message in messages)

    def detach(self) -> None:
        """Let the control plane outlive this process."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(b"detach")
        except BrokenPipeError as error:
            raise _not_started(f"it ended; see {self._folder.logs}") from error
        self._process.returncode = 0  # not ours to wait for any more

    def __exit__(self, *_: object) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _not_started(reason: str) -> ModelgateError:
    return ModelgateError(
        f"the local control plane did not start: {reason}",
        "try again; with `modelgate local up --reset` it starts with an empty API, or use a "
        "cluster of yours (KUBECONFIG)",
    )
