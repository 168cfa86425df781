"""The command line: every run ends with a documented exit code, and a traceback reaches nobody.

0 fine; 1 findings, failed checks, or a rejected stack; 2 wrong usage or configuration; 3 could not
judge; 130 stopped by Ctrl-C, 141 the reader of a pipe went away (both as a shell counts signals).
"""

import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final

import click

from modelgate.cli import output
from modelgate.cli.app import app
from modelgate.errors import ModelgateError

USAGE: Final = 2
CRASH: Final = 3
INTERRUPTED: Final = 130
BROKEN_PIPE: Final = 141
PACKAGE: Final = Path(__file__).parent.parent
DEBUG: Final = "MODELGATE_DEBUG"


def main(args: Sequence[str] | None = None, command: click.Command = app) -> int:
    """Run `command` with `args` (by default the process's own) and return its exit code."""
    output.prepare()
    try:
        code = command.main(args=args, prog_name="modelgate", standalone_mode=False)
        sys.stdout.flush()
    except ModelgateError as error:
        output.error(error.message, error.hint)
        return error.exit_code
    except click.ClickException as error:
        return _usage(error)
    except (click.Abort, KeyboardInterrupt):
        output.error("stopped by Ctrl-C")
        return INTERRUPTED
    except (BrokenPipeError, SystemExit):  # click turns the first into the second
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except Exception as error:
        return _crash(error)
    return code if isinstance(code, int) else 0


def _usage(error: click.ClickException) -> int:
    context = error.ctx if isinstance(error, click.UsageError) else None
    hint = f"`{context.command_path} --help`" if context else ""
    output.error(error.format_message(), hint)
    return USAGE


def _crash(error: Exception) -> int:
    """Without the exception's own text: it may hold a value that must not be printed."""
    if os.environ.get(DEBUG):
        traceback.print_exc()
    name = type(error).__name__
    output.error(
        f"modelgate failed: nothing was judged ({name} at {_place(error.__traceback__)})",
        f"this is a fault of modelgate; {DEBUG}=1 shows where, please report it",
    )
    return CRASH


def _place(trace: TracebackType | None) -> str:
    """The innermost line of ours, where there is one."""
    frames = traceback.extract_tb(trace)
    ours = [frame for frame in frames if PACKAGE in Path(frame.filename).parents]
    frame = (ours or frames)[-1]
    return f"{Path(frame.filename).name}:{frame.lineno}"
