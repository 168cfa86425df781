"""Random AuthPolicies and RateLimitPolicies: all blocks, strategies, conditions, identities."""

from random import Random
from typing import Any

from tests.lab.generator import KEY, in_a_block, made, reference_to

Body = dict[str, Any]

_PREDICATES = (
    "request.method == 'POST'",
    "request.method != 'GET'",
    "request.path.startsWith('/v1') || request.path.startsWith('/llm')",
    "!request.url_path.endsWith('/health')",
    "request.url_path == '/v1'",
    "request.path.contains('model=')",
    "request.host == 'a.example.com'",
    "request.host.endsWith('.example.com')",
    "'x-tier' in request.headers",
    "request.headers['x-tier'] == 'free'",
    "request.headers.exists(h, h.lowerAscii() == 'x-model' && request.headers[h] == 'big')",
    "request.url_path.matches('^/v1/.*')",
    "request.url_path.size() > 4",
    "request.query == 'model=x'",
    "request.method in ['GET', 'HEAD']",
    "source.address.startsWith('10.')",
    "request.scheme == 'https'",
    "true",
    "false",
)
_PATTERNS: tuple[Body, ...] = (
    {"selector": "request.path", "operator": "matches", "value": "^/v1"},
    {"selector": "request.method", "operator": "eq", "value": "POST"},
    {"selector": "request.headers.x-tier", "operator": "neq", "value": "free"},
    {"selector": "request.headers.x-model", "operator": "incl", "value": "big"},
    {"selector": "request.url_path", "operator": "eq", "value": "/v1"},
    {"selector": "context.request.http.host", "operator": "eq", "value": "a.example.com"},
)
_IDENTITIES: tuple[Body, ...] = (
    KEY,
    KEY,
    KEY,
    {"anonymous": {}},
    {"plain": {"selector": "request.headers.x-user"}},
    {"apiKey": KEY["apiKey"], "credentials": {"queryString": {"name": "key"}}},
)


def _target(random: Random, targets: list[Body]) -> tuple[Body, str]:
    target = random.choice(targets)
    reference = reference_to(target)
    if random.random() < 0.3:
        reference["sectionName"] = _section(random, target)
    namespace = target["metadata"]["namespace"]
    return reference, "team" if random.random() < 0.04 else namespace


def _section(random: Random, target: Body) -> str:
    if random.random() < 0.08:
        return "nothing"
    if target["kind"] == "Gateway":
        return str(random.choice(target["spec"]["listeners"])["name"])
    number = random.randrange(len(target["spec"]["rules"]))
    own = target["spec"]["rules"][number].get("name", f"rule-{number + 1}")
    return str(own) if random.random() < 0.8 else f"rule-{number + 1}"


def auth_policies(random: Random, gateways: list[Body], routes: list[Body]) -> list[Body]:
    """One to five, oldest first, each on any of the targets or on nothing that is there."""
    policies = []
    targets = [*gateways, *gateways, *routes]
    for index in range(random.choice((1, 2, 2, 3, 4, 5))):
        reference, namespace = _target(random, targets)
        spec = {"targetRef": reference, **_block(random)}
        policies.append(made("kuadrant.io/v1", "AuthPolicy", f"p{index}", namespace, spec))
    return policies


def limits(random: Random, gateways: list[Body], routes: list[Body]) -> list[Body]:
    """None to two RateLimitPolicies: they ask for no credentials, but they make action sets."""
    found = []
    for index in range(random.choice((0, 0, 1, 2))):
        reference, namespace = _target(random, [*gateways, *routes])
        limit: Body = {"rates": [{"limit": 5, "window": "1m"}]}
        if random.random() < 0.4:
            limit["when"] = [{"predicate": random.choice(_PREDICATES)}]
        spec: Body = {"limits": {"all": limit}}
        if random.random() < 0.3:
            spec = {random.choice(("defaults", "overrides")): spec}
        body = {"targetRef": reference, **spec}
        found.append(made("kuadrant.io/v1", "RateLimitPolicy", f"l{index}", namespace, body))
    return found


def _block(random: Random) -> Body:
    inner: Body = {"rules": _rules(random)}
    if random.random() < 0.3:
        chosen = random.sample(_PREDICATES, random.choice((1, 1, 2)))
        inner["when"] = [{"predicate": each} for each in chosen]
    if random.random() < 0.15:
        inner["patterns"] = {"named": {"allOf": [random.choice(_PATTERNS)]}}
    return in_a_block(random, inner, 0.6)


def _rules(random: Random) -> Body:
    """At least one section: the API server takes no policy without rules."""
    rules: Body = {}
    if random.random() < 0.75:
        count = random.choice((1, 1, 2))
        rules["authentication"] = {
            random.choice(("keys", "other", "public")): _identity(random) for _ in range(count)
        }
    if random.random() < 0.3:
        rules["authorization"] = {random.choice(("never", "only")): _authorization(random)}
    if random.random() < 0.1:
        rules["metadata"] = {"about": {"http": {"url": "http://127.0.0.1:1/none", "method": "GET"}}}
    if not rules or random.random() < 0.1:
        rules["response"] = {"unauthenticated": {"message": {"value": "who are you"}}}
    return rules


def _identity(random: Random) -> Body:
    identity = dict(random.choice(_IDENTITIES))
    if random.random() < 0.3:
        identity["when"] = [_condition(random)]
    if random.random() < 0.1:
        identity["priority"] = 1
    return identity


def _condition(random: Random) -> Body:
    shape = random.random()
    if shape < 0.5:
        return {"predicate": random.choice(_PREDICATES)}
    if shape < 0.8:
        return dict(random.choice(_PATTERNS))
    several = [dict(each) for each in random.sample(_PATTERNS, 2)]
    return {random.choice(("any", "all")): several}


def _authorization(random: Random) -> Body:
    body: Body = {"opa": {"rego": random.choice(("allow = false", "allow = true"))}}
    if random.random() < 0.5:
        body = {"patternMatching": {"patterns": [_condition(random)]}}
    if random.random() < 0.3:
        body["when"] = [_condition(random)]
    return body
