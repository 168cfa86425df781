"""A process of a test ends with the test, however the test ends."""

import os
import signal
import socket
import subprocess
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from modelgate.local import launcher

READY_SECONDS: Final = 60


class Running(ABC):
    """Something that a `with` block ends, however it is left."""

    @abstractmethod
    def stop(self) -> None: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


class Process(Running):
    """`command` with its output in `log`; subclasses say in `ready` when it is of use.

    Entering it raises AssertionError with its log where it ends before it is ready.
    """

    def __init__(
        self, command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self.log = log
        self.frozen = False
        launched = [sys.executable, "-I", "-S", str(launcher.__file__), str(os.getpid()), *command]
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                launched, stdout=output, stderr=output, env={**os.environ, **(environment or {})}
            )

    @abstractmethod
    def ready(self) -> bool: ...

    def __enter__(self) -> Self:
        try:
            until(self._lives, f"{self.log.stem} is ready")
        except BaseException:
            self.stop()
            raise
        return self

    def _lives(self) -> bool:
        assert self._process.poll() is None, self.log.read_text()
        return self.ready()

    def freeze(self) -> None:
        """From now on it does nothing, and its connections stay open."""
        self._process.send_signal(signal.SIGSTOP)
        self.frozen = True

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


def until(holds: Callable[[], bool], what: str) -> None:
    """Look until it holds. Raises AssertionError after a minute."""
    pause = threading.Event()
    for _ in range(READY_SECONDS * 20):
        if holds():
            return
        pause.wait(0.05)
    raise AssertionError(f"waited {READY_SECONDS} s in vain: {what}")


def free_port() -> int:
    """A port that nobody listens on at this moment, on any address."""
    with socket.socket() as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])
