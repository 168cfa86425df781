"""What runs, asked of the kernel."""

import os
import select
from collections.abc import Iterable
from pathlib import Path

LISTENS = "0A"


def all_end(pids: Iterable[int], within_s: float = 60) -> bool:
    """Whether all of these processes end in time; it returns as soon as they have."""
    return all(_ends(pid, within_s) for pid in pids)


def _ends(pid: int, within_s: float) -> bool:
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], within_s)[0])
    finally:
        os.close(handle)


def running_with(text: str) -> list[int]:
    """The processes whose command line or working directory contains `text`."""
    return [int(proc.name) for proc in Path("/proc").glob("[0-9]*") if text in _words(proc)]


def _words(proc: Path) -> str:
    try:
        command = (proc / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        return f"{command} {(proc / 'cwd').readlink()}"
    except OSError:
        return ""


def listening_addresses(pids: Iterable[int]) -> set[tuple[str, int]]:
    """Address (hexadecimal, as the kernel writes it) and port of every TCP socket they serve."""
    inodes = {inode for pid in pids for inode in _sockets(pid)}
    tables = [Path("/proc/net/tcp"), Path("/proc/net/tcp6")]
    lines = [line.split() for table in tables for line in table.read_text().splitlines()[1:]]
    return {
        (address, int(port, 16))
        for fields in lines
        if fields[3] == LISTENS and fields[9] in inodes
        for address, port in [fields[1].split(":")]
    }


def _sockets(pid: int) -> set[str]:
    links = {str(file.readlink()) for file in Path(f"/proc/{pid}/fd").iterdir()}
    return {link[len("socket:[") : -1] for link in links if link.startswith("socket:[")}
