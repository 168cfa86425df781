"""A stack on both sides of a change; what stands in one stack's way keeps no other from being told.

As it is: the last deployed state, or another version out of git. As it would be: what the engine's
preview saw, or the program alone.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from modelgate.cli.selecting import Asked
from modelgate.errors import ConfigurationError, ModelgateError
from modelgate.inputs import Selection, View, gather, stated_versions
from modelgate.report.changes import resources
from modelgate.report.previews import Preview
from modelgate.topology.changes import Comparison, ResourceChange, Side, compare, object_changes

if TYPE_CHECKING:
    from modelgate.engine.automation import Options
    from modelgate.engine.results import Run

NO_CLUSTER: Final = (
    "the cluster was not asked: whether it accepts the objects, which of them exist already, and "
    "what has been changed by hand"
)
NOT_ENDED: Final = (
    "the preview did not come to its end: what would be is what the program declares, and not all "
    "of the resources below were looked at"
)
NO_ENGINE: Final = (
    "the engine was not asked: what is deployed, and which objects would be replaced, not updated"
)


@dataclass(frozen=True, slots=True)
class Judging:
    """Which project, and under which settings of the policy pack both sides are judged."""

    project: Path
    policy_config: Path | None = None

    def side(self, stack: str, view: View) -> Side:
        """Raises ConfigurationError for settings and versions that cannot be read."""
        from modelgate.topology import analyze
        from policies.judgement import report

        how = Asked(self.project, stack, policy_config=self.policy_config).judgement(view)
        analysis = analyze(view.objects, how.settings)
        return Side(analysis, report(analysis, how.accepted), view.notes)

    def compare(
        self, stack: str, before: View | None, after: View, changes: Sequence[ResourceChange]
    ) -> Comparison:
        """`before` is None where nothing was there."""
        was = self.side(stack, before) if before and before.objects else None
        return compare(was, self.side(stack, after), changes)


def with_engine(
    judging: Judging, stacks: Iterable[str], options: Callable[[str], "Options"]
) -> list[Preview]:
    """The engine's preview of each stack, beside its last deployed state."""
    from modelgate.engine.results import Outcome

    previews: list[Preview] = []
    for stack in stacks:
        run = None
        try:
            run = _run(judging.project, stack, options(stack))
            previews.append(_previewed(judging, stack, run))
        except ModelgateError as error:
            previews.append(Preview(stack, run=run, error=error))
        if run and run.outcome is Outcome.CANCELLED:
            break
    return previews


def _run(project: Path, stack: str, options: "Options") -> "Run":
    from modelgate.engine import automation

    return automation.preview(project, stack, options)


def _previewed(judging: Judging, stack: str, run: "Run") -> Preview:
    from modelgate.engine.failures import unreachable
    from modelgate.engine.project import read_project, read_stack

    unknown = [NO_CLUSTER] if unreachable(run.diagnostics) else []
    place = f"Pulumi.{stack}.yaml"
    if run.declared is None:
        unknown.append(NOT_ENDED)
        after = gather(Selection(project=judging.project, stack=stack))
    else:
        config = read_stack(read_project(judging.project), stack).values
        said = tuple(one.message for one in run.diagnostics if one.severity == "info")
        after = View(run.declared, place, stated_versions(config, stack, place), said)
    before = replace(after, objects=run.deployed or (), notes=())
    change = judging.compare(stack, before, after, resources(run))
    return _told(stack, change, run=run, unknown=tuple(unknown))


def between_versions(judging: Judging, stacks: Sequence[str], ref: str) -> list[Preview]:
    """Each stack as the program declares it, beside the version where `ref` parted from it."""
    from modelgate.inputs import revisions

    with revisions.checked_out(judging.project, ref) as base:
        known = [stack for stack in _stacks(base.root) if stack in stacks]
        old, new = revisions.evaluate([(base.root, known), (judging.project.resolve(), stacks)])
    previews = []
    for stack in stacks:
        try:
            before = _evaluated(old[stack]) if stack in old else None
            after = _evaluated(new[stack])
            changes = object_changes(before.objects if before else (), after.objects)
            change = judging.compare(stack, before, after, changes)
            previews.append(_told(stack, change, unknown=(NO_ENGINE,), against=base.name))
        except ModelgateError as error:
            previews.append(Preview(stack, error=error, against=base.name))
    return previews


def _stacks(root: Path) -> list[str]:
    """Those of that version; it may have had no project yet."""
    from modelgate.engine.project import read_project

    with suppress(ConfigurationError):
        return read_project(root).stacks()
    return []


def _evaluated(found: "View | ModelgateError") -> View:
    if isinstance(found, ModelgateError):
        raise found
    return found


def _told(stack: str, change: Comparison, **more: Any) -> Preview:
    settings = change.after.analysis.settings
    versions = {name: settings.version(name) for name in settings.assume}
    return Preview(
        stack=stack,
        environment=settings.environment,
        comparison=change,
        versions=versions,
        **more,
    )
