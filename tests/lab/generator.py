"""Random topologies that two implementations can disagree about: one number, one topology.

Small pools of hostnames, paths and headers, so that rules overlap, shadow each other and tie; only
forms that every API server accepts.
"""

from random import Random
from typing import Any

from modelgate.topology import Request

Body = dict[str, Any]

GATEWAY_API = "gateway.networking.k8s.io"
_HOSTNAMES = ("a.example.com", "b.example.com", "*.example.com", "*.b.example.com")
_HOSTS = ("a.example.com", "b.example.com", "x.example.com", "x.b.example.com", "A.example.com")
_PATHS = ("/", "/", "/v1", "/v1", "/v1/chat", "/v1/", "/v1/chat/completions", "/admin")
_REGEXES = ("/v1/.*", "/v[0-9]+/chat", "/a.*n")
_SENT = ("/", "/v1", "/v1/chat/completions", "/v1/chat?model=x", "/v12", "/admin", "/x/v1/chat")
_WHEN = (
    "request.method == 'POST'",
    "request.path.startsWith('/v1')",
    "request.url_path != '/admin'",
    "!request.path.contains('model')",
    "request.headers['x-tier'] == 'free'",
)
KEY = {"apiKey": {"selector": {"matchLabels": {"app": "maas"}}}}
_DENY = {"opa": {"rego": "allow = false"}}


def topology(number: int) -> tuple[list[Body], list[Request]]:
    """The objects of one topology, oldest first, and requests without credentials to it."""
    random = Random(number)
    bodies = [made("v1", "Namespace", name, "", None) for name in ("ingress", "llm")]
    bodies.append(
        made(
            f"{GATEWAY_API}/v1",
            "GatewayClass",
            "istio",
            "",
            {"controllerName": "istio.io/gateway-controller"},
        )
    )
    bodies.append(made("kuadrant.io/v1beta1", "Kuadrant", "kuadrant", "kuadrant-system", None))
    gateways = [_gateway(random, name) for name in ("maas", "second")[: random.choice((1, 1, 2))]]
    routes = [_route(random, f"r{index}", gateways) for index in range(random.randint(1, 3))]
    later = [*routes, *_policies(random, gateways, routes)]
    random.shuffle(later)
    bodies += [*gateways, *later, pool()]
    return bodies, _requests(random, gateways, routes)


def _gateway(random: Random, name: str) -> Body:
    listeners = []
    for index in range(random.choice((1, 1, 2, 3))):
        listener: Body = {
            "name": f"l{index}",
            "port": 80 + index,
            "protocol": "HTTP",
            "allowedRoutes": {"namespaces": {"from": "All"}},
        }
        if random.random() < 0.3:
            listener["hostname"] = random.choice(_HOSTNAMES)
        listeners.append(listener)
    spec = {"gatewayClassName": "istio", "listeners": listeners}
    return made(f"{GATEWAY_API}/v1", "Gateway", name, "ingress", spec)


def _route(random: Random, name: str, gateways: list[Body]) -> Body:
    chosen = random.sample(gateways, random.randint(1, len(gateways)))
    parents = []
    for gateway in chosen:
        parent = {"name": gateway["metadata"]["name"], "namespace": "ingress"}
        if random.random() < 0.25:
            parent["sectionName"] = random.choice(gateway["spec"]["listeners"])["name"]
        parents.append(parent)
    spec: Body = {"parentRefs": parents}
    if random.random() < 0.4:
        spec["hostnames"] = random.sample(_HOSTNAMES, random.randint(1, 2))
    spec["rules"] = [_rule(random, index) for index in range(random.randint(1, 3))]
    return made(f"{GATEWAY_API}/v1", "HTTPRoute", name, "llm", spec)


def _rule(random: Random, index: int) -> Body:
    backend = {"group": "inference.networking.k8s.io", "kind": "InferencePool", "name": "llama"}
    matches = [_match(random) for _ in range(random.choice((1, 1, 2)))]
    rule: Body = {"matches": matches, "backendRefs": [backend]}
    if random.random() < 0.3:
        rule["name"] = f"named-{index}"
    return rule


def _match(random: Random) -> Body:
    kind = random.choice(("PathPrefix", "PathPrefix", "Exact", "RegularExpression"))
    value = random.choice(_REGEXES if kind == "RegularExpression" else _PATHS)
    match: Body = {"path": {"type": kind, "value": value}}
    if random.random() < 0.2:
        match["method"] = random.choice(("GET", "POST"))
    if random.random() < 0.2:
        match["headers"] = [{"name": "X-Model", "value": random.choice(("big", "small"))}]
    if random.random() < 0.05:
        match["queryParams"] = [{"name": "model", "value": "x"}]
    return match


