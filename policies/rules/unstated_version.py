"""A verdict in production rests on versions that somebody stated.

What a request meets depends on them; an unstated one is taken as the newest that is known, which
is the kindest guess.
"""

from collections.abc import Iterator

from modelgate.findings import Finding, Severity
from modelgate.topology import Analysis

ID = "unstated-version"
SUMMARY = "a version on which verdicts depend is not stated"
REMEDY = "state it: `versions` in the stack or the pack's configuration, or `--assume NAME=VERSION`"


def check(analysis: Analysis) -> Iterator[Finding]:
    settings, topology = analysis.settings, analysis.topology
    if not settings.production or not analysis.doors:
        return
    for name in settings.unstated:
        if name == "openshift-ai" and not topology.of("LLMInferenceService"):
            continue
        yield Finding(
            rule=ID,
            severity=Severity.MEDIUM,
            resource=f"version {name}",
            message=f"not stated: judged as {settings.version(name)}, the newest that is known",
            remedy=REMEDY,
            evidence=tuple(door.name for door in analysis.doors if door.depends_on_version),
        )
