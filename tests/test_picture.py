"""The picture in the README is what a terminal shows; pytest --update-golden draws it anew."""

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from modelgate.cli.selecting import Asked
from modelgate.report import terminal
from policies.judgement import judge

ROOT = Path(__file__).parent.parent
PICTURE = ROOT / "docs" / "images" / "rejected.svg"
COMMAND = "modelgate check -s dev --environment production"
WIDTH = 122


def drawn() -> str:
    """The terminal after COMMAND, without a font from elsewhere."""
    asked = Asked(ROOT, "dev", environment="production")
    view = asked.view()
    report = judge(view.objects, asked.judgement(view).settings)
    console = Console(
        file=io.StringIO(), record=True, width=WIDTH, force_terminal=True, _environ={}
    )
    terminal.check(report, console)
    svg = console.export_svg(title=COMMAND, unique_id="modelgate")
    return re.sub(r"\s*@font-face \{.*?\}\n", "\n", svg, flags=re.DOTALL)


def test_the_picture_is_up_to_date(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update-golden"):
        PICTURE.write_text(drawn())
    assert PICTURE.read_text() == drawn()
    assert "@font-face" not in PICTURE.read_text()
