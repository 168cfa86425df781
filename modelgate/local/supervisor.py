"""Owns the three processes: starts them in order, stops them in order, never outlives its owner.

`python -m modelgate.local.supervisor LIFETIME FOLDER ETCD APISERVER MANAGER [CONTROLLER...]` speaks
with its owner over two pipes. It says `going TEXT`, then `ready` or `failed TEXT` on standard
output. When standard input closes it stops everything and ends, unless the owner has sent `detach`
before. With the lifetime `temporary` the folder goes with it, because a killed owner can no longer
remove it.
"""

import os
import selectors
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from modelgate.local import components
from modelgate.local.processes import Child, start
from modelgate.local.state import TEMPORARY, Folder, Process

_READY_SECONDS = 120
_LOG_CHECK_SECONDS = 30


class ChildError(Exception):
    """A process of the control plane ended, or did not become ready."""


class Supervisor:
    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.children: list[Child] = []
        self._asked_to_stop = False
        self._wakeups = selectors.DefaultSelector()
        self._listen_to_owner()

    def _listen_to_owner(self) -> None:
        reading, writing = socket.socketpair()
        for end in (reading, writing):
            end.setblocking(False)
        signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
        self._signals = reading, writing
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._on_stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._wakeups.register(reading, selectors.EVENT_READ, lambda: reading.recv(4096))
        self._wakeups.register(sys.stdin.fileno(), selectors.EVENT_READ, self._hear_owner)

    def _on_stop(self, *_: object) -> None:
        self._asked_to_stop = True

    def _hear_owner(self) -> None:
        if b"detach" in os.read(sys.stdin.fileno(), 64):
            self._wakeups.unregister(sys.stdin.fileno())
        else:
            self._asked_to_stop = True

    def pause(self, seconds: float) -> None:
        """Wait, at most `seconds`. Raises SystemExit when asked to end, ChildError as it says."""
        for key, _ in self._wakeups.select(seconds):
            key.data()
        if self._asked_to_stop:
            raise SystemExit
        for child in self.children:
            if child.ended:
                raise ChildError(
                    f"{child.name} ended; the end of {child.log}:\n{child.last_words()}"
                )

    def wait_for(self, what: str, reached: Callable[[], bool]) -> None:
        """Raises SystemExit when asked to end, ChildError when it takes longer than two minutes."""
        say(f"going {what}")
        deadline = time.monotonic() + _READY_SECONDS
        while not reached():
            if time.monotonic() > deadline:
                last = self.children[-1]
                raise ChildError(
                    f"{last.name} is not ready after {_READY_SECONDS} s; the end of {last.log}:\n"
                    f"{last.last_words()}"
                )
            self.pause(0.1)

    def start(self, binary: Path, *arguments: str, name: str = "") -> None:
        folder = self.folder
        self.children.append(start(binary, arguments, folder.logs, folder.path, name))

    def stop(self) -> None:
        """The API server before etcd: without etcd it can fail to react to SIGTERM."""
        for child in reversed(self.children):
            child.stop()
        self.folder.forget()


def run(supervisor: Supervisor, binaries: Sequence[Path], controllers: Sequence[str]) -> None:
    """Start everything, say that it is ready, and watch over it.

    `controllers` run besides those that every control plane has. Raises SystemExit when asked to
    end, ChildError when a process fails.
    """
    etcd, apiserver, manager = binaries
    folder, me = supervisor.folder, Process.of(os.getpid())
    folder.record(me)
    access = components.Access.fresh(folder)
    supervisor.start(etcd, *components.etcd_arguments())
    supervisor.wait_for("etcd", (folder.path / components.ETCD_SOCKET).exists)
    supervisor.start(apiserver, *components.apiserver_arguments(access.port))
    supervisor.wait_for("kube-apiserver", access.ready)
    supervisor.start(manager, *components.manager_arguments(*controllers))
    pids = {child.name: child.process.pid for child in supervisor.children}
    folder.record(me, access.url, pids)
    say("ready")
    while True:
        supervisor.pause(_LOG_CHECK_SECONDS)
        for child in supervisor.children:
            child.shorten_log()


def say(text: str) -> None:
    """Tell the owner, if there still is one."""
    with suppress(BrokenPipeError):
        os.write(sys.stdout.fileno(), text.encode() + b"\0")


def supervise(lifetime: str, folder: str, work: Callable[[Supervisor], None]) -> None:
    """Do `work` in `folder`, and end all children however it ends; what fails is said."""
    supervisor = Supervisor(Folder(Path(folder)))
    try:
        work(supervisor)
    except (ChildError, OSError) as error:
        say(f"failed {error}")
        sys.exit(str(error))
    finally:
        supervisor.stop()
        if lifetime == TEMPORARY:
            shutil.rmtree(folder, ignore_errors=True)


def main(lifetime: str, folder: str, *told: str) -> None:
    binaries = [Path(binary) for binary in told[:3]]
    supervise(lifetime, folder, lambda supervisor: run(supervisor, binaries, told[3:]))


if __name__ == "__main__":
    main(*sys.argv[1:])