def _policies(random: Random, gateways: list[Body], routes: list[Body]) -> list[Body]:
    policies = []
    for index in range(random.choice((1, 1, 2, 2, 3, 4))):
        target = random.choice([*gateways, *gateways, *routes])
        reference = reference_to(target)
        if random.random() < 0.3:
            reference["sectionName"] = _section(random, target)
        namespace = target["metadata"]["namespace"]
        spec = {"targetRef": reference, **_block(random)}
        policies.append(made("kuadrant.io/v1", "AuthPolicy", f"p{index}", namespace, spec))
    return policies


def reference_to(target: Body) -> Body:
    """A policy's `targetRef`."""
    return {"group": GATEWAY_API, "kind": target["kind"], "name": target["metadata"]["name"]}


def _section(random: Random, target: Body) -> str:
    if target["kind"] == "Gateway":
        return str(random.choice(target["spec"]["listeners"])["name"])
    number = random.randrange(len(target["spec"]["rules"]))
    return str(target["spec"]["rules"][number].get("name", f"rule-{number + 1}"))


def _block(random: Random) -> Body:
    inner: Body = {"rules": _rules(random)}
    if random.random() < 0.25:
        inner["when"] = [{"predicate": random.choice(_WHEN)}]
    return in_a_block(random, inner, 0.5)


def in_a_block(random: Random, inner: Body, strategies: float) -> Body:
    """Bare, as defaults or as overrides; of the latter two `strategies` say how they combine."""
    block = random.choice(("bare", "defaults", "overrides"))
    if block == "bare":
        return inner
    if random.random() < strategies:
        inner["strategy"] = random.choice(("atomic", "merge"))
    return {block: inner}


def _rules(random: Random) -> Body:
    shape = random.random()
    if shape < 0.55:
        return {"authentication": {"keys": dict(KEY)}}
    if shape < 0.7:
        return {"authentication": {"public": {"anonymous": {}}}}
    if shape < 0.8:
        when = [{"predicate": random.choice(_WHEN)}]
        return {"authentication": {"keys": dict(KEY), "some": {"anonymous": {}, "when": when}}}
    if shape < 0.9:
        return {"authorization": {"never": dict(_DENY)}}
    return {"response": {"unauthenticated": {"message": {"value": "who are you"}}}}


def pool() -> Body:
    """The backend of every model."""
    spec = {
        "selector": {"matchLabels": {"app": "llama"}},
        "targetPorts": [{"number": 8000}],
        "endpointPickerRef": {"name": "llama-epp", "port": {"number": 9002}},
    }
    return made("inference.networking.k8s.io/v1", "InferencePool", "llama", "llm", spec)


def _requests(random: Random, gateways: list[Body], routes: list[Body]) -> list[Request]:
    """Most of them aim at a rule; the others at anything."""
    sent = []
    for _ in range(16):
        route = random.choice(routes)
        parent = random.choice(route["spec"]["parentRefs"])["name"]
        gateway = next(one for one in gateways if one["metadata"]["name"] == parent)
        listener = random.choice(gateway["spec"]["listeners"])
        aimed = random.random() < 0.8
        hostnames = [*route["spec"].get("hostnames", ()), *filter(None, [listener.get("hostname")])]
        host = random.choice(hostnames or _HOSTS) if aimed else random.choice(_HOSTS)
        match = random.choice(random.choice(route["spec"]["rules"])["matches"])
        path = str(match["path"]["value"]) + random.choice(("", "", "/x", "?model=x"))
        regular = match["path"]["type"] == "RegularExpression"
        sent.append(
            Request(
                host=host.replace("*", "x"),
                method=match.get("method", random.choice(("GET", "POST"))),
                scheme="http",
                port=listener["port"],
                path=path.replace("//", "/") if aimed and not regular else random.choice(_SENT),
                headers=random.choice(({}, {"x-model": "big"}, {"x-tier": "free"})),
                gateway=f"ingress/{parent}",
            )
        )
    return sent


def made(api_version: str, kind: str, name: str, namespace: str, spec: Body | None) -> Body:
    """An object; one of the whole cluster has the namespace ""."""
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    body: Body = {"apiVersion": api_version, "kind": kind, "metadata": metadata}
    return body if spec is None else {**body, "spec": spec}
