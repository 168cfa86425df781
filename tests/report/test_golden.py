"""Every form of every report, compared whole."""

import io
import re
from collections.abc import Callable

import pytest
from rich.console import Console

from modelgate.report import as_json, junit, markdown, sarif, terminal, text, trace
from modelgate.topology.answers import Report
from tests.report import samples

SUMMARIES = {"credentials-over-http": "credentials travel without encryption"}
RENDERERS: dict[str, Callable[[Report], str]] = {
    "txt": text.check,
    "json": as_json.check,
    "md": markdown.check,
    "junit.xml": junit.check,
    "sarif": lambda report: sarif.check(report, SUMMARIES, "0.1.0", "Pulumi.prod.yaml"),
}

Golden = Callable[[str, str], None]


@pytest.mark.parametrize("form", RENDERERS)
@pytest.mark.parametrize("name", samples.ALL)
def test_check_reads_as_expected(name: str, form: str, golden: Golden) -> None:
    golden(f"{name}.{form}", RENDERERS[form](samples.ALL[name]))


def test_trace_reads_as_expected(golden: Golden) -> None:
    golden("trace.txt", trace.text(samples.ANSWERS))
    golden("trace.json", as_json.trace(samples.ANSWERS))


def screen(width: int = 120, color: bool = False) -> Console:
    return Console(
        file=io.StringIO(),
        width=width,
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        legacy_windows=False,
        _environ={},
    )


def printed(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines())


@pytest.mark.parametrize("name", samples.ALL)
def test_a_terminal_shows_the_table(name: str, golden: Golden) -> None:
    console = screen()
    terminal.check(samples.ALL[name], console)
    golden(f"{name}.terminal.txt", printed(console))


def test_a_terminal_shows_the_stations_of_a_trace(golden: Golden) -> None:
    console = screen()
    terminal.trace(samples.ANSWERS, (samples.FINDING,), console)
    golden("trace.terminal.txt", printed(console))


def test_a_terminal_in_colour_says_the_same_as_one_without() -> None:
    plain, coloured = screen(), screen(color=True)
    terminal.check(samples.MIXED, plain)
    terminal.check(samples.MIXED, coloured)
    assert "\x1b[1;31mEXPOSED" in printed(coloured)
    assert _without_colour(printed(coloured)) == printed(plain)


def _without_colour(text_: str) -> str:
    return "\n".join(re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip() for line in text_.splitlines())
