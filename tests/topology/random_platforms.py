"""Hypothesis draws platforms that are small enough for the naive judge and odd enough to matter."""

from typing import Any

from hypothesis import strategies as st

from modelgate.topology import Object
from tests.topology.platforms import GATEWAY_API, base, made, pool

PORTS = (80, 81)
HOSTNAMES = (None, "a.ex.com", "b.ex.com", "*.ex.com", "*.a.ex.com")
ROUTED = ("a.ex.com", "b.ex.com", "*.ex.com", "c.a.ex.com")
PATHS = ("/", "/a", "/a/", "/a/b", "/ab")
PREDICATES = (
    "request.path.startsWith('/a')",
    "!(request.path.startsWith('/a/b'))",
    "request.path.endsWith('b')",
    "!(request.path.endsWith('z'))",
    "request.method == 'POST'",
    "!(request.method == 'GET')",
    "'x-a' in request.headers",
    "!('x-b' in request.headers)",
)


@st.composite
def matches(draw: st.DrawFn) -> dict[str, Any]:
    found: dict[str, Any] = {
        "path": {
            "type": draw(st.sampled_from(["PathPrefix", "PathPrefix", "Exact"])),
            "value": draw(st.sampled_from(PATHS)),
        }
    }
    if draw(st.integers(0, 3)) == 0:
        found["method"] = draw(st.sampled_from(["GET", "POST"]))
    if draw(st.integers(0, 3)) == 0:
        value = draw(st.sampled_from(["1", "2"]))
        found["headers"] = [{"name": "x-a", "value": value}]
    return found


@st.composite
def rules(draw: st.DrawFn) -> dict[str, Any]:
    found: dict[str, Any] = {
        "matches": draw(st.lists(matches(), min_size=1, max_size=2)),
        "backendRefs": [pool()],
    }
    name = draw(st.sampled_from(["", "", "one", "two", "rule-2"]))
    return {"name": name, **found} if name else found


@st.composite
def gateways(draw: st.DrawFn, name: str) -> Object:
    places = st.tuples(st.sampled_from(PORTS), st.sampled_from(HOSTNAMES))
    chosen = draw(st.lists(places, min_size=1, max_size=3, unique=True))
    listeners = [
        {
            "name": f"l{index}",
            "port": port,
            "protocol": "HTTP",
            **({"hostname": hostname} if hostname else {}),
            "allowedRoutes": {"namespaces": {"from": "All"}},
        }
        for index, (port, hostname) in enumerate(chosen)
    ]
    spec = {"gatewayClassName": "istio", "listeners": listeners}
    return made(f"{GATEWAY_API}/v1", "Gateway", name, "ingress", spec)


@st.composite
def routes(draw: st.DrawFn, name: str, named: list[str]) -> Object:
    parents = []
    for gateway in draw(st.lists(st.sampled_from(named), min_size=1, max_size=2, unique=True)):
        section = draw(st.sampled_from(["", "", "l0", "l1"]))
        parent = {"name": gateway, "namespace": "ingress"}
        parents.append({**parent, "sectionName": section} if section else parent)
    hostnames = draw(st.lists(st.sampled_from(ROUTED), max_size=2, unique=True))
    spec: dict[str, Any] = {"parentRefs": parents}
    if hostnames:
        spec["hostnames"] = hostnames
    spec["rules"] = draw(st.lists(rules(), min_size=1, max_size=3))
    return made(f"{GATEWAY_API}/v1", "HTTPRoute", name, "llm", spec)


@st.composite
def contents(draw: st.DrawFn) -> dict[str, Any]:
    """The rules and the `when` of a policy."""
    conditions = st.lists(st.sampled_from(PREDICATES), max_size=1)
    identities: dict[str, Any] = {}
    for name in draw(st.lists(st.sampled_from(["a", "b"]), max_size=2, unique=True)):
        if draw(st.integers(0, 3)):
            identities[name] = {"apiKey": {"selector": {"matchLabels": {"app": "maas"}}}}
        else:
            identities[name] = {"anonymous": {}}
            when = [{"predicate": item} for item in draw(conditions)]
            if when:
                identities[name]["when"] = when
    answer = {"unauthenticated": {"message": {"value": "no key"}}}
    inner: dict[str, Any] = (
        {"rules": {"authentication": identities}} if identities else {"rules": {"response": answer}}
    )
    when = [{"predicate": item} for item in draw(conditions)] if draw(st.booleans()) else []
    return {"when": when, **inner} if when else inner


@st.composite
def policies(
    draw: st.DrawFn, name: str, targets: list[tuple[str, str]], sections: bool = True
) -> Object:
    """A policy on one of `targets`, or on one of its listeners or rules."""
    kind, target = draw(st.sampled_from(targets))
    possible = ["", "", "l0", "l1"] if kind == "Gateway" else ["", "", "rule-1", "rule-2", "one"]
    section = draw(st.sampled_from(possible)) if sections else ""
    reference = {"group": GATEWAY_API, "kind": kind, "name": target}
    if section:
        reference["sectionName"] = section
    inner = draw(contents())
    block = draw(st.sampled_from(["", "defaults", "overrides"]))
    if block:
        inner = {block: {"strategy": draw(st.sampled_from(["atomic", "merge"])), **inner}}
    namespace = "ingress" if kind == "Gateway" else "llm"
    return made("kuadrant.io/v1", "AuthPolicy", name, namespace, {"targetRef": reference, **inner})


KEY = {"a": {"apiKey": {"selector": {"matchLabels": {"app": "maas"}}}}}


def key_policy(gateway: str, name: str, block: str = "") -> Object:
    """A policy that wants a key on all of `gateway`."""
    reference = {"group": GATEWAY_API, "kind": "Gateway", "name": gateway}
    inner: dict[str, Any] = {"rules": {"authentication": KEY}}
    spec = {"targetRef": reference, **({block: inner} if block else inner)}
    return made("kuadrant.io/v1", "AuthPolicy", name, "ingress", spec)


@st.composite
def platforms(
    draw: st.DrawFn, sections: bool = True, most_policies: int = 3, block: str | None = None
) -> list[Object]:
    """One or two gateways, up to three routes, a few policies; one pool behind everything.

    With `block` every gateway has a policy that wants a key, in that block.
    """
    named = draw(st.sampled_from([["g0"], ["g0", "g1"]]))
    made_gateways = [draw(gateways(name)) for name in named]
    made_routes = [draw(routes(f"r{index}", named)) for index in range(draw(st.integers(1, 3)))]
    targets = [("Gateway", name) for name in named]
    targets += [("HTTPRoute", obj.name) for obj in made_routes]
    count = draw(st.integers(0, most_policies))
    made_policies = [draw(policies(f"p{index}", targets, sections)) for index in range(count)]
    if block is not None or draw(st.integers(0, 2)):
        made_policies += [key_policy(name, f"key-{name}", block or "") for name in named]
    return base(*made_gateways, *made_routes, *made_policies, without=GONE)


GONE = ("Gateway ingress/maas", "HTTPRoute llm/llama")
