"""A preview as the comment of a pull request: the verdict in the first line, details folded.

What it begins with is for machines: by it the comment is found again, and the gate's state is known
to whoever posts it.
"""

from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import quote

from modelgate.engine.results import Outcome
from modelgate.findings import Verdict
from modelgate.report import changes, words
from modelgate.report.graph import mermaid, picture
from modelgate.report.previews import sections
from modelgate.report.previews.fitting import Part, cut, fitted
from modelgate.report.previews.outcome import OPEN, Preview, exit_code, headline, worst_first
from modelgate.report.previews.sections import Section
from modelgate.report.safe import block, code, folded, lines, markdown, plain
from modelgate.report.text import labelled
from modelgate.report.words import Line
from modelgate.topology.changes import Comparison, ResourceChange

MARKER: Final = "<!-- modelgate preview "
_SIGNS: Final = {0: "✅", 1: "❌"}
_HEAD: Final = ("environment", "resources", "protected", "exposed", "undecided", "gate")
_OPENLY: Final = 3
_MOST_ROWS: Final = 50
_LONGEST: Final = 400
_DIFF: Final = {"create": "+", "delete": "-"}


def marker(project: str) -> str:
    """What a comment on `project` begins with."""
    return f"{MARKER}{quote(project, safe='').replace('-', '%2D')} "


def text(previews: Sequence[Preview], project: str, last: str) -> str:
    """The whole comment. `project` tells it from those of other projects, `last` is its end."""
    return fitted(_parts(previews, project, last))


def _parts(previews: Sequence[Preview], project: str, last: str) -> Iterator[Part]:
    ordered = worst_first(previews)
    yield Part(f"{marker(project)}exit={exit_code(previews)} -->\n{_title(ordered[0])}")
    yield Part("\n".join(_table(previews)))
    for preview in ordered:
        yield from _opened(preview)
    for preview in ordered:
        yield from _folded(preview)
    yield Part(_last_line(previews, last))


def _title(worst: Preview) -> str:
    sign = "⚠️" if worst.exit_code == 0 and worst.doubtful else _SIGNS.get(worst.exit_code, "❌")
    said = headline(worst)
    if worst.error:  # all else in a headline is ours
        said = markdown(cut(" ".join(lines(said)), _LONGEST))
    return f"### {sign} {code(cut(worst.stack, 100))}: {said}"


def _table(previews: Sequence[Preview]) -> Iterator[str]:
    yield f"| {' | '.join(_HEAD)} |"
    yield "|---" * len(_HEAD) + "|"
    for preview in worst_first(previews)[:_MOST_ROWS]:
        yield f"| {' | '.join(_row(preview))} |"
    if len(previews) > _MOST_ROWS:
        yield f"| and {len(previews) - _MOST_ROWS} more |" + " |" * (len(_HEAD) - 1)


def _row(preview: Preview) -> Iterator[str]:
    change, stack = preview.comparison, code(cut(preview.stack, 100))
    yield f"{stack} ({preview.environment})" if preview.environment else stack
    if change is None:
        yield from ("?",) * 4
    else:
        counts, before = sections.counts(change), change.before
        yield _resources(change)
        was, now, *_ = counts[Verdict.PROTECTED]
        total = len(change.after.report.doors)
        old = f" (was {was} of {len(before.report.doors)})" if before else ""
        yield f"{now} of {total}{old}"
        yield from (_moved(*counts[verdict]) for verdict in OPEN)
    yield "passes" if preview.exit_code == 0 else f"**{_stopped(preview)}**"


def _stopped(preview: Preview) -> str:
    if preview.comparison is None:
        return "not judged"
    failed = preview.run and preview.run.outcome in (Outcome.FAILED, Outcome.CANCELLED)
    return f"preview {preview.run.outcome}" if preview.run and failed else "rejected"


def _resources(change: Comparison) -> str:
    counted = {sign: 0 for operation, sign in changes.SIGNS.items() if operation != "import"}
    for resource in change.resources:
        sign = changes.SIGNS.get(resource.operation, "")
        counted[sign] = counted.get(sign, 0) + 1
    return " ".join(f"{sign}{count}" for sign, count in counted.items() if sign)


def _moved(_before: int, _after: int, introduced: int, fixed: int, unchanged: int) -> str:
    if not introduced + fixed + unchanged:
        return "0"
    new = f"**{introduced} introduced**" if introduced else "0 introduced"
    return f"{new}, {fixed} fixed, {unchanged} unchanged"


def _opened(preview: Preview) -> Iterator[Part]:
    """What a reviewer must not miss: not folded, but for what is too much of it."""
    where = code(cut(preview.stack, 100))
    if preview.error:
        said = "\n".join(filter(None, (preview.error.message, preview.error.hint)))
        yield Part(f"**Not judged: {where}**\n\n{block(cut(said, 10 * _LONGEST))}")
    failed = preview.run and preview.run.outcome is Outcome.FAILED
    for one in preview.run.diagnostics if preview.run and failed else ():
        if one.severity == "error":
            yield Part(f"**The preview of {where} failed**\n\n{block(cut(one.message, 4000))}", 2)
    if preview.comparison is None:
        return
    change = preview.comparison
    yield from _several(preview, list(sections.introduced(change)), "introduced", 1)
    yield from _several(preview, list(sections.altered(change)), "changed", 2)
    if change.limits:
        rows = [
            f"| {' | '.join(code(cut(cell, 100)) for cell in row)} |" for row in _limits(change)
        ]
        head = [f"**Limits of {where}**\n", f"| {' | '.join(sections.LIMIT_COLUMNS)} |"]
        yield Part("\n".join([*head, "|---" * 4 + "|", *rows]), 2, _left_out("limits", preview))


