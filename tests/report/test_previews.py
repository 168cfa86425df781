"""A preview is told effect first, in every form, and never runs what a name holds."""

import json
import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from modelgate.errors import ModelgateError
from modelgate.report.previews import Preview, as_comment, as_json, as_text
from modelgate.report.previews.fitting import LIMIT, Part, fitted
from modelgate.report.previews.outcome import exit_code, worst_first
from modelgate.topology.changes import FieldChange, ResourceChange
from tests.report.previews import BROKEN, DEV, OPENED, PREVIEWS, hostile
from tests.report.samples import ESCAPE, HOSTILE

Golden = Callable[[str, str], None]
LAST = "modelgate 0.1.0, 4 s"
FENCED = re.compile(r"^(`{3,})[a-z]*\n.*?^\1$", re.DOTALL | re.MULTILINE)
SPAN = re.compile(r"(`+) ?.*? ?\1")


def comment(*previews: Preview) -> str:
    return as_comment.text(previews, "maas", LAST)


@pytest.mark.parametrize("name", PREVIEWS)
def test_every_form(name: str, golden: Golden) -> None:
    preview = PREVIEWS[name]
    golden(f"preview-{name}.txt", as_text.text([preview]))
    golden(f"preview-{name}.md", comment(preview))
    golden(f"preview-{name}.json", as_json.text([preview]))


def test_several_stacks_share_one_table(golden: Golden) -> None:
    both = [DEV, PREVIEWS["opened"]]
    golden("previews.txt", as_text.text(both))
    golden("previews.md", comment(*both))
    assert json.loads(as_json.text(both))["exit_code"] == 1


@pytest.mark.parametrize(
    ("name", "code"),
    [("opened", 1), ("closed", 0), ("same", 0), ("rejected", 1), ("failed", 1), ("error", 3)],
)
def test_the_gate_follows_the_judgement(name: str, code: int) -> None:
    assert PREVIEWS[name].exit_code == code
    assert f"exit={code} -->" in comment(PREVIEWS[name]).splitlines()[0]


def test_the_gate_of_several_is_that_of_the_worst() -> None:
    usage = Preview("x", error=ModelgateError("no such stack", exit_code=2))
    assert exit_code([]) == exit_code([DEV, PREVIEWS["same"]]) == 0
    assert exit_code([DEV, usage, PREVIEWS["error"]]) == 3
    assert exit_code([PREVIEWS["error"], PREVIEWS["opened"]]) == 1
    assert worst_first([PREVIEWS["same"], DEV, PREVIEWS["opened"]])[0] is PREVIEWS["opened"]
    assert comment(PREVIEWS["same"], DEV).splitlines()[1].startswith("### ⚠️ `dev`")


def outside_code(text: str) -> str:
    """The comment without its code blocks and spans: what a browser would take as markup."""
    return SPAN.sub("", FENCED.sub("", text))


def test_no_name_escapes_from_a_comment() -> None:
    evil = hostile()
    text = comment(evil, replace(evil, run=None, comparison=None, error=ModelgateError(HOSTILE)))
    told = outside_code(text)
    assert ESCAPE not in text
    assert "<img" not in told
    assert "[a](b)" not in told
    assert "@team" not in told
    assert told.count("<details>") == told.count("</details>") > 0
    assert len(FENCED.findall(text)) * 2 == len(re.findall(r"^`{3,}[a-z]*$", text, re.MULTILINE))
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in rows} <= {5, 7}


def test_no_name_moves_a_terminal() -> None:
    text = as_text.text([hostile()])
    assert ESCAPE not in text
    assert "\u202e" not in text


def many(count: int, size: int) -> Preview:
    assert OPENED.comparison
    fields = (FieldChange("spec.x", "y" * size, None),)
    huge = [ResourceChange("update", f"Object ns/{index}", fields) for index in range(count)]
    return replace(OPENED, comparison=replace(OPENED.comparison, resources=tuple(huge)))


@pytest.mark.parametrize(("count", "size"), [(2000, 80), (1, 10**6), (20_000, 1)])
def test_the_resource_diff_makes_room_first(count: int, size: int) -> None:
    text = comment(many(count, size))
    small = comment(OPENED)
    assert len(text) <= LIMIT
    assert text.splitlines()[1] == small.splitlines()[1]
    assert "too long for a comment" in text
    assert "assumptions and unknowns" in text
    assert "curl" in text


def test_the_verdict_stays_whatever_else_there_is() -> None:
    stacks = [replace(OPENED, stack=f"prod-{index}") for index in range(400)]
    text = comment(*stacks)
    assert len(text) <= LIMIT
    assert "### ❌ `prod-0`: this change opens 1 door" in text
    assert "| and 350 more |" in text


def test_a_long_error_is_cut() -> None:
    text = comment(replace(PREVIEWS["error"], error=ModelgateError("x" * 10**6, BROKEN.hint)))
    assert len(text) < 10_000


def test_parts_make_room_in_the_order_of_their_ranks() -> None:
    parts = [Part("verdict"), Part("b" * 50, 1, "b"), Part("c" * 50, 2, "c"), Part("d" * 60, 2)]
    assert fitted(parts, 200) == f"verdict\n\n{'b' * 50}\n\n{'c' * 50}\n\n{'d' * 60}"
    assert fitted(parts, 130) == f"verdict\n\n{'b' * 50}\n\n{'c' * 50}"
    assert fitted(parts, 100) == f"verdict\n\n{'b' * 50}\n\nc"
    assert fitted(parts, 20) == "verdict\n\nb\n\nc"
    assert fitted(parts, 4) == "verd"
