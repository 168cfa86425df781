"""Random topologies with what the small ones leave out: TLS, gRPC, redirects, limits, expressions.

As in tests.lab.generator, one number is one topology, and pools of values are small. Forms that
Envoy changes before a filter sees them are left out.
"""

from collections.abc import Sequence
from random import Random
from typing import Any

from modelgate.topology import Request
from tests.lab.generator import GATEWAY_API, made, pool
from tests.lab.wider_policies import auth_policies, limits

Body = dict[str, Any]

_HOSTNAMES = ("a.example.com", "b.example.com", "*.example.com", "x.b.example.com")
_SERVICE = {"selector": {"app": "llama"}, "ports": [{"port": 80}]}
_PREFIXES = ("/", "/v1", "/v1/chat", "/llm", "/llm/qwen")
_ENDS = ("", "", "/", "/x", "x", "/chat/completions", "?model=x", "?a=1&model=y", "/health")
_HEADERS: tuple[dict[str, str], ...] = (
    {},
    {},
    {"x-model": "big"},
    {"x-tier": "free"},
    {"x-model": "bigger", "x-tier": "gold"},
    {"x-user": "admin"},
)


def topology(number: int) -> tuple[list[Body], list[Request]]:
    """The objects of one topology, oldest first, and requests without credentials to it."""
    random = Random(f"wider {number}")
    bodies = [made("v1", "Namespace", name, "", None) for name in ("ingress", "llm", "team")]
    istio = {"controllerName": "istio.io/gateway-controller"}
    bodies.append(made(f"{GATEWAY_API}/v1", "GatewayClass", "istio", "", istio))
    bodies.append(made("kuadrant.io/v1beta1", "Kuadrant", "kuadrant", "kuadrant-system", None))
    gateways = [_gateway(random, name) for name in ("maas", "second")[: random.choice((1, 1, 2))]]
    names = random.choices(("llama", "other", "third"), k=random.randint(1, 3))
    routes = _apart([_route(random, name, gateways) for name in names])
    later = [*routes, *auth_policies(random, gateways, routes), *limits(random, gateways, routes)]
    random.shuffle(later)
    bodies += [*gateways, *later, pool(), made("v1", "Service", "svc", "llm", _SERVICE)]
    return bodies, _requests(random, gateways, routes)


def _apart(routes: list[Body]) -> list[Body]:
    """Of two routes of one kind and name the second is left out."""
    found: dict[tuple[str, str], Body] = {}
    for route in routes:
        found.setdefault((route["kind"], route["metadata"]["name"]), route)
    return list(found.values())


def _gateway(random: Random, name: str) -> Body:
    listeners: list[Body] = []
    for index in range(random.choice((1, 2, 2, 3))):
        https = random.random() < 0.5
        listener: Body = {
            "name": f"l{index}",
            "protocol": "HTTPS" if https else "HTTP",
            "port": 443 if https else 80,
            "hostname": random.choice(_HOSTNAMES),
            "allowedRoutes": {"namespaces": {"from": "All"}},
        }
        if https:
            listener["tls"] = {"mode": "Terminate", "certificateRefs": [{"name": "certificate"}]}
        places = {(each["port"], each.get("hostname")) for each in listeners}
        if random.random() < 0.25 and (listener["port"], None) not in places:
            del listener["hostname"]
        if (listener["port"], listener.get("hostname")) not in places:
            listeners.append(listener)
    spec = {"gatewayClassName": "istio", "listeners": listeners}
    return made(f"{GATEWAY_API}/v1", "Gateway", name, "ingress", spec)


def _route(random: Random, name: str, gateways: list[Body]) -> Body:
    kind = "GRPCRoute" if random.random() < 0.2 else "HTTPRoute"
    chosen = random.sample(gateways, random.randint(1, len(gateways)))
    parents = []
    for gateway in chosen:
        parent: Body = {"name": gateway["metadata"]["name"], "namespace": "ingress"}
        listener = random.choice(gateway["spec"]["listeners"])
        if random.random() < 0.2:
            parent["sectionName"] = listener["name"]
        elif random.random() < 0.1:
            parent["port"] = listener["port"]
        parents.append(parent)
    spec: Body = {"parentRefs": parents}
    if random.random() < 0.5:
        spec["hostnames"] = random.sample(_HOSTNAMES, random.randint(1, 2))
    rule = _grpc_rule if kind == "GRPCRoute" else _rule
    spec["rules"] = [rule(random, index) for index in range(random.randint(1, 4))]
    return made(f"{GATEWAY_API}/v1", kind, name, "llm", spec)


def _grpc_rule(random: Random, index: int) -> Body:
    matches = [_grpc_match(random) for _ in range(random.choice((1, 1, 2)))]
    rule: Body = {"matches": matches, "backendRefs": [{"name": "svc", "port": 80}]}
    if random.random() < 0.1:
        del rule["matches"]
    return rule | ({"name": f"named-{index}"} if random.random() < 0.2 else {})


