"""Which ports of a machine its neighbours can reach: the kernel says it (proc(5), /proc/net)."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

_LISTENS: Final = "0A"


def everywhere(pids: Mapping[str, int]) -> dict[str, list[int]]:
    """The ports of every interface on which processes listen, by the name of the process.

    Sockets of another network than ours are not among them.
    """
    ports = dict(_listening())
    found = {
        name: sorted(ports[inode] for inode in _sockets(pid) & set(ports))
        for name, pid in pids.items()
    }
    return {name: each for name, each in found.items() if each}


def _listening() -> Iterator[tuple[str, int]]:
    """The inode and the port of each socket that listens on every interface."""
    for name in ("tcp", "tcp6"):
        with suppress(FileNotFoundError):
            for line in Path(f"/proc/self/net/{name}").read_text().splitlines()[1:]:
                fields = line.split()
                host, _, port = fields[1].partition(":")
                if fields[3] == _LISTENS and not host.strip("0"):
                    yield fields[9], int(port, 16)


def _sockets(pid: int) -> set[str]:
    """Inodes of a process's sockets; none where it has ended."""
    inodes = set()
    with suppress(OSError):
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                target = str(descriptor.readlink())
                if target.startswith("socket:["):
                    inodes.add(target[8:-1])
    return inodes
