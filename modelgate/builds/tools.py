"""What is built is decided by files of tools/ alone: the key is a hash of every one that counts."""

import hashlib
import platform
import re
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelgate.errors import ModelgateError

TOOLS = Path(__file__).resolve().parents[2] / "tools"
_SOURCES = ("go.mod", "go.sum", "*.go")


@dataclass(frozen=True)
class Tool:
    """One command that is built from a pinned Go module.

    `module` is the folder with go.mod and go.sum, `package` what is built in it, `variables`
    the linker's `-X` values. `packages` (compiled packages) and `seconds` (cold, two cores)
    only feed the estimate of the time left.
    """

    name: str
    module: Path
    package: str
    versioned_by: str
    tags: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    packages: int = 0
    seconds: float = 0

    @property
    def version(self) -> str:
        """The version of the module that gives the tool its version, with its `v`.

        Raises ModelgateError when go.mod does not require it.
        """
        line = rf"^\s*(?:require )?{re.escape(self.versioned_by)} (v\S+)"
        found = re.search(line, (self.module / "go.mod").read_text(), re.MULTILINE)
        if not found:
            raise ModelgateError(
                f"{self.module / 'go.mod'} does not require {self.versioned_by}",
                "restore tools/ from the repository",
            )
        return found[1]

    @property
    def flags(self) -> tuple[str, ...]:
        """The flags of `go build`, the same on every machine."""
        major, minor = self.version.lstrip("v").split(".")[:2]
        values = [v.format(version=self.version, major=major, minor=minor) for v in self.variables]
        link = " ".join(["-s -w", *(f"-X {value}" for value in values)])
        tags = ("-tags", ",".join(self.tags)) if self.tags else ()
        return ("-mod=readonly", "-trimpath", "-buildvcs=false", *tags, "-ldflags", link)

    @property
    def key(self) -> str:
        """16 hex digits that change with every input except the Go toolchain's own version."""
        digest = hashlib.sha256()
        inputs = [self.package, *self.flags, sys.platform, platform.machine()]
        for path in sorted(found for glob in _SOURCES for found in self.module.glob(glob)):
            inputs += [path.name, path.read_text()]
        for text in inputs:
            digest.update(f"{len(text)}:{text}".encode())
        return digest.hexdigest()[:16]


def load_tool(name: str) -> Tool:
    """The tool of that name in tools/tools.toml. Raises ModelgateError where there is none."""
    table = _read("tools.toml")
    if name not in table:
        raise ModelgateError(f"no tool {name!r} in {TOOLS / 'tools.toml'}", f"one of {[*table]}")
    entry = table[name]
    return Tool(
        name=name,
        module=TOOLS / entry["module"],
        package=entry["package"],
        versioned_by=entry["versioned_by"],
        tags=tuple(entry["tags"]),
        variables=tuple(entry["variables"]),
        packages=entry["packages"],
        seconds=entry["seconds"],
    )


def go_needed(module: Path) -> tuple[int, ...]:
    """The Go version that a module asks for, e.g. (1, 26, 4)."""
    found = re.search(r"^go (\d+(?:\.\d+)*)", (module / "go.mod").read_text(), re.MULTILINE)
    return tuple(int(part) for part in found[1].split(".")) if found else (1,)


def _read(name: str) -> dict[str, Any]:
    path = TOOLS / name
    try:
        return tomllib.loads(path.read_text())
    except OSError as error:
        raise ModelgateError(
            f"cannot read {path}: {error.strerror}",
            "run modelgate from a clone of its repository: what it builds is pinned there",
        ) from error
