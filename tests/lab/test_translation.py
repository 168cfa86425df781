"""What Envoy is told of live objects: in Istio's order and shape, and nothing that is a guess."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from modelgate.local.lab.gateway.envoy import bootstrap
from modelgate.local.lab.gateway.translate import Translation, gateway_ports, translate
from modelgate.local.lab.gateway.world import World
from tests.lab.world_of import (
    POOL,
    Body,
    gateway,
    listener,
    made,
    pod,
    pool,
    route,
    rule,
    service,
    world,
)
from tests.plugins.built import envoy

PICKER = service("picker", 9002, 9002, appProtocol="kubernetes.io/h2c")


def translated(stored: World) -> Translation:
    ports = {key: 20000 + index for index, key in enumerate(gateway_ports(stored))}
    return translate(stored, ports, "/dev/null")


def manager(told: Translation, index: int = 0) -> Mapping[str, Any]:
    """The first chain's connection manager of a listener."""
    chain = told.listeners[index]["filter_chains"][0]
    found: Mapping[str, Any] = chain["filters"][0]["typed_config"]
    return found


def routes(told: Translation, host: str = "*") -> list[Body]:
    hosts = manager(told)["route_config"]["virtual_hosts"]
    return next(each["routes"] for each in hosts if each["domains"] == [host])


def names(told: Translation, host: str = "*") -> list[str]:
    return [each["name"] for each in routes(told, host)]


def filters(told: Translation) -> list[str]:
    return [each["name"].rpartition(".")[2] for each in manager(told)["http_filters"]]


def said(told: Translation) -> str:
    """What is answered where something is not understood."""
    body = routes(told)[0]["direct_response"]["body"]["inline_string"]
    return str(body)


def test_exact_paths_come_before_prefixes_and_longer_ones_first() -> None:
    exact = {"path": {"type": "Exact", "value": "/a"}}
    post = {"path": {"type": "PathPrefix", "value": "/v1"}, "method": "POST"}
    expression = {"path": {"type": "RegularExpression", "value": "/v1/.*"}}
    one = route("r", rule("/v1"), rule(expression), rule("/v1/chat/"), rule(exact), rule(post))
    found = [
        each["match"].get("path_separated_prefix") or each["name"]
        for each in routes(translated(world(gateway(), one, service())))
    ]
    assert found == ["llm.r.3", "/v1/chat", "/v1", "/v1", "llm.r.1"]


def test_a_virtual_host_holds_routes_of_each_declared_hostname_one_behind_the_other() -> None:
    """Istio makes a VirtualService of each; only catch-alls go behind those of all."""
    narrow = gateway(listener(hostname="a.example.com"))
    older = route("older", rule("/v1"), rule("/"), hostnames=["a.example.com"])
    younger = route("younger", rule("/v1/chat"), age=1)
    told = translated(world(narrow, younger, older, service()))
    assert names(told, "a.example.com") == ["llm.older.0", "llm.younger.0", "llm.older.1"]


def test_nothing_follows_a_rule_that_takes_everything() -> None:
    expression = {"path": {"type": "RegularExpression", "value": "/v1/.*"}}
    told = translated(world(gateway(), route("r", rule(expression), rule("/")), service()))
    assert names(told) == ["llm.r.1"]


def test_listeners_of_one_port_share_their_routes_and_tls_has_its_own() -> None:
    plain = [listener("one", hostname="a.example.com"), listener("two", hostname="b.example.com")]
    told = translated(world(gateway(*plain), route("r", rule("/")), service()))
    (port,) = told.addresses
    assert (port.listeners, port.hosts) == (("one", "two"), ("a.example.com", "b.example.com"))
    assert len(told.listeners[0]["filter_chains"]) == 1


def test_a_listener_without_its_certificate_is_not_served_and_says_why() -> None:
    tls = {"certificateRefs": [{"name": "tls"}]}
    told = translated(world(gateway(listener("https", 443, "HTTPS", tls=tls))))
    assert not told.listeners
    assert told.addresses[0].problems == ("https: Secret llm/tls, its certificate, is not there",)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("filters", [{"type": "ExtensionRef"}]),
        ("sessionPersistence", {}),
        ("backendRefs", [{"name": "x", "kind": "Backend", "group": "example.com"}]),
    ],
)
def test_a_rule_that_is_not_understood_answers_501(field: str, value: object) -> None:
    told = translated(world(gateway(), route("r", {**rule("/"), field: value}), service()))
    assert routes(told)[0]["direct_response"]["status"] == 501
    assert "HTTPRoute llm/r rule 0" in said(told)


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        ("WasmPlugin", {}),
        ("AuthorizationPolicy", {}),
        (
            "EnvoyFilter",
            {"configPatches": [{"applyTo": "LISTENER", "patch": {"operation": "MERGE"}}]},
        ),
    ],
)
def test_what_could_change_a_gateway_and_is_not_known_makes_it_answer_501(
    kind: str, spec: Body
) -> None:
    told = translated(world(gateway(), made(kind, "x", spec), route("r", rule("/")), service()))
    assert f"{kind} llm/x" in said(told)
    assert filters(told) == ["router"]


