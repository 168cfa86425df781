"""What the state says is running is running: a process counts only with its start time."""

import json
import os
import select
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

TEMPORARY = "temporary"  # the lifetime of a folder that goes with its control plane
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_START_TIME = 19  # field 22 of /proc/PID/stat, counted after the name in parentheses


@dataclass(frozen=True)
class Process:
    """A process that cannot be mistaken for a later one with the same number."""

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> Self:
        """Raises ProcessLookupError when there is none."""
        started = _started(pid)
        if started is None:
            raise ProcessLookupError(pid)
        return cls(pid, started)

    @property
    def alive(self) -> bool:
        return _started(self.pid) == self.started

    def end(self, seconds: float) -> None:
        """Ask it to end, wait at most `seconds`, then make it end. Raises PermissionError."""
        try:
            handle = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return
        try:
            for number in (signal.SIGTERM, signal.SIGKILL):
                if self.alive:
                    signal.pidfd_send_signal(handle, number)
                    select.select([handle], [], [], seconds)
        finally:
            os.close(handle)


@dataclass(frozen=True)
class Status:
    """A control plane that runs and is ready. `pids` are by process name."""

    kubeconfig: Path
    url: str
    supervisor: Process
    pids: dict[str, int]

    @property
    def memory_mb(self) -> dict[str, int]:
        """Resident memory by process name."""
        return {name: _resident_mb(pid) for name, pid in self.pids.items()}


@dataclass(frozen=True)
class Folder:
    """The files of one control plane; the folder is its owner's alone (0700)."""

    path: Path

    @property
    def kubeconfig(self) -> Path:
        return self.path / "kubeconfig"

    @property
    def lock(self) -> Path:
        return self.path / "lock"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def _record(self) -> Path:
        return self.path / "state.json"

    def create(self) -> None:
        """Raises OSError."""
        self.path.mkdir(parents=True, exist_ok=True)
        self.path.chmod(0o700)
        self.logs.mkdir(exist_ok=True)

    def clear(self) -> None:
        """Forget every object; the next start begins with an empty API. Raises OSError."""
        if (self.path / "data").exists():
            shutil.rmtree(self.path / "data")

    def record(
        self, supervisor: Process, url: str = "", pids: dict[str, int] | None = None
    ) -> None:
        """Say who runs here; without `url`, that it is not ready yet. Raises OSError."""
        record = {"pid": supervisor.pid, "started": supervisor.started, "url": url, "pids": pids}
        write_private(self._record, json.dumps(record))

    def forget(self) -> None:
        """Nothing runs here any more. Raises OSError."""
        self._record.unlink(missing_ok=True)
        self.kubeconfig.unlink(missing_ok=True)

    def supervisor(self) -> Process | None:
        """The process that runs the control plane here; None when there is none any more."""
        record = self._read()
        process = Process(record["pid"], record["started"]) if record else None
        return process if process and process.alive else None

    def status(self) -> Status | None:
        """The control plane that runs here and is ready, or None."""
        record, supervisor = self._read(), self.supervisor()
        if supervisor is None or not record["url"]:
            return None
        return Status(self.kubeconfig, record["url"], supervisor, record["pids"])

    def _read(self) -> dict[str, Any]:
        try:
            record: dict[str, Any] = json.loads(self._record.read_text())
        except FileNotFoundError:
            return {}
        return record


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner reads (0600), whole or not at all. Raises OSError."""
    partial = path.with_name(f"{path.name}.partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    partial.replace(path)


def _started(pid: int) -> str | None:
    """Boot and clock ticks at which a process started; None for none and for a zombie."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
        state, *fields = text[text.rindex(")") + 2 :].split()
        return None if state in "ZX" else f"{_BOOT.read_text().strip()}/{fields[_START_TIME - 1]}"
    except (FileNotFoundError, ProcessLookupError):
        return None


def _resident_mb(pid: int) -> int:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") // 2**20
