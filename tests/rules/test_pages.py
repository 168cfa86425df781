"""The pages of rules say what the rules and their cases say."""

from pathlib import Path

import pytest

from policies.rules import ALL, Rule
from tests.rules.cases import HERE
from tests.rules.pages import filled, index, shown

DOCS = Path(__file__).parents[2] / "docs" / "rules"


def test_the_index_lists_every_rule(request: pytest.FixtureRequest) -> None:
    file = DOCS / "index.md"
    if request.config.getoption("--update-golden"):
        file.write_text(index(ALL), encoding="utf-8")
    assert file.read_text(encoding="utf-8") == index(ALL)


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.ID)
def test_a_page_shows_its_cases_as_they_are(rule: Rule, request: pytest.FixtureRequest) -> None:
    file, cases = DOCS / f"{rule.ID}.md", HERE / "cases" / rule.ID
    page = filled(file.read_text(encoding="utf-8"), cases)
    if request.config.getoption("--update-golden"):
        file.write_text(page, encoding="utf-8")
    assert file.read_text(encoding="utf-8") == page
    assert {name.partition("-")[0] for name in shown(page)} == {"bad", "ok"}


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.ID)
def test_a_page_says_what_why_and_what_to_do(rule: Rule) -> None:
    page = (DOCS / f"{rule.ID}.md").read_text(encoding="utf-8")
    headings = [line for line in page.splitlines() if line.startswith("## ")]
    assert headings == ["## Why it is dangerous", "## Bad", "## Good", "## What to do"]
    assert page.startswith(f"# {rule.ID}\n\n")