def _limits(change: Comparison) -> list[tuple[str, str, str, str]]:
    return sections.limits(change)[: 2 * _MOST_ROWS]


def _several(preview: Preview, found: list[Section], word: str, rank: int) -> Iterator[Part]:
    """The first ones open, the others folded."""
    where = code(cut(preview.stack, 100))
    for section in found[:_OPENLY]:
        text = _section(section, f"{word.capitalize()} in {where}")
        yield Part(text, rank, _left_out(cut(section.title, 100), preview))
    if rest := found[_OPENLY:]:
        inner = "\n\n".join(_section(section, word.capitalize()) for section in rest)
        title = f"{cut(preview.stack, 100)}: {len(rest)} more {word}"
        yield Part(folded(title, inner), rank + 2, _left_out(title, preview))


def _folded(preview: Preview) -> Iterator[Part]:
    change, stack = preview.comparison, cut(preview.stack, 100)
    if change is None:
        return
    if closed := sections.fixed(change):
        inner = block("\n".join(labelled(closed.lines, indent=0)))
        yield Part(folded(f"{stack}: fixed ({len(closed.lines)})", inner), 4)
    if open_ := change.doors.unchanged(*OPEN):
        told = (line for door in open_ for line in (Line(str(door.verdict), words.title(door)),))
        inner = block("\n".join(labelled(told, indent=0)))
        yield Part(folded(f"{stack}: open before and after ({len(open_)})", inner), 4)
    if change.doors.changed:
        title = f"{stack}: doors ({len(change.doors.changed)} changed)"
        inner = "\n\n".join([_counts(change), block("\n".join(_doors(change)), "diff")])
        yield Part(folded(title, inner), 6, _left_out(title, preview))
        yield from _topology(stack, change)
    if change.resources:
        title = f"{stack}: resource diff ({len(change.resources)})"
        inner = block("\n".join(_diff(change.resources)), "diff")
        yield Part(folded(title, inner), 7, _left_out(title, preview))
    if footers := sections.unknowns(preview):
        inner = block("\n".join(labelled(footers, indent=0)))
        yield Part(folded(f"{stack}: assumptions and unknowns ({len(footers)})", inner), 5)


def _counts(change: Comparison) -> str:
    rows: list[tuple[str, ...]] = [("doors", *sections.COLUMNS), ("---",) * 6]
    rows += [(str(verdict), *map(str, row)) for verdict, row in sections.counts(change).items()]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _doors(change: Comparison) -> Iterator[str]:
    """Each door that changes, as it was and as it would be."""
    for pair in change.doors.changed:
        if pair.before:
            yield f"- {pair.before.verdict:<9} {plain(pair.before.name)}"
        if pair.after:
            yield f"+ {pair.after.verdict:<9} {plain(pair.after.name)}"


def _topology(stack: str, change: Comparison) -> Iterator[Part]:
    """The way to the doors that are new or other than before."""
    changed = [pair.after for pair in change.doors.changed if pair.after]
    drawn = picture(change.after.analysis, changed)
    chart = mermaid.text(drawn)
    if changed and not mermaid.too_big(drawn, chart):
        title = f"{stack}: topology of what changes"
        yield Part(folded(title, f"```mermaid\n{chart}\n```"), 6)


def _section(section: Section, before: str) -> str:
    """The reason, what to paste, the way out; where exactly it is stays folded."""
    said = [f"**{before}:** {code(cut(section.title, _LONGEST))}"]
    said += [markdown(line.text) for line in section.lines if line.label == "because"]
    literal = [line.text for line in section.lines if line.literal]
    said += [block("\n".join(literal), "sh")] if literal else []
    said += [f"Fix: {markdown(line.text)}" for line in section.lines if line.label == "fix"]
    rest = [
        line for line in section.lines if not (line.literal or line.label in ("because", "fix"))
    ]
    if rest:
        said.append(folded("where", block("\n".join(labelled(rest, indent=0)))))
    return "\n\n".join(said)


def _left_out(what: str, preview: Preview) -> str:
    command = code(f"modelgate preview -s {cut(preview.stack, 100)}")
    return f"{markdown(what)}: too long for a comment, {command} shows it"


def _diff(resources: Sequence[ResourceChange]) -> Iterator[str]:
    """As a diff: what only moves gets the sign that a diff has for it."""
    for resource in resources:
        yield f"{_DIFF.get(resource.operation, '!')} {resource.operation} {plain(resource.what)}"
        for item in resource.fields:
            yield from (f"{line[0]}     {plain(line[2:])}" for line in changes.field_lines(item))


def _last_line(previews: Sequence[Preview], last: str) -> str:
    against = dict.fromkeys(preview.against for preview in previews)
    parts = [f"compared with {', '.join(code(cut(one, 100)) for one in [*against][:_MOST_ROWS])}"]
    for preview in previews[:_MOST_ROWS]:
        stated = ", ".join(f"{name} {number}" for name, number in preview.versions.items())
        parts += [code(cut(f"{preview.stack}: {stated}", _LONGEST))] if stated else []
    return " · ".join([*parts, last])
