"""A trace tells the way that the judge decided, and why; nothing that it tells is a secret."""

import pytest

from modelgate.topology import Answer, Outcome, Request, Settings, read, trace, trace_everywhere
from tests.topology.guide_platform import CHAT, KEY, maas, said, traced
from tests.topology.vectors import Vector

ROUTE = "HTTPRoute my-first-model/qwen3-0-6b-kserve-route"
NAMESPACE = "namespace: openshift-ingress"
LIMITS = "RateLimitPolicy openshift-ingress/maas-limits: "
STATIONS = ("address", "gateway", "listener", "route", "rewrite", "policy", "identity")


def own_route(rule: str, name: str = "own", more: str = "") -> str:
    """A route beside the managed one, on the closed gateway."""
    return f"""\
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: {name}, namespace: my-first-model{more}}}
spec:
  parentRefs: [{{name: maas-gateway, namespace: openshift-ingress}}]
  rules:
    - matches: [{rule}]
      backendRefs: [{{name: qwen3-0-6b-kserve-workload-svc, port: 8000}}]
"""


def policy(name: str, target: str, block: str, namespace: str = "my-first-model") -> str:
    return f"""\
apiVersion: kuadrant.io/v1
kind: AuthPolicy
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  targetRef: {{group: gateway.networking.k8s.io, {target}}}
  {block}
"""


ANYBODY = "rules: {authentication: {anyone: {anonymous: {}}}}"


def test_every_station_of_the_way_is_told_in_order() -> None:
    (answer,) = traced(maas())
    stations = list(dict.fromkeys(step.at for step in answer.steps))
    assert stations[: len(STATIONS)] == list(STATIONS)
    assert stations[len(STATIONS) :][:5] == ["limits", "picker", "backend", "model", "answer"]
    assert said(answer, "rewrite")[0].endswith("the model sees /v1/chat/completions")
    assert "Secret openshift-ingress/maas-tls" in said(answer, "listener")[0]
    assert "lb.example.net" in said(answer, "address")[0]


def test_the_worst_gateway_comes_first_and_names_the_others() -> None:
    open_, closed = traced(Request("maas.example.com", "POST", path=CHAT))
    assert (open_.gateway, open_.status) == ("openshift-ingress/openshift-ai-inference", 200)
    assert (closed.gateway, closed.status) == ("openshift-ingress/maas-gateway", 401)
    assert "there it is refused 401" in said(open_, "address")[1]
    assert "testing model access" in said(open_, "gateway")[0]
    assert "use Gateway openshift-ingress/openshift-ai-inference" in said(closed, "fix")[0]


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        (f"{{path: {{type: Exact, value: {CHAT}}}}}", "an exact path comes before a prefix"),
        (f"{{method: POST, path: {{value: {CHAT}}}}}", "a match with a method comes first"),
        (
            f"{{path: {{value: {CHAT}}}, headers: [{{name: authorization, value: APIKEY {KEY}}}]}}",
            "more header conditions come first",
        ),
    ],
)
def test_the_rule_that_won_says_over_which_others_and_why(rule: str, why: str) -> None:
    (answer,) = traced(maas(), own_route(rule))
    told = said(answer, "route")
    assert told[0].startswith("HTTPRoute my-first-model/own: rule 0 match 0")
    assert any(line.startswith(f"{ROUTE}: rule 1") and why in line for line in told)
    assert len(told) == 3


def test_of_equal_matches_the_age_decides_where_it_is_known() -> None:
    same = f"{{path: {{value: {CHAT}}}}}"
    unknown = traced(maas(), own_route(same))[0]
    assert any("which one is older is not known" in line for line in said(unknown, "route"))
    dated = own_route(same, "young", ", creationTimestamp: '2026-02-01T00:00:00Z'")
    older = own_route(same, "old", ", creationTimestamp: '2026-01-01T00:00:00Z'")
    gateway = """\
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: maas-gateway, namespace: openshift-ingress}
spec:
  gatewayClassName: istio
  listeners: [{name: https, port: 443, protocol: HTTPS, allowedRoutes: {namespaces: {from: All}}}]
"""
    objects = read(f"{gateway}---\n{dated}---\n{older}", "routes.yaml")
    (answer,) = trace_everywhere(objects, Settings(), maas())
    assert said(answer, "route")[0].startswith("HTTPRoute my-first-model/old")
    assert "the older route comes first" in said(answer, "route")[1]


def test_a_path_that_no_rule_takes_is_answered_with_those_that_are() -> None:
    (answer,) = traced(maas("/v1/chat/completions"))
    assert (answer.outcome, answer.status) == (Outcome.NO_ROUTE, 404)
    assert said(answer, "route")[0] == "none: no rule matches POST /v1/chat/completions"
    assert CHAT in said(answer, "route")[1]
    assert "no model server was asked" in said(answer, "answer")[0]


