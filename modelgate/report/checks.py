"""Several stacks in one table, then in full those that are not closed or not judged."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from modelgate.errors import ConfigurationError, ModelgateError
from modelgate.findings import Verdict
from modelgate.report import as_json, markdown, text, words
from modelgate.report.safe import code, lines, plain
from modelgate.report.tables import columns
from modelgate.topology.answers import Report
from policies.judgement import rejects

SCHEMA: Final = "modelgate/checks/v1"
_HEAD: Final = ("stack", "environment", "verdict", *(str(one).lower() for one in Verdict), "gate")


@dataclass(frozen=True, slots=True)
class Checked:
    """One stack: its report, or why there is none."""

    stack: str
    report: Report | None = None
    error: ModelgateError | None = None

    @property
    def exit_code(self) -> int:
        """As for one stack alone."""
        if self.error:
            return self.error.exit_code
        return 1 if self.report and rejects(self.report) else 0


def exit_code(checked: Sequence[Checked]) -> int:
    """1 where one is rejected, else that of the first that was not judged, else 0."""
    codes = [one.exit_code for one in checked]
    return 1 if 1 in codes else next((code for code in codes if code), 0)


def rendered(checked: Sequence[Checked], form: str) -> str:
    """Raises ConfigurationError for a form that holds one report only."""
    forms = {"table": _text, "markdown": _markdown, "json": _json}
    if form not in forms:
        raise ConfigurationError(f"-o {form} holds one report", "give one stack")
    return forms[form](checked)


def _text(checked: Sequence[Checked]) -> str:
    rows = [[plain(cell) for cell in _row(one)] for one in checked]
    parts = ["\n".join(columns([_HEAD, *rows]))]
    for one in checked:
        if one.error:
            parts.append("\n".join(lines(f"{one.stack}: {one.error}")))
        elif one.report and _notable(one.report):
            parts.append(f"{plain(one.stack)}: {text.check(one.report)}")
    return "\n\n".join(parts)


def _markdown(checked: Sequence[Checked]) -> str:
    rows = [f"| {' | '.join(code(cell) for cell in _row(one))} |" for one in checked]
    parts = ["\n".join([f"| {' | '.join(_HEAD)} |", "|---" * len(_HEAD) + "|", *rows])]
    parts += [
        f"## {code(one.stack)}\n\n{markdown.check(one.report)}"
        for one in checked
        if one.report and _notable(one.report)
    ]
    return "\n\n".join(parts)


def _json(checked: Sequence[Checked]) -> str:
    stacks: list[dict[str, Any]] = [
        {
            "stack": one.stack,
            "exit_code": one.exit_code,
            "error": {"message": one.error.message, "hint": one.error.hint} if one.error else None,
            "check": as_json.check_document(one.report) if one.report else None,
        }
        for one in checked
    ]
    document = {"schema": SCHEMA, "exit_code": exit_code(checked), "stacks": stacks}
    return json.dumps(document, indent=2)


def _row(one: Checked) -> Iterator[str]:
    yield one.stack
    report = one.report
    if report is None:
        yield from ("?",) * (len(_HEAD) - 2)
        yield "not judged"
        return
    counted = Counter(door.verdict for door in report.doors)
    yield from (report.environment, str(report.verdict) if report.doors else "NO DOORS")
    yield from (str(counted[verdict]) for verdict in Verdict)
    yield words.decision(report).partition(": ")[2]


def _notable(report: Report) -> bool:
    return rejects(report) or report.verdict in words.REJECTING_VERDICTS
