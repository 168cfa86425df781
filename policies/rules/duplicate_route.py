"""A model's path on a gateway belongs to one route.

Where KServe's managed route and one of our own match the same requests, the older one serves and
the other never does: filters, timeouts and policies of the loser are dead, until it is re-created.
"""

from collections.abc import Iterator

from modelgate.findings import Finding, Severity
from modelgate.topology import Analysis
from modelgate.topology.doors import places
from modelgate.topology.routes import Match, Route
from policies.model_paths import made_by_controller

ID = "duplicate-route"
SUMMARY = "KServe's managed route and another one match the same requests on one gateway"
REMEDY = "remove the gateway from `router.gateway.refs`, or remove the other HTTPRoute"


def check(analysis: Analysis) -> Iterator[Finding]:
    seen: dict[tuple[int, Match], list[Route]] = {}
    reported: set[tuple[str, str, str]] = set()
    for place in places(analysis.world):
        route, match = place.entry.attachment.route, place.entry.match
        if not place.entry.rule.backends:
            continue
        others = seen.setdefault((id(place.vhost), match), [])
        for other in others:
            key = (place.proxy.gateway.key, *sorted((route.ref, other.ref)))
            own = _own(route, other)
            if own is not None and key not in reported:
                reported.add((key[0], key[1], key[2]))
                managed = other if own is route else route
                yield _finding(own, managed, place.proxy.gateway.key, match)
        others.append(route)


def _own(one: Route, other: Route) -> Route | None:
    """Of a managed route and one of our own, ours; None for any other pair."""
    managed = [made_by_controller(route.object) for route in (one, other)]
    return None if managed[0] == managed[1] else other if managed[0] else one


def _finding(own: Route, managed: Route, gateway: str, match: Match) -> Finding:
    return Finding(
        rule=ID,
        severity=Severity.MEDIUM,
        resource=own.ref,
        message=f"matches {match.kind} {match.path} on Gateway {gateway}, as the managed "
        f"{managed.ref} does: the older one serves",
        remedy=REMEDY,
        source=own.object.source,
        evidence=(managed.ref,),
    )
