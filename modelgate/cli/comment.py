"""`modelgate comment`: puts a preview where it is reviewed, and ends with the preview's gate."""

import os
import re
from pathlib import Path
from typing import Final

import click

from modelgate.cli import output
from modelgate.cli.selecting import project_option
from modelgate.engine.project import read_project
from modelgate.errors import ModelgateError
from modelgate.inputs import files
from modelgate.report.previews.as_comment import MARKER, marker
from modelgate.report.previews.fitting import LIMIT, cut
from modelgate.report.safe import block

NOT_JUDGED: Final = 3
_HEAD: Final = re.compile(rf"({re.escape(MARKER)}\S+ )exit=(\d+) -->")
_FOLDED: Final = "\n\n<details>"
_REST: Final = "\n\nThe rest is too long for a comment: it is in the summary of the job."


@click.command()
@click.argument("file", default=files.STDIN)
@click.option("--pull-request", default="", metavar="NUMBER", help="By default the job's own.")
@click.option("--dry-run", is_flag=True, help="Print what would be posted, and where.")
@project_option
def comment(file: str, pull_request: str, dry_run: bool, project: Path) -> int:
    """Post the Markdown of a preview as the one comment on a pull request, or update it.

    FILE is what `modelgate preview -o markdown` wrote; by default stdin. On GitHub and GitLab;
    where no comment can be written the text goes to the summary of the job. Exits as the preview
    did.
    """
    from modelgate import forge

    text = _text(file, project)
    head = _HEAD.match(text)
    assert head is not None
    told = forge.here(os.environ, pull_request)
    if dry_run:
        output.note(f"dry run: nothing is posted to {told.name if told else 'any pull request'}")
        output.answer(text)
    else:
        posted = told is not None and forge.post(told, head[1], _short(text), output.note)
        if told is None:
            output.note("no comment: no pull request, or no token, in this environment")
        if not posted or len(text) > LIMIT:
            _to_summary(text)
    return int(head[2])


def _text(file: str, project: Path) -> str:
    """The preview's text; what is none becomes one that says so."""
    try:
        found = "\n".join(text.content for text in files.read([file])).strip()
    except ModelgateError as error:
        found = error.message
    if _HEAD.match(found):
        return found
    try:
        name = read_project(project).name
    except ModelgateError:
        name = "unknown"
    said = f"\n\n{block(cut(found, LIMIT // 2))}" if found else ""
    return (
        f"{marker(name)}exit={NOT_JUDGED} -->\n"
        f"### ❌ nothing was judged: the preview ended before it could say anything{said}"
    )


def _short(text: str) -> str:
    """What a forge takes: where it is too much, what comes before the first folded part."""
    if len(text) <= LIMIT:
        return text
    head = text.partition(_FOLDED)[0]
    room = LIMIT - len(_REST)
    return (head if len(head) <= room else head[:room].rpartition("\n\n")[0]) + _REST


def _to_summary(text: str) -> None:
    """GitHub's summary of the job; elsewhere the job's own log."""
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if not summary:
        output.answer(text)
        return
    with Path(summary).open("a", encoding="utf-8") as file:
        file.write(f"{text}\n")
    output.note("the report is in the summary of the job")
