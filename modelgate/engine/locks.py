"""A killed run leaves a lock behind; the next one waits for what still works, then goes on.

Locks of a file backend: pulumi/pulumi pkg/backend/diy/lock.go.
"""

import json
import os
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from modelgate.builds.progress import Progress, Step
from modelgate.engine.command import CancelledError

PROCESS = "pulumi"
LINUX = sys.platform == "linux"


def clear(
    store: Path,
    stack: str,
    progress: Progress,
    say: Callable[[str], None],
    cancelled: Callable[[], bool],
) -> None:
    """Remove the locks of `stack` whose process on this machine is gone.

    `store` is the folder of the backend. A process that still runs is waited for: it is the rest of
    a run that was killed, and it saves what it has done. Raises CancelledError.
    """
    name = stack.rpartition("/")[2]
    for path in store.glob(f".pulumi/locks/organization/*/{name}/*.json"):
        lock = _read(path)
        if lock is None or lock.get("hostname") != socket.gethostname():
            continue
        pid = int(lock.get("pid") or 0)
        _wait(pid, stack, progress, cancelled)
        if path.exists():
            path.unlink(missing_ok=True)
            say(
                f"the lock of a run that was cut short is removed (process {pid}, "
                f"{lock.get('timestamp')}); what it had done is in the state"
            )


def _read(path: Path) -> dict[str, Any] | None:
    try:
        lock = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return lock if isinstance(lock, dict) else None


def _wait(pid: int, stack: str, progress: Progress, cancelled: Callable[[], bool]) -> None:
    step = Step(progress, f"wait for pulumi, which works on stack {stack}")
    pause = threading.Event()
    waited = False
    while _runs(pid):
        if cancelled():
            raise CancelledError
        waited = True
        step.going(detail=f"process {pid}")
        pause.wait(1)
    if waited:
        step.done()


def _runs(pid: int) -> bool:
    """Is it still there, and not another program that got its number since?"""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return not LINUX
    return f"({PROCESS})" in state and f"({PROCESS}) Z" not in state
