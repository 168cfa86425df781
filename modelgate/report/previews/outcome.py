"""The gate's state follows from the judgement and the engine, never from how they are shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from modelgate.engine.results import Outcome, Run
from modelgate.errors import ModelgateError
from modelgate.findings import Verdict
from modelgate.report import words
from modelgate.topology.changes import Comparison
from policies.judgement import rejects

OPEN: Final = (Verdict.EXPOSED, Verdict.UNDECIDED)
CANCELLED: Final = 130
STATE: Final = "the last deployed state"
_ENDED: Final = {
    Outcome.SUCCEEDED: "",
    Outcome.REJECTED: "",
    Outcome.FAILED: "the preview failed; ",
    Outcome.CANCELLED: "the preview was cancelled; ",
}


@dataclass(frozen=True, slots=True)
class Preview:
    """One stack: the comparison where it could be judged, the run where there was an engine.

    `against` says what it is compared with, `unknown` what could not be known, `versions` which
    versions were stated.
    """

    stack: str
    environment: str = ""
    comparison: Comparison | None = None
    run: Run | None = None
    error: ModelgateError | None = None
    against: str = STATE
    unknown: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """0 passes the gate, 1 is rejected or has failed, 130 is cancelled; else the error's."""
        if self.error:
            return self.error.exit_code
        if self.run and self.run.outcome is not Outcome.SUCCEEDED:
            return CANCELLED if self.run.outcome is Outcome.CANCELLED else 1
        return 1 if self.comparison and rejects(self.comparison.after.report) else 0

    @property
    def doubtful(self) -> bool:
        """It passes, and yet there is something to look at."""
        change = self.comparison
        return change is not None and bool(
            change.doors.introduced(*OPEN) or change.introduced or change.interruptions
        )


def exit_code(previews: Sequence[Preview]) -> int:
    """Of all: rejected or failed comes before what could not be judged."""
    codes = {preview.exit_code for preview in previews}
    return next((code for code in (CANCELLED, 1, 3, 2) if code in codes), 0)


def worst_first(previews: Sequence[Preview]) -> list[Preview]:
    """Rejected, then not judged, then doubtful; else in the order that was asked for."""
    order = (CANCELLED, 1, 3, 2, 0)
    return sorted(previews, key=lambda one: (order.index(one.exit_code), not one.doubtful))


def headline(preview: Preview) -> str:
    """What the change does to those who get in, and whether the gate lets it through."""
    if preview.error:
        return f"the preview failed, nothing was judged: {preview.error.message}"
    assert preview.comparison is not None
    ended = _ENDED[preview.run.outcome] if preview.run else ""
    return f"{ended}{_effect(preview.comparison)} ({decision(preview)})"


def decision(preview: Preview) -> str:
    """The environment and the gate's state."""
    if preview.comparison is None:
        return "not judged"
    if preview.run and preview.run.outcome is Outcome.REJECTED:
        return f"{preview.environment}: rejected by the policy pack"
    if preview.run and preview.run.outcome is not Outcome.SUCCEEDED:
        return f"{preview.environment}: stopped"
    return words.decision(preview.comparison.after.report)


def _effect(change: Comparison) -> str:
    subject = "this change" if change.before else "this first deployment"
    doors = change.doors
    if opened := len(doors.introduced(Verdict.EXPOSED)):
        return f"{subject} opens {_doors(opened)} to requests without credentials"
    if doubted := len(doors.introduced(*OPEN)):
        return f"{subject} adds {_doors(doubted)} that could not be proved closed"
    closed, open_ = len(doors.fixed(*OPEN)), len(doors.unchanged(*OPEN))
    rest = f"; {_doors(open_)} {'was' if open_ == 1 else 'were'} open before" if open_ else ""
    return f"{subject} opens no door{f' and closes {closed}' if closed else ''}{rest}"


def _doors(count: int) -> str:
    return "1 door" if count == 1 else f"{count} doors"
