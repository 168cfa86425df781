"""Starting is all or nothing: an owner that ends before all is ready leaves nothing behind."""

import os
import select
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from modelgate.builds import Progress
from modelgate.builds.progress import Step
from modelgate.errors import ModelgateError
from modelgate.local.state import Folder, Status

_PACKAGES = Path(__file__).resolve().parents[2]
_TYPICAL_START_SECONDS = 6
STOP_SECONDS: Final = 40


@dataclass(frozen=True)
class Kind:
    """What is supervised: its name for people, and the module of its supervisor."""

    name: str
    module: str
    way_out: str


class Owner:
    """The owner's end of the two pipes to a supervisor, which ends when they close."""

    def __init__(
        self, kind: Kind, folder: Folder, arguments: Sequence[str | Path], lifetime: str = "kept"
    ) -> None:
        self._kind = kind
        self._folder = folder
        command = [sys.executable, "-P", "-m", kind.module]
        path = os.pathsep.join(filter(None, [str(_PACKAGES), os.environ.get("PYTHONPATH")]))
        with (folder.logs / "supervisor.log").open("wb") as log:
            self._process = subprocess.Popen(
                [*command, lifetime, folder.path, *arguments],
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
        step = Step(progress, f"start {self._kind.name}")
        waits_for = ""
        for message in self._messages():
            kind, _, text = message.partition(" ")
            if kind == "failed":
                raise self._not_started(text)
            if kind == "ready":
                break
            waits_for = text or waits_for
            step.going(_TYPICAL_START_SECONDS - step.elapsed_s, waits_for)
        status = self._folder.status()
        if status is None:
            raise self._not_started(f"its supervisor ended; see {self._folder.logs}")
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
            raise self._not_started(f"it ended; see {self._folder.logs}") from error
        self._process.returncode = 0  # not ours to wait for any more

    def __exit__(self, *_: object) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _not_started(self, reason: str) -> ModelgateError:
        return ModelgateError(f"{self._kind.name} did not start: {reason}", self._kind.way_out)
