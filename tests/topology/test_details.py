"""Details that a person acts on: the status, who opened a door, where its request goes."""

from dataclasses import replace
from typing import Any

import pytest

from modelgate.findings import Verdict
from modelgate.topology import Answer, Door, Object, Request, analyze, trace
from modelgate.topology.asked import Tests as Compared
from modelgate.topology.hostnames import envoy_host
from modelgate.topology.languages import NotRegularError
from modelgate.topology.paths import normalize
from modelgate.topology.representatives import mark, representatives
from modelgate.topology.side_doors import inside_only
from tests.topology import platforms
from tests.topology.platforms import ANONYMOUS, auth_policy, base, http_route, made, rule

MODELS = Request("maas.example.com", path="/llm/llama/v1/models")


def answer(*objects: Object) -> Answer:
    return trace(base(*objects), platforms.settings(), [MODELS])[0]


def door(*objects: Object, name: str = "", **assume: str) -> Door:
    doors = analyze(base(*objects), platforms.settings(**assume)).doors
    return next(item for item in doors if (item.route == name if name else item.listener))


DENY = {"deny": {"opa": {"rego": "allow = false"}}}


@pytest.mark.parametrize(
    ("policy", "status"),
    [
        (auth_policy(), 401),
        (auth_policy(authentication={}, authorization=DENY), 403),
        (auth_policy(authentication={"none": {"credentials": {}}}), 404),
        (auth_policy(when=["request.headers['x'] == 'y'"]), 500),
        (auth_policy(authentication=ANONYMOUS), 200),
    ],
)
def test_statuses(policy: Object, status: int) -> None:
    assert answer(policy).status == status


def test_a_gateway_answers_by_itself() -> None:
    to = {"type": "RequestRedirect", "requestRedirect": {"scheme": "https"}}
    redirect = {**rule("/"), "filters": [to], "backendRefs": []}
    assert answer(http_route(redirect)).status == 302
    assert answer(http_route(rule("/elsewhere"))).status == 404
    broken = http_route(rule("/it's"), rule("/"))
    assert answer(broken, auth_policy()).status == 503


def test_a_key_is_taken_as_valid_in_a_trace_and_never_in_a_proof() -> None:
    request = Request(MODELS.host, path=MODELS.path, headers={"authorization": "Bearer x"})
    (found,) = trace(base(auth_policy()), platforms.settings(), [request])
    assert (found.outcome, found.authenticated) == ("reaches-model", True)
    assert door(auth_policy()).verdict is Verdict.PROTECTED


@pytest.mark.parametrize(
    ("where", "headers", "path"),
    [
        ({"customHeader": {"name": "X-Key"}}, {"x-key": "a"}, ""),
        ({"queryString": {"name": "key"}}, {}, "?key=a"),
        ({"cookie": {"name": "key"}}, {"cookie": "a=b; key=c"}, ""),
        ({"authorizationHeader": {"prefix": "APIKEY"}}, {"authorization": "APIKEY a"}, ""),
    ],
)
def test_a_credential_is_looked_for_where_the_policy_says(
    where: dict[str, Any], headers: dict[str, str], path: str
) -> None:
    policy = auth_policy(
        authentication={"keys": {"apiKey": {"selector": {}}, "credentials": where}}
    )
    given = Request(MODELS.host, path=f"{MODELS.path}{path}", headers=headers)
    elsewhere = Request(MODELS.host, path=MODELS.path, headers={"authorization": "Bearer a"})
    found = trace(base(policy), platforms.settings(), [given, elsewhere])
    assert [item.outcome for item in found] == ["reaches-model", "refused"]


def test_a_door_names_who_opened_it() -> None:
    assert door().opened_by == "Gateway ingress/maas"
    opened = auth_policy(authentication=ANONYMOUS)
    assert door(opened).opened_by == "AuthPolicy ingress/auth"
    assert door(opened).policies == ("ingress/auth",)


def test_versions_that_change_a_verdict_are_named() -> None:
    query = http_route(rule("/a", queryParams=[{"name": "v", "value": "1"}]))
    assert door(query, auth_policy()).depends_on_version == ""
    opened = auth_policy("HTTPRoute llama", name="open", block="bare", authentication=ANONYMOUS)
    late = door(query, auth_policy(block="bare"), opened)
    assert late.verdict is Verdict.PROTECTED
    assert "1.4.2 it is EXPOSED" in late.depends_on_version


@pytest.mark.parametrize("secure", [True, False])
def test_a_front_is_shown_with_its_own_address(secure: bool) -> None:
    service = made("v1", "Service", "llama", "llm", {"selector": {"app": "llama"}})
    spec: dict[str, Any] = {
        "host": "x.apps.example.com",
        "to": {"kind": "Service", "name": "llama"},
    }
    if secure:
        spec["tls"] = {"termination": "edge"}
    front = made("route.openshift.io/v1", "Route", "llama", "llm", spec)
    request = door(service, front, name="Route llm/llama").request
    assert request is not None
    assert (request.scheme, request.port) == (("https", 443) if secure else ("http", 80))
    assert request.host == "x.apps.example.com"


def guard(**spec: Any) -> Object:
    selector = {"podSelector": {"matchLabels": {"app": "llama"}}}
    return made("networking.k8s.io/v1", "NetworkPolicy", "guard", "llm", {**selector, **spec})