def test_a_patch_of_the_guide_changes_the_route_that_it_names() -> None:
    value = {"typed_per_filter_config": {"envoy.filters.http.ext_proc": {"@type": "x"}}}
    match = {"routeConfiguration": {"vhost": {"route": {"name": "llm.r.0"}}}}
    patch = {
        "applyTo": "HTTP_ROUTE",
        "match": match,
        "patch": {"operation": "MERGE", "value": value},
    }
    guide = made("EnvoyFilter", "guide", {"configPatches": [patch]})
    told = translated(world(gateway(), guide, route("r", rule("/a"), rule("/b")), service()))
    assert ["typed_per_filter_config" in each for each in routes(told)] == [True, False]


def test_the_picker_is_asked_before_kuadrants_filter_and_only_for_a_pool() -> None:
    settings = {"services": {"auth": {"type": "auth"}}, "actionSets": []}
    config = {"name": "kuadrant-wasm-shim", "configuration": {"value": json.dumps(settings)}}
    value = {"typed_config": {"value": {"config": config}}}
    patch = {"applyTo": "HTTP_FILTER", "patch": {"operation": "INSERT_BEFORE", "value": value}}
    kuadrant = made("EnvoyFilter", "kuadrant-maas", {"configPatches": [patch]})
    others = (gateway(), kuadrant, service(), pool(failureMode="FailOpen"), PICKER, pod())
    with_pool = translated(world(route("r", rule("/a", to=POOL), rule("/b")), *others))
    assert filters(with_pool) == ["ext_proc", "filter-stand-in", "router"]
    assert with_pool.filters == {"llm/maas": settings}
    overrides = [each.get("typed_per_filter_config", {}) for each in routes(with_pool)]
    asked = overrides[0]["envoy.filters.http.ext_proc"]["overrides"]
    assert asked["grpc_service"]["envoy_grpc"]["cluster_name"] == (
        "outbound|9002||picker.llm.svc.cluster.local"
    )
    assert asked["failure_mode_allow"] is True
    assert overrides[1] == {}
    assert filters(translated(world(route("r", rule("/b")), *others))) == [
        "filter-stand-in",
        "router",
    ]


def test_tls_is_spoken_as_a_destination_rule_says_and_not_else() -> None:
    tls = {"mode": "SIMPLE", "insecureSkipVerify": True, "sni": "models"}
    settings = {"portLevelSettings": [{"port": {"number": 443}, "tls": tls}]}
    told = {"host": "models", "trafficPolicy": settings}
    one = made("DestinationRule", "tls", told)
    both = route("r", rule("/a"), rule("/b", to={"name": "models", "port": 443}))
    ports = service()
    ports["spec"]["ports"].append({"name": "https", "port": 443, "targetPort": 8443})
    clusters = {
        each["name"]: each for each in translated(world(gateway(), both, ports, one)).clusters
    }
    plain = clusters["outbound|80||models.llm.svc.cluster.local"]
    secure = clusters["outbound|443||models.llm.svc.cluster.local"]
    assert "transport_socket" not in plain
    context = secure["transport_socket"]["typed_config"]
    assert (context["sni"], context["common_tls_context"]) == ("models", {})


def test_a_backend_of_another_namespace_needs_a_grant() -> None:
    far = route("r", rule("/", to={"name": "models", "namespace": "far", "port": 80}))
    models = service()
    models["metadata"]["namespace"] = "far"
    giver = {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": "llm"}
    grant = made("ReferenceGrant", "g", {"from": [giver], "to": [{"kind": "Service"}]}, "far")
    found = [
        routes(translated(world(gateway(), far, models, *more)))[0]["route"]["cluster"]
        for more in ((), (grant,))
    ]
    assert found == [
        "not allowed|Service far/models",
        "outbound|80||models.far.svc.cluster.local",
    ]


def test_envoy_takes_all_of_it(tmp_path: Path) -> None:
    executable = envoy()
    change = {"type": "RequestHeaderModifier", "requestHeaderModifier": {"remove": ["x"]}}
    path = {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}
    rewrite = {"type": "URLRewrite", "urlRewrite": {"path": path}}
    elsewhere = {"type": "RequestRedirect", "requestRedirect": {"scheme": "https"}}
    header = {"type": "RegularExpression", "name": "X-Model", "value": "big.*"}
    query = {"name": "q", "value": "1"}
    match = {"headers": [header], "queryParams": [query], "method": "GET"}
    rules = [
        rule("/a", filters=[change, rewrite], timeouts={"request": "1m30s"}),
        rule("/b", filters=[elsewhere]),
        rule(match, to=POOL),
    ]
    told = translated(world(gateway(), route("r", *rules), service(), pod(), pool(), PICKER))
    config = bootstrap(tmp_path, 1)
    del config["dynamic_resources"]
    config["static_resources"]["listeners"] = told.listeners
    config["static_resources"]["clusters"] += told.clusters
    (tmp_path / "envoy.json").write_text(json.dumps(config))
    done = subprocess.run(
        [executable, "--mode", "validate", "-c", tmp_path / "envoy.json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
