"""What a run of the engine changes, or has changed, and why it was stopped."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from modelgate.engine.results import Change, Outcome, Run
from modelgate.report.safe import block, html, lines, plain

SCHEMA: Final = "modelgate/run/v1"
MANDATORY: Final = "mandatory"
_SIGN: Final = {"create": "+", "update": "~", "replace": "±", "delete": "-", "import": "="}
_QUIET: Final = frozenset({"same", "read", "refresh"})
_ENDED: Final = {
    Outcome.SUCCEEDED: "",
    Outcome.REJECTED: "rejected by the policy pack, nothing was changed",
    Outcome.FAILED: "failed",
    Outcome.CANCELLED: "cancelled",
}


def headline(run: Run) -> str:
    """How it ended and how much it changes, in a line."""
    ended = _ENDED[run.outcome]
    parts = [ended] if ended else []
    if run.outcome is not Outcome.REJECTED or run.operation == "preview":
        parts.append(_counts(run))
    return f"{run.operation} of {plain(run.stack)}: {', '.join(parts)} ({run.seconds:.0f} s)"


def text(run: Run) -> str:
    """The headline, a line for each change, then what the pack and the engine had to say."""
    return "\n".join(_text(run))


def markdown(run: Run) -> str:
    """The same for a pull request; the changes are folded."""
    first, *rest = _text(run)
    body = block("\n".join(rest).strip("\n")) if rest else ""
    return f"<details><summary>{html(first)}</summary>\n\n{body}\n\n</details>"


def document(run: Run) -> dict[str, Any]:
    """The run as JSON; outputs are left out, since they may hold what is secret."""
    return {
        "schema": SCHEMA,
        "operation": run.operation,
        "stack": run.stack,
        "outcome": str(run.outcome),
        "seconds": round(run.seconds, 1),
        "changes": [
            {
                "operation": change.operation,
                "type": change.type,
                "name": change.name,
                "urn": change.urn,
                "properties": list(change.properties),
                "done": change.done,
            }
            for change in run.changes
        ],
        "violations": [
            {"policy": one.policy, "level": one.level, "urn": one.urn, "message": one.message}
            for one in run.violations
        ],
        "diagnostics": [
            {"severity": one.severity, "urn": one.urn, "message": one.message}
            for one in run.diagnostics
        ],
    }


def _counts(run: Run) -> str:
    """What is planned, or what was done; what a failure or Ctrl-C has left undone is told."""
    if run.unchanged:
        return "no changes"
    planned = run.operation == "preview"
    changed = [change for change in run.changes if change.operation not in _QUIET]
    counted = Counter(change.operation for change in changed if planned or change.done)
    verb = "to {}" if planned else "{}d"
    parts = [f"{counted[word]} {verb.format(word)}" for word in _SIGN if counted[word]]
    undone = len(changed) - counted.total()
    same = len(run.changes) - len(changed)
    parts += [f"{undone} not done"] if undone else []
    parts += [f"{same} unchanged"] if same else []
    return ", ".join(parts)


def _text(run: Run) -> Iterator[str]:
    """What rejects a stack comes before what it would have changed; advice is only counted."""
    yield headline(run)
    for violation in run.violations:
        if violation.level == MANDATORY:
            yield from ("", f"{violation.level}[{plain(violation.policy)}]")
            yield from (f"  {line}" for line in lines(violation.message))
    changed = [change for change in run.changes if change.operation not in _QUIET]
    planned = run.operation == "preview"
    yield from ["", *(f"  {_change(change, planned)}" for change in changed)] if changed else []
    for diagnostic in run.diagnostics:
        if diagnostic.severity != "info":
            first, *rest = lines(diagnostic.message)
            yield from ("", f"{diagnostic.severity}: {first}")
            yield from (f"  {line}" for line in rest)
    if advice := sum(violation.level != MANDATORY for violation in run.violations):
        yield from (
            "",
            f"advice of the policy pack: {advice} (`modelgate check -s {plain(run.stack)}`)",
        )


def _change(change: Change, planned: bool) -> str:
    sign = _SIGN.get(change.operation, "?")
    what = f"{sign} {change.operation:<7} {plain(change.type)} {plain(change.name)}"
    named = ", ".join(plain(path) for path in change.properties)
    shown = f"{what} ({named})" if named and change.operation != "create" else what
    return shown if planned or change.done else f"{shown}: not done"