GATEWAY = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress"}}}


@pytest.mark.parametrize(
    ("policies", "open_inside"),
    [
        ([], True),
        ([guard(policyTypes=["Ingress"], ingress=[{"from": [GATEWAY]}])], False),
        ([guard(ingress=[{"from": [GATEWAY]}])], False),
        ([guard(policyTypes=["Ingress"])], False),
        ([guard(policyTypes=["Egress"])], True),
        ([guard(policyTypes=["Ingress"], ingress=[{}])], True),
        ([guard(policyTypes=["Ingress"], ingress=[{"from": [GATEWAY]}, {"ports": []}])], True),
        ([guard(policyTypes=["Ingress"], podSelector={"matchLabels": {"app": "other"}})], True),
        ([guard(policyTypes=["Ingress"], podSelector={})], False),
        ([guard(policyTypes=["Ingress"], ingress=[{"from": [{"namespaceSelector": {}}]}])], True),
        (
            [
                guard(
                    policyTypes=["Ingress"],
                    ingress=[{"from": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}],
                )
            ],
            True,
        ),
    ],
)
def test_what_every_pod_may_reach_is_told(policies: list[Object], open_inside: bool) -> None:
    objects = base(auth_policy(), *policies)
    told = inside_only(analyze(objects, platforms.settings()).topology)
    assert told == (
        ["InferencePool llm/llama: no NetworkPolicy restricts who reaches its pods"]
        if open_inside
        else []
    )


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        ("rules", {}, "must be a list"),
        ("hostnames", [1], "must be text"),
        ("rules", [{"backendRefs": [{"name": "x", "port": 1.5}]}], "must be a whole number"),
        ("rules", [{"backendRefs": [{"name": "x", "port": True}]}], "must be a whole number"),
        ("rules", [{"backendRefs": [{"port": 1}]}], "missing"),
        ("rules", [{"matches": [{"path": {"type": "Prefix", "value": "/"}}]}], "one of Exact"),
        ("ruls", [], "did you mean rules?"),
    ],
)
def test_what_the_api_server_refuses_or_prunes(place: str, value: Any, said: str) -> None:
    route = http_route(rule("/"), **{place: value} if place != "rules" else {})
    body = {**route.body, "spec": {**route.spec, place: value}}
    changed = Object(route.api_version, route.kind, route.namespace, route.name, body)
    flaws = analyze(base(changed), platforms.settings()).flaws
    assert any(said in flaw.message for flaw in flaws)


def test_whole_numbers_may_come_as_floats() -> None:
    route = http_route({**rule("/"), "backendRefs": [{"name": "x", "port": 80.0}]})
    assert analyze(base(route), platforms.settings()).flaws == ()


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("A.Example.com", "a.example.com"),
        ("a.example.com:443", "a.example.com"),
        ("x:a.example.com:1", "x:a.example.com"),
        ("a.example.com:x", "a.example.com:x"),
        ("8080", "8080"),
        ("", ""),
    ],
)
def test_hosts_as_envoy_reads_them(host: str, name: str) -> None:
    assert envoy_host(host) == name


@pytest.mark.parametrize(
    ("path", "normal"),
    [
        ("/a/./b", "/a/b"),
        ("/a/../b", "/b"),
        ("/../a", "/a"),
        ("/a/..", "/"),
        ("/a/b/.", "/a/b/"),
        ("/%61/%2e%2e/b", "/b"),
        ("/a%2Fb", "/a%2Fb"),
        ("/a//b", "/a//b"),
        ("/a\\b", "/a/b"),
        ("/a?b=/../c", "/a?b=/../c"),
        ("/a#b", "/a"),
        ("/%7e%5F%2d", "/~_-"),
        ("/a;b", "/a;b"),
    ],
)
def test_paths_as_envoy_reads_them(path: str, normal: str) -> None:
    assert normalize(path) == normal


def test_representatives_are_one_of_each_kind() -> None:
    tests = Compared(equal={"/a"}, starts={"/a/", "/ab"}, ends={"z"}, contains={"c"})
    assert representatives(tests, "/a/") == ["/a", "/a/x", "/a/xz", "/a/xcx", "/a/xcxz"]


def test_a_mark_occurs_in_no_literal() -> None:
    assert mark(["xyz", "q"]) == "j"
    with pytest.raises(NotRegularError):
        mark(["".join(chr(code) for code in range(0x21, 0x7F))])


def test_what_has_no_representatives() -> None:
    with pytest.raises(NotRegularError):
        representatives(Compared(patterns={"a.*"}))
    with pytest.raises(NotRegularError):
        representatives(Compared(contains={str(number) for number in range(7)}))


def test_the_way_out_is_for_what_is_missing() -> None:
    """Executed: a deleted Kuadrant resource, and a class of another controller, in the lab."""
    live = replace(platforms.settings(), everything=True)
    without = base(without=["Kuadrant kuadrant-system/kuadrant"])
    assert {one.remedy for one in analyze(without, live).doors} == {
        "create a Kuadrant resource; its operator brings the filters back"
    }
    other = {"controllerName": "example.com/gateway-controller"}
    foreign = made("gateway.networking.k8s.io/v1", "GatewayClass", "istio", "", other)
    assert {one.remedy for one in analyze(base(foreign), live).doors} == {
        "use a class that Kuadrant serves"
    }
