"""A preview for people, as plain text: the effect first, then what opened, closed and moved."""

from collections.abc import Iterator, Sequence
from typing import Final

from modelgate.findings import Verdict
from modelgate.report import changes
from modelgate.report.previews import sections
from modelgate.report.previews.outcome import OPEN, Preview, headline
from modelgate.report.previews.sections import Section
from modelgate.report.safe import lines, plain
from modelgate.report.tables import columns
from modelgate.report.text import labelled
from modelgate.topology.changes import Comparison

_HEAD: Final = ("stack", "environment", "exposed", "undecided", "protected", "gate")


def text(previews: Sequence[Preview]) -> str:
    """Every stack in full; where there are several, one table before them."""
    parts = ["\n".join(_whole(preview)) for preview in previews]
    return "\n\n\n".join([table(previews), *parts] if len(parts) > 1 else parts)


def table(previews: Sequence[Preview]) -> str:
    """One line a stack."""
    return "\n".join(columns([_HEAD, *(_row(preview) for preview in previews)]))


def _row(preview: Preview) -> tuple[str, ...]:
    change = preview.comparison
    name, gate = plain(preview.stack), "passes" if preview.exit_code == 0 else "stopped"
    if change is None:
        return (name, preview.environment or "?", "?", "?", "?", "not judged")
    moved = sections.counts(change)
    cells = (_moved(*moved[verdict][:3]) for verdict in (*OPEN, Verdict.PROTECTED))
    return (name, preview.environment, *cells, gate)


def _moved(before: int, after: int, introduced: int) -> str:
    new = f", {introduced} introduced" if introduced else ""
    return f"{after}{new}" if before == after else f"{after} (was {before}{new})"


def _whole(preview: Preview) -> Iterator[str]:
    yield from lines(f"{preview.stack}: {headline(preview)}")
    if preview.error and preview.error.hint:
        yield from (f"  hint: {line}" for line in lines(preview.error.hint))
    if preview.comparison:
        yield f"compared with {plain(preview.against)}"
        yield from ("", *_counts(preview.comparison))
        yield from _changes(preview.comparison)
    if preview.run:
        yield from ("", changes.text(preview.run))
    elif preview.comparison and preview.comparison.resources:
        yield from ("", *changes.resource_lines(preview.comparison.resources))
    footers = list(labelled(sections.unknowns(preview), indent=0))
    yield from ["", *footers] if footers else []


def _counts(change: Comparison) -> Iterator[str]:
    rows = ((str(verdict), *map(str, row)) for verdict, row in sections.counts(change).items())
    yield from columns([("doors", *sections.COLUMNS), *rows])


def _changes(change: Comparison) -> Iterator[str]:
    for section in sections.introduced(change):
        yield from _section(section, "introduced ")
    for section in sections.altered(change):
        yield from _section(section)
    if change.limits:
        rows = [[plain(cell) for cell in row] for row in sections.limits(change)]
        yield from ("", "limits", *columns([sections.LIMIT_COLUMNS, *rows]))
    if closed := sections.fixed(change):
        yield from _section(closed)


def _section(section: Section, before: str = "") -> Iterator[str]:
    yield from ("", f"{before}{plain(section.title)}", *labelled(section.lines))
