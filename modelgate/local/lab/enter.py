"""Becomes a command on a network of its own, or on that of another process.

`python enter.py PARENT HOLDER COMMAND ARGUMENT...`: HOLDER is `new`, or the number of a process
that began so. The network has a loopback interface and nothing else. It needs no right but that to
make user namespaces; where that is refused, the command begins on the machine's network. Like
modelgate/local/launcher.py, it has the kernel kill the command when its parent ends; entering a
user namespace forgets that (prctl(2)), so it is asked for last.
"""

import ctypes
import fcntl
import os
import signal
import socket
import struct
import sys
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000
_SET_FLAGS, _UP = 0x8914, 0x41
_LIBC = ctypes.CDLL(None, use_errno=True)

NEW = "new"


def _checked(result: int) -> None:
    if result:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _unshare() -> None:
    """Raises OSError where that is not permitted, halfway through perhaps."""
    user, group = os.getuid(), os.getgid()
    _checked(_LIBC.unshare(_NEW_USER | _NEW_NETWORK))
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        Path(f"/proc/self/{name}").write_text(text)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sH14x", b"lo", _UP))


def _permitted() -> bool:
    """Tried by a child, for there is no way back."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1] == 0
    try:
        _unshare()
    except OSError:
        os._exit(1)
    os._exit(0)


def _join(holder: str) -> None:
    places = [os.open(f"/proc/{holder}/ns/{name}", os.O_RDONLY) for name in ("user", "net")]
    for place, kind in zip(places, (_NEW_USER, _NEW_NETWORK), strict=True):
        _checked(_LIBC.setns(place, kind))
        os.close(place)


def main(parent: str, holder: str, command: str, *arguments: str) -> None:
    if holder != NEW:
        _join(holder)
    elif _permitted():
        _unshare()
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() == int(parent):
        os.execv(command, [command, *arguments])


if __name__ == "__main__":
    main(*sys.argv[1:])
