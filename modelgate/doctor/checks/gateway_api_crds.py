"""Too old a CRD prunes fields that a policy relies on, without a word."""

from collections.abc import Iterator

from modelgate.doctor.check import Layer
from modelgate.doctor.kinds import (
    DEFINITION,
    GATEWAY,
    GATEWAY_API,
    GATEWAY_CLASS,
    HTTP_ROUTE,
    Kind,
)
from modelgate.doctor.results import Problem, Result, judged, warning
from modelgate.doctor.served import missing
from modelgate.doctor.view import View
from modelgate.version_ranges import Version
from modelgate.versions import table

ID = "gateway-api-crds"
TITLE = "the Gateway API is installed, in a version that is known"
LAYER = Layer.CLUSTER
NEEDS: tuple[str, ...] = ("kubernetes-api",)
READS: tuple[Kind, ...] = ()
WAY_OUT = "install the standard channel of the Gateway API; OpenShift 4.19 and later brings it"
WAITS = True

_GRANT = Kind("ReferenceGrant", GATEWAY_API, "referencegrants")
_WANTED: dict[Kind, tuple[str, ...]] = {
    GATEWAY_CLASS: ("v1",),
    GATEWAY: ("v1",),
    HTTP_ROUTE: ("v1",),
    _GRANT: ("v1beta1", "v1"),
}


def run(view: View) -> Result:
    version = view.stated.get("gateway-api")
    problems = [*missing(view, _WANTED, WAY_OUT)]
    if DEFINITION.resource not in view.snapshot.unread:
        problems += _version(version.version if version else "")
    return judged(problems, version.version if version else "")


def _version(version: str) -> Iterator[Problem]:
    known = table().components["gateway-api"]
    if not version:
        yield warning(
            "the CRDs do not say their version (gateway.networking.k8s.io/bundle-version)",
            "install them from a release, so that it can be told what they keep",
        )
    elif Version(version) < Version(known.versions[0]):
        yield Problem(
            f"Gateway API {version} is older than any that is known here ({known.versions[0]})"
        )
    elif note := known.note(version):
        yield warning(note, "compare docs/versions.md with the release notes")