def _grpc_match(random: Random) -> Body:
    match: Body = {}
    if random.random() < 0.2:
        match["headers"] = [{"name": "x-model", "value": random.choice(("big", "small"))}]
    shape = random.random()
    if shape < 0.1:
        return match
    regex = shape < 0.35
    method: Body = {"type": "RegularExpression"} if regex else {}
    if shape < 0.8:
        method["service"] = random.choice(("v.", "l+m") if regex else ("v1", "llm"))
    if shape > 0.6 or "service" not in method or random.random() < 0.3:
        method["method"] = random.choice(("c.*t", "qwen") if regex else ("chat", "qwen"))
    return {**match, "method": method}


def _rule(random: Random, index: int) -> Body:
    if random.random() < 0.1:
        rule: Body = {"matches": [_match(random)]}
        rule["filters"] = [
            {"type": "RequestRedirect", "requestRedirect": {"scheme": "https", "statusCode": 301}}
        ]
    else:
        backend = {"group": "inference.networking.k8s.io", "kind": "InferencePool", "name": "llama"}
        matches = [_match(random) for _ in range(random.choice((1, 1, 2, 3)))]
        rule = {"matches": matches, "backendRefs": [backend]}
    if random.random() < 0.1:
        del rule["matches"]
    if random.random() < 0.25:
        rule["name"] = random.choice((f"named-{index}", f"rule-{random.randint(5, 9)}"))
    return rule


def _match(random: Random) -> Body:
    match: Body = {}
    if random.random() < 0.9:
        kind = random.choice(("PathPrefix", "PathPrefix", "PathPrefix", "Exact"))
        match["path"] = {"type": kind, "value": random.choice(_PREFIXES)}
    if random.random() < 0.25:
        match["method"] = random.choice(("GET", "POST", "DELETE"))
    if random.random() < 0.25:
        kind = random.choice(("Exact", "Exact", "RegularExpression"))
        value = random.choice(("big.*", "b.g") if kind == "RegularExpression" else ("big", "small"))
        match["headers"] = [{"type": kind, "name": "X-Model", "value": value}]
        if random.random() < 0.3:
            match["headers"].append({"name": "x-tier", "value": "free"})
    if random.random() < 0.1:
        match["queryParams"] = [{"name": "model", "value": random.choice(("x", "y"))}]
    return match


def _requests(random: Random, gateways: list[Body], routes: list[Body]) -> list[Request]:
    """Most of them aim at a rule of a route; the others at anything."""
    return [_request(random, gateways, random.choice(routes)) for _ in range(20)]


def _request(random: Random, gateways: list[Body], route: Body) -> Request:
    parent = random.choice(route["spec"]["parentRefs"])
    gateway = next(one for one in gateways if one["metadata"]["name"] == parent["name"])
    listeners = gateway["spec"]["listeners"]
    named = [each for each in listeners if each["name"] == parent.get("sectionName")]
    listener = random.choice(named or listeners)
    protocol, port = listener["protocol"], listener["port"]
    host = _host(random, route["spec"].get("hostnames", ()), listener.get("hostname", "*"))
    sni = host if random.random() < 0.9 else listener.get("hostname", host).replace("*", "y")
    forms = (host, host, host, host, host.upper(), f"{host}:{port}", f"{host}:1")
    aimed = _aimed(random, random.choice(route["spec"]["rules"]))
    path = random.choice(_PREFIXES) + random.choice(_ENDS)
    return Request(
        host=random.choice(forms),
        method=aimed.get("method", random.choice(("GET", "POST", "POST", "DELETE"))),
        scheme=protocol.lower(),
        port=port,
        path=aimed.get("path", path.replace("//", "/")),
        headers={**random.choice(_HEADERS), **aimed.get("headers", {})},
        gateway=f"ingress/{parent['name']}",
        sni=sni if protocol == "HTTPS" else "",
    )


def _host(random: Random, hostnames: Sequence[str], listener: str) -> str:
    """Mostly one that both the route and the listener have."""
    both = [name for name in (*hostnames, listener) if name != "*" and random.random() < 0.9]
    exact = [name for name in both if not name.startswith("*")]
    return random.choice(exact or both or _HOSTNAMES).replace("*", "x")


def _aimed(random: Random, rule: Body) -> Body:
    """Parts of a request that the rule asks for, most of the time."""
    if "matches" not in rule or random.random() < 0.15:
        return {}
    match = random.choice(rule["matches"])
    method, headers = match.get("method"), match.get("headers", ())
    found: Body = {"headers": {each["name"].lower(): each["value"] for each in headers}}
    if isinstance(method, str):
        found["method"] = method
    elif method is not None:
        found["method"], found["headers"]["content-type"] = "POST", "application/grpc"
        service = random.choice(("v1", "llm", "other/v1"))
        called = random.choice(("chat", "qwen", "any", "x/chat"))
        found["path"] = f"/{service}/{called}"
    if "path" in match:
        query = "?model=x" if "queryParams" in match else ""
        end = random.choice(_ENDS) if match["path"]["type"] != "Exact" else ""
        found["path"] = (match["path"]["value"] + (query or end)).replace("//", "/")
    return found
