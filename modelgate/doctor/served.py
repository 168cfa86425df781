"""Whether the API serves a kind, and in a version that somebody here uses."""

from collections.abc import Iterator, Mapping

from modelgate.doctor.kinds import Kind
from modelgate.doctor.results import Problem
from modelgate.doctor.view import View

Versions = Mapping[Kind, tuple[str, ...]]
"""Kind to the versions of which one must be served; empty for any."""


def missing(view: View, wanted: Versions, fix: str) -> Iterator[Problem]:
    """A problem for each kind that is not served, or in other versions only."""
    for kind, versions in wanted.items():
        served = view.snapshot.served.get(kind)
        if served is None:
            yield Problem(f"CustomResourceDefinition {kind} is missing", fix)
        elif versions and not set(versions) & set(served):
            yield Problem(
                f"{kind} is served as {', '.join(served)}; {' or '.join(versions)} is needed", fix
            )
