"""What a run of the engine changes, or has changed, and why it was stopped."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from modelgate.engine.results import QUIET, Change, Outcome, Run
from modelgate.report.safe import lines, plain
from modelgate.topology.changes import FieldChange, ResourceChange, fields
from modelgate.topology.changes.objects import NOT_SHOWN

SCHEMA: Final = "modelgate/run/v1"
MANDATORY: Final = "mandatory"
SIGNS: Final = {"create": "+", "update": "~", "replace": "±", "delete": "-", "import": "="}
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
    changed = [change for change in run.changes if change.operation not in QUIET]
    counted = Counter(change.operation for change in changed if planned or change.done)
    verb = "to {}" if planned else "{}d"
    parts = [f"{counted[word]} {verb.format(word)}" for word in SIGNS if counted[word]]
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
    changed = resources(run)
    yield from ["", *resource_lines(changed)] if changed else []
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


def resources(run: Run) -> list[ResourceChange]:
    """What happens to each resource, or has happened, with the fields that differ."""
    planned = run.operation == "preview"
    return [
        ResourceChange(
            operation=change.operation,
            what=_what(change),
            fields=tuple(_fields(change)),
            deleted_first=change.deleted_first,
            left_out=not (planned or change.done),
        )
        for change in run.changes
        if change.operation not in QUIET
    ]


def resource_lines(changes: Iterable[ResourceChange]) -> Iterator[str]:
    """A line a resource, and below it what goes and what comes."""
    for change in changes:
        what = f"{SIGNS.get(change.operation, '?')} {change.operation:<7} {plain(change.what)}"
        yield f"  {what}: not done" if change.left_out else f"  {what}"
        for item in change.fields:
            yield from (f"      {plain(line)}" for line in field_lines(item))


def field_lines(item: FieldChange) -> Iterator[str]:
    """As in a diff."""
    if item.before is not None:
        yield f"- {item.path}: {item.before}"
    if item.after is not None:
        yield f"+ {item.path}: {item.after}"


def _what(change: Change) -> str:
    """`Kind ns/name` of a Kubernetes object, as the judge names it; else type and name."""
    shape = change.after or change.before or {}
    kind, metadata = shape.get("kind"), shape.get("metadata")
    if not (change.type.startswith("kubernetes:") and isinstance(kind, str)):
        return f"{change.type} {change.name}"
    named = metadata if isinstance(metadata, Mapping) else {}
    name, namespace = named.get("name"), named.get("namespace")
    shown = name if isinstance(name, str) else change.name
    return f"{kind} {namespace}/{shown}" if isinstance(namespace, str) else f"{kind} {shown}"


def _fields(change: Change) -> Iterator[FieldChange]:
    if change.before is None or change.after is None:
        return
    found = list(fields(change.before, change.after))
    yield from found or (FieldChange(path, NOT_SHOWN, NOT_SHOWN) for path in change.properties)
