"""Every reference hits something: a policy its target, a route its listener and its backends.

A policy whose target does not exist is accepted by the API server and protects nothing; a
targetRef never leaves its own namespace. A pool in the wrong API group answers 500.
"""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches

from modelgate.findings import Confidence, Finding, Severity
from modelgate.topology import Analysis
from modelgate.topology.backends import POOL_GROUPS, resolve
from modelgate.topology.effective import AUTH_POLICY, Policy
from modelgate.topology.graph import Topology
from modelgate.topology.routes import Backend, Route
from modelgate.versions import table
from policies.model_paths import made_by_controller, rule_name

ID = "dangling-reference"
SUMMARY = "a targetRef, parentRef or backendRef hits nothing"
REMEDY = "name an object and section that exist, or give what is missing with `--with`"

Sections = Mapping[str, Sequence[str]]


def check(analysis: Analysis) -> Iterator[Finding]:
    topology = analysis.topology
    sections = dict(_sections(analysis))
    for policy in (*topology.auth_policies, *topology.limit_policies):
        if not made_by_controller(policy.object) and policy.target.rpartition("/")[2]:
            yield from _target(policy, sections)
    for route, parent, why in topology.refused:
        where = f" section {parent.section}" if parent.section else ""
        where += f" port {parent.port}" if parent.port else ""
        message = f"parentRef Gateway {parent.namespace}/{parent.name}{where}: {why}"
        yield _finding(route, message, Confidence.CERTAIN)
    for route in topology.routes:
        if not made_by_controller(route.object):
            for backend in _backends(route):
                yield from _backend(topology, route, backend)


def _sections(analysis: Analysis) -> Iterator[tuple[str, Sequence[str]]]:
    """What a policy may target: `Kind ns/name` with the names of its sections."""
    topology = analysis.topology
    for gateway in topology.gateways.values():
        yield f"Gateway {gateway.key}", [listener.name for listener in gateway.listeners]
    for route in topology.routes:
        yield route.ref, [rule_name(rule, analysis.world.behaviour) for rule in route.rules]


def _target(policy: Policy, sections: Sections) -> Iterator[Finding]:
    known = sections.get(policy.target)
    if known is None:
        message, confidence = _missing(policy, sections)
    elif policy.section and policy.section not in known:
        message, confidence = _no_section(policy, known), Confidence.CERTAIN
    else:
        return
    yield Finding(
        rule=ID,
        severity=Severity.HIGH if policy.object.kind == AUTH_POLICY else Severity.MEDIUM,
        resource=policy.object.ref,
        message=f"targetRef {policy.target}: {message}; the policy applies to nothing",
        remedy=REMEDY,
        source=policy.object.source,
        confidence=confidence,
    )


def _no_section(policy: Policy, known: Sequence[str]) -> str:
    names = ", ".join(known) or "none"
    message = f"no section {policy.section!r} (there are {names})"
    if not policy.target.startswith("Gateway "):
        message += ", as rules are named in the versions judged"
    return message


def _missing(policy: Policy, sections: Sections) -> tuple[str, Confidence]:
    kind, _, path = policy.target.partition(" ")
    name = path.rpartition("/")[2]
    elsewhere = [ref for ref in sections if ref.startswith(f"{kind} ") and ref.endswith(f"/{name}")]
    if elsewhere:
        message = f"{elsewhere[0]} is in another namespace, where a targetRef does not reach"
        return message, Confidence.CERTAIN
    near = get_close_matches(policy.target, sections, n=1, cutoff=0.8)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"it is not in view{hint}", Confidence.LIKELY


def _backends(route: Route) -> Iterator[Backend]:
    yield from dict.fromkeys(backend for rule in route.rules for backend in rule.backends)


def _backend(topology: Topology, route: Route, backend: Backend) -> Iterator[Finding]:
    if not backend.name or backend.ref in topology.settings.harmless:
        return
    target = resolve(topology, route, backend)
    missing = _absent(topology, backend)
    if target.closed:
        yield _finding(route, f"backendRef {backend.ref}: {target.closed}", Confidence.CERTAIN)
    elif missing:
        yield _finding(route, f"backendRef {backend.ref}: {missing}", Confidence.LIKELY)
    elif backend.kind == "InferencePool" and backend.group in POOL_GROUPS:
        yield from _read_by_istio(topology, route, backend)


def _absent(topology: Topology, backend: Backend) -> str:
    if backend.kind not in ("InferencePool", "Service"):
        return ""
    if topology.find(backend.kind, backend.namespace, backend.name, backend.group):
        return ""
    other = topology.find(backend.kind, backend.namespace, backend.name)
    if other is None:
        return "it is not in view"
    return f"it exists in group {_group(other.group)}, the route names {_group(backend.group)}"


def _group(name: str) -> str:
    return name or 'core ("")'


def _read_by_istio(topology: Topology, route: Route, backend: Backend) -> Iterator[Finding]:
    settings = topology.settings
    if "istio" not in settings.assume:
        return
    version = settings.version("istio")
    wanted = table().istio(version, upstream=settings.release.upstream).pool_group
    if backend.group != wanted:
        message = f"backendRef {backend.ref}: Istio {version} reads pools of {wanted}, "
        message += f"the route names {backend.group}"
        yield _finding(route, message, Confidence.LIKELY)


def _finding(route: Route, message: str, confidence: Confidence) -> Finding:
    return Finding(
        rule=ID,
        severity=Severity.MEDIUM,
        resource=route.ref,
        message=message,
        remedy=REMEDY,
        source=route.object.source,
        confidence=confidence,
    )
