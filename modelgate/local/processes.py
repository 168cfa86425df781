"""A child dies with its supervisor, even by SIGKILL, and its log stays small."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_LAUNCHER = Path(__file__).with_name("launcher.py")
_LOG_BYTES = 4 * 2**20
_STOP_SECONDS = 5
# A soft limit: after large definitions kube-apiserver keeps a gigabyte of garbage without it.
_MEMORY_LIMIT = {"GOMEMLIMIT": "1GiB"}


@dataclass(frozen=True)
class Child:
    """One process of the control plane and its log."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def ended(self) -> bool:
        return self.process.poll() is not None

    def stop(self) -> None:
        """Ask it to end, and make it end after 5 seconds."""
        if self.ended:
            return
        self.process.terminate()
        try:
            self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def shorten_log(self) -> None:
        """As `shorten` does. The process goes on appending."""
        shorten(self.log)

    def last_words(self) -> str:
        """The last four lines of its log; before a Go panic's stack, the two that say why."""
        lines = self.log.read_text(errors="replace")[-8000:].splitlines()
        panics = [number for number, line in enumerate(lines) if line.startswith("panic:")]
        words = lines[: panics[-1] + 1][-2:] if panics else lines[-4:]
        return "\n".join(f"    {line[:300]}" for line in words)


def shorten(log: Path) -> None:
    """Keep at most 4 MiB and the 4 MiB before them, of a file to which somebody appends."""
    if log.exists() and log.stat().st_size > _LOG_BYTES:
        log.with_suffix(".1.log").write_bytes(log.read_bytes()[-_LOG_BYTES:])
        os.truncate(log, 0)


def start(
    binary: Path, arguments: Sequence[str], logs: Path, folder: Path, name: str = ""
) -> Child:
    """Start a child with the working directory `folder`; its name is the binary's, or `name`.

    The kernel kills it when the thread that starts it ends, so only a supervisor's first thread
    starts children. Raises OSError.
    """
    name = name or binary.name
    log = logs / f"{name}.log"
    launcher = [sys.executable, "-I", "-S", str(_LAUNCHER), str(os.getpid())]
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*launcher, binary, *arguments],
            cwd=folder,
            env={**os.environ, **_MEMORY_LIMIT},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    return Child(name, process, log)
