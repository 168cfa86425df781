"""What the documents point at is there, and what they claim is what the code says."""

import re
from collections.abc import Iterator
from pathlib import Path

from modelgate.topology.assumptions import ALWAYS

ROOT = Path(__file__).parent.parent
LINK = re.compile(r"\]\(([^)\s]+)\)")
BLOCK = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)


def pages() -> Iterator[Path]:
    yield from sorted(ROOT.glob("*.md"))
    yield from sorted((ROOT / "docs").rglob("*.md"))


def prose(page: Path) -> str:
    return BLOCK.sub("", page.read_text())


def anchors(page: Path) -> set[str]:
    """Of its headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def broken(page: Path) -> Iterator[str]:
    for link in LINK.findall(prose(page)):
        path, _, anchor = link.partition("#")
        if "://" in link:
            continue
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            yield f"{page.relative_to(ROOT)}: {link}"


def test_every_link_leads_somewhere() -> None:
    assert [link for page in pages() for link in broken(page)] == []


def test_concepts_names_every_assumption() -> None:
    page = " ".join((ROOT / "docs" / "concepts.md").read_text().split())
    assert [text for text in ALWAYS if text not in page] == []


def test_the_ten_lines_of_the_readme_are_those_of_the_configuration_page() -> None:
    readme, page = (
        (ROOT / "README.md").read_text(),
        (ROOT / "docs" / "configuration.md").read_text(),
    )
    lines = re.search(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert lines
    assert lines[1] in readme
