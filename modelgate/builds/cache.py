"""The cache folder holds complete things only, and one process at a time makes them."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs
from filelock import FileLock, Timeout

from modelgate.builds.progress import Progress, Step
from modelgate.errors import ModelgateError

_FULL = (errno.ENOSPC, errno.EDQUOT)


def cache_folder() -> Path:
    """The folder of everything that can be made again: $MODELGATE_CACHE, else the user's cache."""
    override = os.environ.get("MODELGATE_CACHE")
    return Path(override) if override else platformdirs.user_cache_path("modelgate")


@contextmanager
def only_one(lock: Path, what: str, progress: Progress) -> Iterator[None]:
    """Hold `lock` (a file beside what it guards); while another process holds it, say so.

    The operating system frees the lock when its holder dies, however that happens.
    Raises ModelgateError where the folder cannot be written.
    """
    held = FileLock(lock)
    with writing(lock.parent):
        lock.parent.mkdir(parents=True, exist_ok=True)
        _acquire(held, Step(progress, f"wait for another modelgate: {what}"))
    try:
        yield
    finally:
        held.release()


def _acquire(lock: FileLock, step: Step) -> None:
    waited = False
    while True:
        try:
            lock.acquire(timeout=1 if waited else 0)
        except Timeout:
            waited = True
            step.going(detail=f"it holds {lock.lock_file}")
        else:
            if waited:
                step.done()
            return


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turn what the operating system says about a folder into what a person can do about it."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise disk_full(folder) from error
        raise ModelgateError(
            f"cannot write {error.filename or folder}: {error.strerror or error}",
            f"make {folder} writable for you, or name another folder (MODELGATE_CACHE for what "
            "is built, the project folder for what runs)",
        ) from error


def disk_full(folder: Path) -> ModelgateError:
    return ModelgateError(
        f"no space left on the disk that holds {folder}",
        "free some space (a first build needs about 5 GB, Go's build cache included: "
        "`go clean -cache` empties that), or set MODELGATE_CACHE and GOCACHE to a larger disk",
    )
