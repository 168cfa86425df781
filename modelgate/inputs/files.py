"""Every file that was named is read whole or refused by name; what is passed over is told."""

import codecs
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from modelgate.errors import ConfigurationError, ModelgateError

SUFFIXES: Final = frozenset({".yaml", ".yml", ".json"})
MAX_BYTES: Final = 64 * 1024 * 1024
STDIN: Final = "-"


@dataclass(frozen=True, slots=True)
class Text:
    """One file as it is told of, and what it holds."""

    name: str
    content: str


def read(paths: Sequence[str]) -> Iterator[Text]:
    """The texts of files and folders in a stable order, each file once; `-` is stdin.

    Raises ConfigurationError for what cannot be read, ModelgateError for a folder of nothing.
    """
    seen: set[Path] = set()
    for path in paths:
        if path == STDIN:
            yield Text("stdin", _decode("stdin", sys.stdin.buffer.read(MAX_BYTES + 1)))
            continue
        for file in _files(Path(path)):
            real = file.resolve()
            if real not in seen:
                seen.add(real)
                yield Text(str(file), _decode(str(file), _bytes(file)))


def passed_over(paths: Sequence[str]) -> list[str]:
    """Hidden folders below the given folders: they are not read."""
    folders = [Path(path) for path in paths if path != STDIN and Path(path).is_dir()]
    return [
        str(Path(root, name))
        for folder in folders
        for root, names, _ in _walk(folder)
        for name in sorted(names)
        if name.startswith(".")
    ]


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    found = [
        Path(root, name)
        for root, _, names in _walk(path)
        for name in sorted(names)
        if Path(name).suffix in SUFFIXES and not name.startswith(".")
    ]
    if not found:
        raise ModelgateError(
            f"{path}: the folder holds no *.yaml, *.yml or *.json: nothing was judged",
            "render the manifests into it first, for example with `kustomize build`",
        )
    yield from found


def _walk(folder: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    """Like os.walk, through links too, each real folder once; hidden folders are not entered."""
    seen: set[Path] = set()
    for root, names, files in os.walk(folder, followlinks=True, onerror=_refuse):
        real = Path(root).resolve()
        if real in seen:
            names.clear()
            continue
        seen.add(real)
        yield root, list(names), files
        names[:] = sorted(name for name in names if not name.startswith("."))


def _refuse(error: OSError) -> None:
    raise ConfigurationError(f"{error.filename}: cannot read the folder: {error.strerror}")


def _bytes(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigurationError(
            f"{file}: cannot read it: {error.strerror}",
            "-f takes files, folders, or - for stdin",
        ) from error


def _decode(name: str, data: bytes) -> str:
    """UTF-8, or UTF-16 with its mark, which is what PowerShell writes."""
    if len(data) > MAX_BYTES:
        raise ConfigurationError(
            f"{name}: larger than {MAX_BYTES // 1024 // 1024} MB", "split it into several files"
        )
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            f"{name}: not a text in UTF-8: byte {error.start} is {data[error.start]:#04x}",
            "-f reads YAML and JSON; unpack archives first",
        ) from error
