"""Becomes a command that the kernel kills when its parent ends, however the parent ends.

`python launcher.py PARENT COMMAND ARGUMENT...`: a program of its own, because it must ask for
that after the fork and before the command begins. See prctl(2), PR_SET_PDEATHSIG.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(parent: str, command: str, *arguments: str) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() == int(parent):
        os.execv(command, [command, *arguments])


if __name__ == "__main__":
    main(*sys.argv[1:])
