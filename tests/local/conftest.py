"""A toy tool that Go builds in a second, and a cache folder of the test's own."""

from pathlib import Path

import pytest

from modelgate.builds import Tool

MAIN = """\
package main

import "fmt"

var version = "none"

func main() { fmt.Println("toy", version) }
"""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder, with a space in its path."""
    folder = tmp_path / "the cache"
    monkeypatch.setenv("MODELGATE_CACHE", str(folder))
    return folder


@pytest.fixture
def toy(tmp_path: Path) -> Tool:
    """A module without downloads: what gives it its version lies beside it."""
    module = tmp_path / "toy module"
    (module / "pin").mkdir(parents=True)
    (module / "pin" / "go.mod").write_text("module example.com/pin\n\ngo 1.26\n")
    (module / "go.mod").write_text(
        "module example.com/toy\n\ngo 1.26\n\n"
        "require example.com/pin v1.2.3\n\nreplace example.com/pin => ./pin\n"
    )
    (module / "go.sum").write_text("")
    (module / "main.go").write_text(MAIN)
    return Tool(
        name="toy",
        module=module,
        package=".",
        versioned_by="example.com/pin",
        variables=("main.version={version}",),
    )
