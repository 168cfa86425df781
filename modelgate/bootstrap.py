"""The environment is made from the lock file or not at all: `python3 -m modelgate.bootstrap dev`.

Only the standard library. One process at a time; what was begun and not finished is thrown away.
"""

import fcntl
import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Final

ROOT: Final = Path(__file__).resolve().parent.parent
VENV: Final = ROOT / ".venv"
LOCKS: Final = {"cli": "requirements-cli.txt", "dev": "requirements-dev.txt"}
PIP: Final = ("-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--quiet")


def main(kind: str) -> int:
    """Make `.venv` for `kind` (cli or dev) unless it is there; the exit code."""
    state = ROOT / ".modelgate"
    state.mkdir(exist_ok=True)
    with (state / "environment.lock").open("w") as lock:
        _wait_for(lock)
        return 0 if _is_made(kind) else _make(kind)


def _wait_for(lock: IO[str]) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        _say("another make prepares the environment: waiting for it")
        fcntl.flock(lock, fcntl.LOCK_EX)


def _make(kind: str) -> int:
    began = time.monotonic()
    _say(f"preparing .venv from {LOCKS[kind]}")
    python = str(VENV / "bin" / "python")
    steps = (
        [sys.executable, "-m", "venv", "--clear", str(VENV)],
        [python, *PIP, "--require-hashes", "--only-binary=:all:", "--requirement", LOCKS[kind]],
        [python, *PIP, "--no-deps", "--no-build-isolation", "--editable", "."],
    )
    for step in steps:
        if not _runs(step):
            _say(f"error: .venv could not be made: `{' '.join(step)}` failed, its words are above")
            _say("hint: `apt install python3-venv` brings venv; the rest needs a package index")
            return 3
    _stamp(kind).write_text(_fingerprint(kind))
    _say(f".venv is ready after {time.monotonic() - began:.0f} s")
    return 0


def _runs(step: Sequence[str]) -> bool:
    """In a group of its own: of Ctrl-C only this process speaks, and it ends the other."""
    with subprocess.Popen(step, cwd=ROOT, start_new_session=True) as process:
        try:
            return process.wait() == 0
        except KeyboardInterrupt:
            os.killpg(process.pid, signal.SIGTERM)
            raise


def _is_made(kind: str) -> bool:
    """An environment for dev holds all that one for cli does."""
    good_enough = ("dev",) if kind == "dev" else ("dev", "cli")
    return any(
        _stamp(one).is_file() and _stamp(one).read_text() == _fingerprint(one)
        for one in good_enough
    )


def _stamp(kind: str) -> Path:
    return VENV / f"made-for-{kind}"


def _fingerprint(kind: str) -> str:
    """Changes with the lock file, with Python, and when the folder is moved."""
    named = f"{sys.version}\0{ROOT}\0".encode()
    return hashlib.sha256(named + (ROOT / LOCKS[kind]).read_bytes()).hexdigest()


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1]))
    except KeyboardInterrupt:
        _say("stopped by Ctrl-C; the next make begins .venv anew")
        sys.exit(130)
