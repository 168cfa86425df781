"""Running the command line so that Ctrl-C never cuts an update in two.

The SDK's own runner leaves its child a quarter of a second after Ctrl-C; then the program and the
provider, which live in this process, are gone while the engine still needs them.
"""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from types import FrameType
from typing import IO

from pulumi.automation import CommandResult, OnOutput, PulumiCommand
from pulumi.automation.errors import create_command_error
from typing_extensions import override

from modelgate.engine.cli_binary import Cli

FIRST = "cancelling: what has begun is finished first; Ctrl-C again stops at once"
SECOND = "stopping at once"


class CancelledError(Exception):
    """The user cancelled before the next step began."""


class EngineCommand(PulumiCommand):
    """One command line; runs one command at a time, in a process group of its own."""

    def __init__(self, cli: Cli) -> None:
        self.command = str(cli.path)
        self.version = cli.version
        self.interrupts = 0
        self.busy = False
        self._process: subprocess.Popen[str] | None = None

    @override
    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: OnOutput | None = None,
        on_error: OnOutput | None = None,
    ) -> CommandResult:
        if self.interrupts:
            raise CancelledError
        env = {**os.environ, **additional_env, "PULUMI_AUTOMATION_API": "true"}
        self._process = process = subprocess.Popen(
            [self.command, "--non-interactive", *args],
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            process_group=0,
        )
        out, err = _Reader(process.stdout, on_output), _Reader(process.stderr, on_error)
        try:
            code = process.wait()
        finally:
            self._process = None
        result = CommandResult(stdout=out.text(), stderr=err.text(), code=code)
        if code != 0:
            raise create_command_error(result)
        return result

    @contextlib.contextmanager
    def interruptible(self, say: Callable[[str], None]) -> Iterator[None]:
        """Ctrl-C and SIGTERM are handed to the command line, which cancels in good order.

        While no operation is `busy` there is nothing to be cancelled: KeyboardInterrupt as usual.
        """

        def cancel(_number: int, _frame: FrameType | None) -> None:
            if not self.busy:
                raise KeyboardInterrupt
            self.interrupts += 1
            say(FIRST if self.interrupts == 1 else SECOND)
            if self._process is not None:
                self._process.send_signal(signal.SIGINT if self.interrupts < 3 else signal.SIGKILL)

        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {
            number: signal.signal(number, cancel) for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


class _Reader(threading.Thread):
    """Takes in a stream line by line, so that the child never waits for us."""

    def __init__(self, stream: IO[str] | None, callback: OnOutput | None) -> None:
        super().__init__(daemon=True)
        self._stream = stream
        self._callback = callback
        self._lines: list[str] = []
        self.start()

    @override
    def run(self) -> None:
        for line in self._stream or ():
            self._lines.append(line.rstrip())
            if self._callback:
                self._callback(line.rstrip())

    def text(self) -> str:
        """Everything, once the stream has ended."""
        self.join()
        return "\n".join(self._lines)
