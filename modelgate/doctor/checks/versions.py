"""Versions decide what a manifest means: one that is known to open or to break is told.

An entry of the version table counts where what it speaks of is in view; it is a failure where it
opens and a version without it is known.
"""

from collections.abc import Iterator

from modelgate.doctor.check import Layer
from modelgate.doctor.kinds import Kind
from modelgate.doctor.results import Problem, Result, judged, warning
from modelgate.doctor.view import View
from modelgate.topology.settings import VERSIONED
from modelgate.version_entries import KnownBad
from modelgate.version_ranges import Version
from modelgate.versions import table

ID = "versions"
TITLE = "no version in use is known to open or to break what is here"
LAYER = Layer.CLUSTER
NEEDS: tuple[str, ...] = ("kubernetes-api",)
READS: tuple[Kind, ...] = ()
WAY_OUT = "state the version in the stack's settings, so that nothing is guessed"
WAITS = False

_RULE = "known-bad-version"


def run(view: View) -> Result:
    problems = [*_known_bad(view), *_otherwise_declared(view), *_unknown(view)]
    said = ", ".join(f"{name} {version}" for name, version in sorted(view.versions.items()))
    return judged(problems, said)


def _known_bad(view: View) -> Iterator[Problem]:
    told = [one.message for one in view.report.findings if one.rule == _RULE]
    for entry in table().known_bad_among(view.versions):
        if any(message.startswith(f"{entry.id}:") for message in told):
            what = (
                f"{entry.component} {view.versions[entry.component]} {entry.effect}: {entry.what}"
            )
            fix = f"{entry.remedy} ({entry.source})"
            yield Problem(what, fix, fails=entry.effect == "opens" and _has_end(entry))


def _has_end(entry: KnownBad) -> bool:
    """Whether a version is known from which it no longer holds."""
    bounds = [bound for one in entry.ranges for bound in one.split()]
    return any(bound.startswith("<") and not bound.startswith("<=") for bound in bounds)


def _otherwise_declared(view: View) -> Iterator[Problem]:
    declared = view.snapshot.declared
    for name, version in (declared.versions if declared else {}).items():
        found = view.stated.get(name)
        if found and not _same(version, found.version):
            yield warning(
                f"{name} is {found.version} here ({found.where}), the stack says {version}",
                "correct the stack's settings: what is declared depends on the version",
            )


def _same(one: str, other: str) -> bool:
    """Equal as far as the shorter one goes: 3.2 is what 3.2.1 is called."""
    places = min(one.count("."), other.count(".")) + 1
    return Version(one).numbers[:places] == Version(other).numbers[:places]


def _unknown(view: View) -> Iterator[Problem]:
    parts = table().components
    for name, version in sorted(view.versions.items()):
        if name in parts and (note := parts[name].note(version)):
            yield warning(note, "compare docs/versions.md with the release notes")
    if view.release is None:
        yield warning("which OpenShift AI or KServe this is cannot be told")
    for name in VERSIONED:
        if name in parts and name not in view.versions:
            yield warning(
                f"{parts[name].title} does not say its version; {parts[name].newest} is assumed"
            )
