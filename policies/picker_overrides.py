"""What an override of ext_proc on a pool's route does to its picker.

The override replaces Istio's whole (protobuf maps are merged by entry), so what it does not say
comes from the listener's filter: a cluster `dummy` that does not exist, headers and bodies that
are not sent, and fail-open. Seen with Envoy 1.36.4 and 1.40.0.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from modelgate.findings import Severity
from modelgate.releases import Release
from policies.ext_proc_patches import Patch
from policies.pool_routes import EnvoyRoute

NAMES = "name the picker of each model in a patch for its routes alone, or leave them to Istio"


@dataclass(frozen=True, slots=True)
class Flaw:
    """One flaw of a patch; an empty remedy stands for the rule's own."""

    severity: Severity
    message: str
    remedy: str = ""
    likely: bool = False


def override_flaws(patch: Patch, routes: Sequence[EnvoyRoute], release: Release) -> Iterator[Flaw]:
    """Flaws of an override of `routes`, which go through a picker; none of them may be in view."""
    if patch.config.get("disabled") is True:
        yield Flaw(Severity.HIGH, "switches the picker off: any pod answers")
    elif not patch.cluster:
        message = "an override without grpc_service asks the cluster dummy, which does not exist"
        yield Flaw(Severity.HIGH, f"{message}: any pod answers, and the picker is never asked")
    else:
        found = [*_picker(patch, routes), *_modes(patch, release)]
        yield from found
        if patch.overrides.get("failure_mode_allow") is True:
            yield from _fail_open(routes, found)


def _picker(patch: Patch, routes: Sequence[EnvoyRoute]) -> Iterator[Flaw]:
    """Whether the picker that is asked is that of every model whose route this is."""
    others = {
        route.route.ref: ", ".join(sorted(route.clusters))
        for route in routes
        if route.clusters and not any(patch.cluster.startswith(one) for one in route.clusters)
    }
    for ref, clusters in others.items():
        message = f"sends requests of {ref} to {patch.cluster}; its picker is {clusters}"
        yield Flaw(Severity.HIGH, message, NAMES)
    named = [route for route in routes if route.rule.name == patch.route != ""]
    if not patch.route:
        message = "names no route: every route of the gateway asks this picker"
        yield Flaw(Severity.HIGH, message, NAMES)
    elif named and not others:
        message = "names a rule as every model's route does: the next model's requests go to this "
        yield Flaw(Severity.MEDIUM, f"{message}picker too", NAMES)


def _modes(patch: Patch, release: Release) -> Iterator[Flaw]:
    body, answer = patch.mode("request_body") or "NONE", patch.mode("response_body") or "NONE"
    known = release.picker.body_modes
    if "processing_mode" not in patch.overrides or patch.mode("request_header") == "SKIP":
        yield Flaw(Severity.HIGH, "sends the picker no headers: it is not heard, any pod answers")
    elif body not in known:
        picker = f"the picker of {release.title} (inference extension "
        picker += f"{release.picker.inference_extension}) answers {' and '.join(known)} only"
        message = f"request_body_mode {body}: {picker}; while it can be reached completions hang "
        message += "until the time-out and then pass it by, and while it cannot, any pod answers"
        yield Flaw(Severity.HIGH, message)
    elif answer not in ("NONE", *known):
        message = f"response_body_mode {answer}: the picker answers {' and '.join(known)} only"
        yield Flaw(Severity.HIGH, f"{message}, and Envoy ends the response with 500")


def _fail_open(routes: Sequence[EnvoyRoute], beside: Sequence[Flaw]) -> Iterator[Flaw]:
    """Graver than the default only where the pool says otherwise; nothing to add to other flaws."""
    message = "failure_mode_allow: true: a picker that cannot be reached is passed by"
    if any(route.closed for route in routes):
        yield Flaw(Severity.HIGH, f"{message}, though the pool says failureMode: FailClose")
    elif not beside:
        remedy = "set it to false, and failureMode: FailClose on the pool"
        yield Flaw(Severity.LOW, message, remedy)
