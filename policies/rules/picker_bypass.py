"""A route that goes through a picker asks it, and in the one body mode that it answers.

What goes wrong here answers 200: Envoy passes a picker by when it cannot be asked, and any pod
serves the request. Or nothing answers at all: a picker since inference extension 0.4.0 says
nothing before the end of the body, and with BUFFERED it never gets one.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from modelgate.findings import Confidence, Finding, Severity
from modelgate.releases import Release
from modelgate.topology import Analysis, Object
from modelgate.topology.graph import Topology
from modelgate.topology.opaque import ROOT_NAMESPACES, reaches
from modelgate.topology.values import mapping
from modelgate.versions import table
from policies.ext_proc_patches import ISTIO_GROUP, Patch, ext_proc_patches
from policies.picker_overrides import Flaw, override_flaws
from policies.pool_routes import EnvoyRoute, envoy_routes

ID = "picker-bypass"
SUMMARY = "requests pass the endpoint picker by, or hang before it"
REMEDY = "delete the EnvoyFilter: a picker that Envoy can reach and trust needs none"


def check(analysis: Analysis) -> Iterator[Finding]:
    routes = list(envoy_routes(analysis))
    for obj in analysis.topology.of("EnvoyFilter"):
        patches = list(ext_proc_patches(obj)) if obj.group == ISTIO_GROUP else []
        if patches:
            yield from _filter(obj, patches, _reached(obj, routes, analysis), analysis)
    yield from _cors(routes)


def _reached(obj: Object, routes: Sequence[EnvoyRoute], analysis: Analysis) -> list[EnvoyRoute]:
    """Rules on the gateways that `obj` changes; none where what leads to pools is not known yet."""
    gateways = analysis.topology.gateways.items()
    keys = {key for key, gateway in gateways if reaches(obj, gateway)}
    found = [route for route in routes if route.gateway in keys]
    unknown = any(analysis.topology.unknowns.get(route.route.ref) for route in found)
    return [] if unknown and not any(route.to_pool for route in found) else found


def _filter(
    obj: Object, patches: Sequence[Patch], seen: Sequence[EnvoyRoute], analysis: Analysis
) -> Iterator[Finding]:
    if seen and not any(route.to_pool for route in seen):
        return
    release = analysis.settings.release
    found: dict[Flaw, list[str]] = {}
    for patch in patches:
        taken = [istio for istio in _istios(analysis) if patch.applies(istio)]
        likely = not seen or len(taken) < len(_istios(analysis))
        flaws = list(_flaws(patch, seen, release, analysis.topology)) if taken else []
        flaws += [_everywhere(patch)] if taken and not _selects(obj) else []
        for flaw in flaws:
            key = replace(flaw, likely=flaw.likely or likely)
            found.setdefault(key, []).extend([patch.route] if patch.route else [])
    for flaw, names in found.items():
        yield _finding(obj, flaw, names)


def _istios(analysis: Analysis) -> Sequence[str]:
    """The stated version of Istio, or all that may be meant."""
    stated = analysis.settings.assume.get("istio")
    return [stated] if stated else table().supported("istio")


def _selects(obj: Object) -> bool:
    """Whether it is for some proxies only; in the mesh's own namespace one without is for all."""
    labels = mapping(obj.spec.get("workloadSelector")).get("labels")
    chosen = [one for one in (labels, obj.spec.get("targetRefs")) if one not in (None, {}, [])]
    return bool(chosen) or obj.namespace not in ROOT_NAMESPACES


def _everywhere(patch: Patch) -> Flaw:
    return Flaw(
        Severity.HIGH if patch.base else Severity.MEDIUM,
        "has no selector: in Istio's root namespace it changes every proxy of the mesh",
        "add a workloadSelector with gateway.networking.k8s.io/gateway-name, one for each gateway",
    )


def _flaws(
    patch: Patch, routes: Sequence[EnvoyRoute], release: Release, topology: Topology
) -> Iterator[Flaw]:
    if patch.unknown:
        message = f"{patch.unknown} is not known before the update: whether models keep their "
        yield Flaw(Severity.MEDIUM, f"{message}picker is not decided", likely=True)
    elif patch.base:
        yield from _base(patch, routes)
    else:
        hit = [route for route in routes if patch.route in ("", route.name)]
        through = [route for route in hit if route.to_pool]
        if routes and not through:
            yield from _misses(routes, hit, topology)
        else:
            yield from override_flaws(patch, through, release)


def _misses(
    routes: Sequence[EnvoyRoute], hit: Sequence[EnvoyRoute], topology: Topology
) -> Iterator[Flaw]:
    """A name of another release, or an index that has moved."""
    if any(topology.unknowns.get(route.route.ref) for route in routes):
        return
    names = ", ".join(sorted({route.name for route in routes if route.to_pool}))
    what = "patches a rule that goes to no picker" if hit else "patches a route that does not exist"
    message = f"{what}; through a picker go {names}"
    yield Flaw(Severity.MEDIUM, message, "name the rules as this release and route do")


def _base(patch: Patch, routes: Sequence[EnvoyRoute]) -> Iterator[Flaw]:
    """The listener's filter: routes of pools have an override of their own, all others have not."""
    remedy = "leave the listener's filter as Istio writes it; patch routes (HTTP_ROUTE) if any"
    if patch.operation == "REMOVE":
        message = "removes the filter that asks pickers: any pod answers"
        yield Flaw(Severity.HIGH, message, remedy)
    elif patch.cluster or patch.sends:
        others = sorted({route.name for route in routes if not route.to_pool})
        which = f" ({', '.join(others)})" if others else ""
        message = "changes the filter of the listener: routes of pools have their own override, and"
        message += f" every other route{which} asks {patch.cluster or 'the cluster dummy'} now: "
        message += "its POSTs wait until the time-out, its GETs get a pick or 500"
        yield Flaw(Severity.HIGH, message, remedy)
    elif patch.config.get("failure_mode_allow") is False and patch.operation == "MERGE":
        message = "failure_mode_allow: false is merged into true, which changes nothing"
        yield Flaw(Severity.LOW, message, "set failureMode: FailClose on the InferencePool")


def _cors(routes: Iterable[EnvoyRoute]) -> Iterator[Finding]:
    """Istio writes CORS over the picker's override (route.go, TranslateRoute; still so in 1.31)."""
    rules: dict[Object, dict[str, None]] = {}
    for route in routes:
        if route.to_pool and route.rule.cors:
            rules.setdefault(route.route.object, {})[route.name] = None
    message = "a CORS filter takes the picker away from the rule: any pod answers"
    for obj, names in rules.items():
        flaw = Flaw(Severity.HIGH, message, "answer CORS on a route without an InferencePool")
        yield _finding(obj, flaw, names)


def _finding(obj: Object, flaw: Flaw, names: Iterable[str]) -> Finding:
    shown = ", ".join(dict.fromkeys(names))
    return Finding(
        rule=ID,
        severity=flaw.severity,
        resource=obj.ref,
        message=f"{flaw.message} (routes: {shown})" if shown else flaw.message,
        remedy=flaw.remedy or REMEDY,
        source=obj.source,
        confidence=Confidence.LIKELY if flaw.likely else Confidence.CERTAIN,
    )
