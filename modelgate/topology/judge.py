"""Who gets in: from objects to doors with verdicts, and from requests to answers.

Pure: the same call serves the policy pack, the command line, the cluster and the tests.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from modelgate.findings import Verdict
from modelgate.topology.answers import Answer, Door, Request
from modelgate.topology.derive import derive
from modelgate.topology.doors import gateway_doors
from modelgate.topology.explain import explain, explain_worst
from modelgate.topology.fields import Flaw, conform
from modelgate.topology.graph import Topology, build
from modelgate.topology.interpreter import World, program_all, under
from modelgate.topology.objects import Object
from modelgate.topology.settings import Behaviour, Exemption, Settings, behaviour
from modelgate.topology.side_doors import side_doors
from modelgate.versions import table


@dataclass(frozen=True, slots=True)
class Analysis:
    """Everything the rules read: what was given, what it means, and the doors, worst first."""

    settings: Settings
    topology: Topology
    world: World
    doors: tuple[Door, ...]
    flaws: tuple[Flaw, ...]
    unmatched: tuple[Exemption, ...]

    @property
    def expired(self) -> tuple[Exemption, ...]:
        return tuple(item for item in self.settings.exemptions if item.until < self.settings.today)


def analyze(objects: Sequence[Object], settings: Settings) -> Analysis:
    """The judgement of `objects`. Raises ConfigurationError for versions that cannot be read."""
    topology, flaws = _topology(objects, settings)
    world = program_all(topology)
    unsure = (*_unreadable(flaws), *_twice(objects), *_unknown(topology))
    doors = [*gateway_doors(world), *side_doors(topology), *unsure]
    doors = _with_versions(world, doors)
    doors, unmatched = _exempted(doors, settings)
    doors.sort(key=lambda door: (door.verdict.rank, door.name))
    return Analysis(settings, topology, world, tuple(doors), tuple(flaws), tuple(unmatched))


def trace(
    objects: Sequence[Object], settings: Settings, requests: Iterable[Request]
) -> list[Answer]:
    """The worst answer to each request, in order; credentials in it are taken as valid."""
    world = program_all(_topology(objects, settings)[0])
    return [explain_worst(world, request) for request in requests]


def trace_everywhere(
    objects: Sequence[Object], settings: Settings, request: Request
) -> list[Answer]:
    """The answer to one request at each gateway that could serve it, the worst first."""
    return explain(program_all(_topology(objects, settings)[0]), request)


def _topology(objects: Sequence[Object], settings: Settings) -> tuple[Topology, list[Flaw]]:
    kept: list[Object] = []
    flaws: list[Flaw] = []
    for obj in objects:
        stored, found = conform(obj)
        flaws += found
        if not any(flaw.refused for flaw in found):
            kept.append(stored)
    kept += derive(kept, settings.release, settings.version("istio"))
    return build(kept, settings), flaws


DECIDING = frozenset(
    {"Gateway", "GatewayClass", "HTTPRoute", "GRPCRoute", "AuthPolicy", "Namespace", "Service"}
    | {"InferencePool", "TLSRoute", "TCPRoute", "ListenerSet", "EnvoyFilter"}
)
"""Kinds of which one of two contents would be judged by chance."""


def _unreadable(flaws: Iterable[Flaw]) -> Iterator[Door]:
    for flaw in flaws:
        if flaw.refused:
            reason = f"{flaw.object.ref}: {flaw.path}: {flaw.message}"
            yield _undecided(flaw.object, reason)


def _twice(objects: Iterable[Object]) -> Iterator[Door]:
    seen: dict[tuple[str, str, str, str], Object] = {}
    for obj in objects:
        if obj.kind not in DECIDING:
            continue
        first = seen.setdefault((obj.group, obj.kind, obj.namespace, obj.name), obj)
        if first is not obj and _content(first) != _content(obj):
            where = " and ".join(filter(None, (first.source, obj.source)))
            yield _undecided(obj, f"{obj.ref} is given twice with different content ({where})")


def _content(obj: Object) -> tuple[Mapping[str, Any], Any]:
    return obj.spec, obj.metadata.get("labels") if obj.kind == "Namespace" else None


def _unknown(topology: Topology) -> Iterator[Door]:
    for obj in topology.objects:
        for path in topology.unknowns.get(obj.ref, ())[:1]:
            yield _undecided(obj, f"{obj.ref}: {path} is not known before the update")


def _undecided(obj: Object, reason: str) -> Door:
    return Door(Verdict.UNDECIDED, reason, route=obj.ref, source=obj.source, opened_by=obj.ref)


def _exempted(doors: list[Door], settings: Settings) -> tuple[list[Door], list[Exemption]]:
    matched: set[int] = set()
    result = []
    for door in doors:
        open_ = door.verdict in (Verdict.EXPOSED, Verdict.UNDECIDED)
        covering = [item for item in settings.exemptions if open_ and item.covers(door.name)]
        matched.update(id(item) for item in covering)
        valid = next((item for item in covering if item.until >= settings.today), None)
        result.append(_exempt(door, valid) if valid else door)
    return result, [item for item in settings.exemptions if id(item) not in matched]


def _exempt(door: Door, by: Exemption) -> Door:
    reason = f"open on purpose until {by.until} ({by.owner}): {by.reason}"
    return replace(door, verdict=Verdict.EXEMPT, reason=reason)


def _with_versions(world: World, doors: list[Door]) -> list[Door]:
    """Says beside each door which other supported version would change its verdict."""
    notes: dict[str, list[str]] = {}
    verdicts = {door.name: door.verdict for door in doors}
    for label, other in _alternatives(world.topology):
        for door in gateway_doors(under(world, other)):
            if verdicts.get(door.name, door.verdict) is not door.verdict:
                witness = f": `Host: {door.request.host}`" if door.request else ""
                notes.setdefault(door.name, []).append(f"{label} it is {door.verdict}{witness}")
    return [
        replace(door, depends_on_version="; ".join(notes[door.name]))
        if door.name in notes
        else door
        for door in doors
    ]


def _alternatives(topology: Topology) -> list[tuple[str, Behaviour]]:
    """One representative of every other behaviour that matters here, among supported versions."""
    settings = topology.settings
    current = _effects(settings.behaviour, topology)
    stated = {name: settings.version(name) for name in TITLES}
    found: dict[tuple[object, ...], tuple[list[str], Behaviour]] = {}
    for component in TITLES:
        for version in table().supported(component):
            versions = {**stated, component: version}
            other = behaviour(versions["kuadrant"], versions["gateway-api"])
            effects = _effects(other, topology)
            if effects != current:
                found.setdefault((component, *effects), ([], other))[0].append(version)
    return [
        (f"with {TITLES[str(key[0])]} {', '.join(versions)}", other)
        for key, (versions, other) in found.items()
    ]


TITLES = {"kuadrant": "Kuadrant", "gateway-api": "Gateway API"}


def _effects(item: Behaviour, topology: Topology) -> tuple[object, ...]:
    """What `item` changes for these objects: equal tuples give equal verdicts."""
    rules = [rule for route in topology.routes for rule in route.rules]
    named = any(rule.name for rule in rules)
    queried = any(match.query for rule in rules for match in rule.matches)
    return (
        item.host_case_sensitive,
        item.first_colon_cut,
        item.grpc_routes or not any(route.is_grpc for route in topology.routes),
        item.query_match_answers_500 or not queried,
        (item.rule_names_kept and item.rule_names_used) or not named,
    )