def test_a_route_that_is_not_attached_says_why() -> None:
    lost = own_route("{path: {value: /lost}}").replace(
        "name: maas-gateway, namespace: openshift-ingress", "name: data-science-gateway"
    )
    lost = lost.replace(
        "data-science-gateway", "data-science-gateway, namespace: openshift-ingress"
    )
    request = Request(
        "rhoai.example.com", path="/lost", gateway="openshift-ingress/data-science-gateway"
    )
    answer = traced(request, lost)[0]
    assert "never for models" in said(answer, "gateway")[0]
    assert answer.outcome is Outcome.NO_ROUTE


def test_a_listener_that_does_not_take_the_request_says_what_listens() -> None:
    request = Request("maas.example.com", scheme="http", port=80, path=CHAT)
    for answer in traced(request):
        assert "it listens with https (HTTPS on port 443" in said(answer, "listener")[0]
        assert said(answer, "fix") == [": send it with https on port 443"]


def test_a_policy_without_effect_says_what_is_in_its_way() -> None:
    on_route = policy("open", "kind: HTTPRoute, name: qwen3-0-6b-kserve-route", ANYBODY)
    told = said(traced(maas(key=""), on_route)[0], "policy")
    assert told[0].endswith("overrides, atomic: counts alone: nothing further down changes it")
    assert "AuthPolicy openshift-ingress/maas-auth overrides everything below it" in told[1]


def test_a_nearer_policy_replaces_the_gateways() -> None:
    gateway = "kind: Gateway, name: openshift-ai-inference"
    keys = "rules: {authentication: {keys: {apiKey: {selector: {matchLabels: {a: b}}}}}}"
    on_gateway = policy("far", gateway, keys, "openshift-ingress")
    on_route = policy("near", "kind: HTTPRoute, name: qwen3-0-6b-kserve-route", ANYBODY)
    request = Request(
        "a.example.com", "POST", path=CHAT, gateway="openshift-ingress/openshift-ai-inference"
    )
    (answer,) = traced(request, f"{on_gateway}---\n{on_route}")
    told = said(answer, "policy")
    assert "AuthPolicy my-first-model/near is nearer and replaces it" in told[0]
    assert "counts alone: it is nearer to the request" in told[1]
    assert said(answer, "identity") == ["anyone: lets everybody in"]


def test_identity_names_header_prefix_and_keys_but_no_value() -> None:
    (answer,) = traced(maas())
    told = said(answer, "identity")
    assert "`Authorization: APIKEY ...`; the request brings one" in told[0]
    assert "kuadrant-system/alice, user alice, tier free" in told[0]
    assert 'must hold, else 403: auth.identity.tier in ["free"]' in told[1]
    assert KEY not in repr(answer)


def test_limits_say_how_much_for_whom_and_which_count_nobody() -> None:
    told = said(traced(maas())[0], "limits")
    free = "5 requests in 2m for each auth.identity.tier on this route"
    broken = "its condition or counter fails (no such key: userid)"
    assert [line.removeprefix(LIMITS) for line in told] == [
        f'free: {free}, counted when auth.identity.tier == "free"',
        f"unknown-user: counts nobody, since {broken}",
    ]


def test_a_refused_request_is_counted_by_limits_that_know_no_identity() -> None:
    anonymous = traced(maas(method="GET", key=""))[0]
    told = "other-method: 1 requests in 1h for all callers together on this route"
    assert said(anonymous, "limits") == [f"{LIMITS}{told}"]
    assert "that it is refused comes first" in said(traced(maas(key=""))[0], "limits")[0]


def test_other_answers_are_read_by_version() -> None:
    old, new = traced(maas())[0], traced(maas(), istio="1.28.5")[0]
    assert "went on without the body (Istio 1.26.2)" in said(old, "if 400")[0]
    assert "Envoy could not reach the picker (Istio 1.28.5)" in said(new, "if 500")[0]
    assert said(old, "if 429")
    assert not said(old, "if 200")


def test_an_explanation_changes_no_answer(vectors: list[Vector]) -> None:
    settings = Settings(assume={"kuadrant": "1.5.2", "gateway-api": "1.4"})
    for vector in vectors:
        requests = [request for request, _ in vector.expected]
        for request, worst in zip(requests, trace(vector.objects, settings, requests), strict=True):
            first: Answer = trace_everywhere(vector.objects, settings, request)[0]
            assert (first.outcome, first.status) == (worst.outcome, worst.status)
            assert all(step.at and "None" not in step.text for step in worst.steps)
