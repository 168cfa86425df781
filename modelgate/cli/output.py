"""Answers go to stdout alone, progress, warnings and errors to stderr, colour only to terminals."""

import io
import os
import sys

import click

from modelgate.report.safe import lines


def prepare() -> None:
    """A character that the terminal's encoding lacks is spelled out, not a crash."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def answer(text: str) -> None:
    """The answer of a command."""
    click.echo(text)


def error(message: str, hint: str = "") -> None:
    """What went wrong, and the way out."""
    _tell("error", "red", message)
    if hint:
        _tell("hint", "cyan", hint)


def note(message: str) -> None:
    """What the user should know, although the answer stands."""
    _tell("note", "yellow", message)


def _tell(word: str, colour: str, message: str) -> None:
    first, *rest = lines(message)
    click.echo(f"{click.style(word, fg=colour, bold=True)}: {first}", err=True, color=_colour())
    for line in rest:
        click.echo(f"  {line}", err=True)


def _colour() -> bool | None:
    """None lets click look whether stderr is a terminal."""
    return False if os.environ.get("NO_COLOR") else None
