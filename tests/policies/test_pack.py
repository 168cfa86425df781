"""The pack rejects what it must and says what it should, through the real policy server."""

from collections.abc import Iterator
from typing import Any

import pytest

from modelgate.topology import UNKNOWN, Object
from tests.policies.pack import (
    ADVISORY,
    MANDATORY,
    Pack,
    Secret,
    Violation,
    component,
    pack,
    resource,
)
from tests.topology.platforms import ANONYMOUS, auth_policy, base, http_route, made, rule

VERSIONS = {"kuadrant": "1.5.3", "gateway-api": "1.4", "openshift-ai": "3.4", "istio": "1.28"}
STATED = {"versions": VERSIONS}


@pytest.fixture(scope="module")
def production() -> Iterator[Pack]:
    with pack("prod") as running:
        yield running


@pytest.fixture(scope="module")
def development() -> Iterator[Pack]:
    with pack("dev-anna") as running:
        yield running


def limited() -> Object:
    spec = {
        "targetRef": {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "maas"},
        "limits": {"all": {"rates": [{"limit": 5, "window": "1m"}]}},
    }
    return made("kuadrant.io/v1", "RateLimitPolicy", "limits", "ingress", spec)


def closed() -> list[Object]:
    return base(auth_policy(), limited())


def opened() -> list[Object]:
    return base(limited(), auth_policy(authentication=ANONYMOUS))


def sent(objects: list[Object]) -> list[Any]:
    return [resource(obj) for obj in objects]


def rejecting(violations: list[Violation]) -> list[Violation]:
    return [item for item in violations if item.level == MANDATORY]


def test_the_pack_is_mandatory_by_default(production: Pack) -> None:
    info = production.info()
    levels = {policy.name: policy.enforcementLevel for policy in info.policies}
    assert info.name == "modelgate"
    assert levels == {"unauthenticated-inference": MANDATORY, "advice": ADVISORY}


def test_a_closed_stack_passes(production: Pack) -> None:
    assert rejecting(production.judge(sent(closed()), STATED)) == []


def test_an_open_stack_is_rejected_with_the_request_that_gets_in(production: Pack) -> None:
    (found,) = rejecting(production.judge(sent(opened()), STATED))
    assert found.policy == "unauthenticated-inference"
    assert found.urn == "urn:pulumi:stack::toy::kubernetes:kuadrant.io/v1:AuthPolicy::auth"
    assert "EXPOSED ingress/maas > https" in found.message
    assert "identity public is anonymous" in found.message
    assert "curl" in found.message
    assert "https://" in found.message


def test_every_open_door_is_a_violation_of_its_own(production: Pack) -> None:
    second = http_route(rule("/second"), name="second")
    found = rejecting(production.judge(sent([*opened(), second]), STATED))
    assert len(found) == 2
    assert ["/second" in item.message for item in found].count(True) == 1


def test_elsewhere_an_open_stack_is_told_and_passes(development: Pack) -> None:
    found = development.judge(sent(opened()), STATED)
    assert rejecting(found) == []
    assert any("EXPOSED" in item.message and item.policy == "advice" for item in found)


def test_the_stack_cannot_call_itself_harmless(production: Pack) -> None:
    config = {**STATED, "nonProduction": ["dev", "prod-*"]}
    assert rejecting(production.judge(sent(opened()), config))
    assert not rejecting(production.judge(sent(opened()), {**STATED, "nonProduction": ["prod"]}))


@pytest.mark.parametrize(
    ("place", "named"),
    [
        (("spec", "overrides", "rules", "authentication", "keys"), "AuthPolicy ingress/auth"),
        (("spec", "targetRef", "name"), "spec.targetRef.name"),
        (("spec", "overrides"), "spec.overrides"),
        (("spec",), "AuthPolicy ingress/auth: spec"),
    ],
)
def test_an_unknown_that_decides_rejects_at_preview(
    production: Pack, place: tuple[str, ...], named: str
) -> None:
    policy = auth_policy()
    unknown = Object(
        policy.api_version, "AuthPolicy", "ingress", "auth", _with(policy.body, place, UNKNOWN)
    )
    found = rejecting(production.judge(sent(base(limited(), unknown)), STATED))
    assert any(named in item.message and "not known before" in item.message for item in found)


def test_an_unknown_elsewhere_hides_no_violation(production: Pack) -> None:
    config_map = Object(
        "v1", "ConfigMap", "llm", "x", {"metadata": UNKNOWN, "data": {"a": UNKNOWN}}
    )
    found = rejecting(production.judge(sent([config_map, *opened()]), STATED))
    assert ["EXPOSED" in item.message for item in found] == [True]


def test_unknown_credentials_and_certificates_pass(production: Pack) -> None:
    keys = {"keys": {"apiKey": {"selector": {"matchLabels": {"app": UNKNOWN}}}}}
    objects = base(limited(), auth_policy(authentication=keys))
    gateway = next(obj for obj in objects if obj.kind == "Gateway")
    names = _with(gateway.body, ("spec", "listeners", 0, "tls", "certificateRefs"), UNKNOWN)
    changed = Object(gateway.api_version, "Gateway", "ingress", "maas", names)
    rest = [obj for obj in objects if obj.kind != "Gateway"]
    found = rejecting(production.judge(sent([changed, *rest]), STATED))
    assert [item for item in found if "not known before" in item.message] == []


def test_numbers_arrive_as_floats_and_are_printed_whole(production: Pack) -> None:
    listener = {"name": "odd", "port": 8443, "protocol": "HTTPS", "tls": {}}
    listener["allowedRoutes"] = {"namespaces": {"from": "All"}}
    spec = {"gatewayClassName": "istio", "listeners": [listener]}
    gateway = made("gateway.networking.k8s.io/v1", "Gateway", "maas", "ingress", spec)
    objects = [obj for obj in opened() if obj.kind != "Gateway"]
    (found,) = rejecting(production.judge(sent([gateway, *objects]), STATED))
    assert ":8443/" in found.message
    assert "8443.0" not in found.message


SECRET = "sk-oai-hunter2"


def test_no_secret_is_ever_printed(production: Pack, development: Pack) -> None:
    key = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "alice", "namespace": "kuadrant-system", "labels": {"app": "maas"}},
        "stringData": Secret({"api_key": SECRET}),
        "data": {"api_key": SECRET},
    }
    objects = [*opened(), Object("v1", "Secret", "kuadrant-system", "alice", key)]
    for running in (production, development):
        found = running.judge(sent(objects), STATED)
        assert found
        assert not any(SECRET in item.message for item in found)


def test_an_exemption_lets_a_named_door_stand_open(production: Pack) -> None:
    door = {"door": "ingress/maas > *", "reason": "demo", "owner": "anna"}
    until = {**STATED, "exemptions": [{**door, "until": "2999-01-01"}]}
    assert rejecting(production.judge(sent(opened()), until)) == []
    expired = {**STATED, "exemptions": [{**door, "until": "2020-01-01"}]}
    assert any(
        "EXPOSED" in item.message for item in rejecting(production.judge(sent(opened()), expired))
    )
    other = {**STATED, "exemptions": [{**door, "door": "elsewhere > *", "until": "2999-01-01"}]}
    assert any(
        "EXPOSED" in item.message for item in rejecting(production.judge(sent(opened()), other))
    )


def test_an_exemption_that_matches_nothing_is_told(production: Pack) -> None:
    item = {"door": "elsewhere > *", "reason": "demo", "owner": "anna", "until": "2999-01-01"}
    found = production.judge(sent(closed()), {**STATED, "exemptions": [item]})
    assert any("exemption" in item.message and "elsewhere" in item.message for item in found)


def test_a_suppression_silences_one_finding_for_a_time(production: Pack) -> None:
    keys = {"keys": {"apiKey": {"selector": {}, "allNamespaces": True}}}
    objects = sent(base(limited(), auth_policy(authentication=keys)))
    loud = production.judge(objects, STATED)
    assert any("broad-key-selector" in item.message for item in loud)
    item = {"rule": "broad-key-selector", "resource": "*", "reason": "demo"}
    silent = {**STATED, "suppressions": [{**item, "until": "2999-01-01"}]}
    found = production.judge(objects, silent)
    assert not any("broad-key-selector" in item.message for item in found)
    expired = {**STATED, "suppressions": [{**item, "until": "2020-01-01"}]}
    assert any("broad-key-selector" in it.message for it in production.judge(objects, expired))


@pytest.mark.parametrize("rule_id", ["unauthenticated-inference", "undecided-door"])
def test_no_suppression_opens_a_door(production: Pack, rule_id: str) -> None:
    item = {"rule": rule_id, "resource": "*", "reason": "demo", "until": "2999-01-01"}
    found = rejecting(production.judge(sent(opened()), {**STATED, "suppressions": [item]}))
    assert any("EXPOSED" in item.message for item in found)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"nonProd": ["dev"]}, "nonProd"),
        ({"exemptions": [{"door": "*"}]}, "exemptions.0"),
        ({"exemptions": [{"door": "*", "reason": "x", "owner": "x", "until": "soon"}]}, "until"),
        ({"exemptions": "all"}, "exemptions"),
        ({"versions": {"kuadrant": "newest"}}, "newest"),
        (
            {"suppressions": [{"rule": "", "resource": "*", "reason": "x", "until": "2999-01-01"}]},
            "rule",
        ),
    ],
)
def test_a_wrong_configuration_rejects_in_words(
    production: Pack, config: dict[str, Any], said: str
) -> None:
    found = rejecting(production.judge(sent(closed()), config))
    assert any(said in item.message for item in found)
    assert not any("Traceback" in item.message for item in found)


@pytest.mark.parametrize(
    ("token", "name"),
    [
        ("kubernetes:helm.sh/v3:Release", "chart"),
        ("kubernetes:core/v1:ServicePatch", "patch"),
        ("kubernetes:gateway.networking.k8s.io/v1:GatewayPatch", "patch"),
        ("kubernetes:kuadrant.io/v1:AuthPolicyPatch", "patch"),
        ("kubernetes:apiextensions.k8s.io:CustomResourcePatch", "patch"),
        ("kubernetes:networking.k8s.io/v1:IngressPatch", "patch"),
        ("kubernetes:core/v1:NamespacePatch", "patch"),
        ("kubernetes:apps/v1:DeploymentPatch", "patch"),
        ("kubernetes:networking.istio.io/v1alpha3:EnvoyFilterPatch", "patch"),
    ],
)
def test_what_hides_objects_is_undecided(production: Pack, token: str, name: str) -> None:
    spec = {"template": {"spec": {"hostNetwork": True}}}
    body = {"metadata": {"name": name, "namespace": "llm"}, "spec": spec}
    hiding = resource(Object("", "", "llm", name, body), token=token)
    found = rejecting(production.judge([*sent(closed()), hiding], STATED))
    assert any("UNDECIDED" in item.message and name in item.message for item in found)


@pytest.mark.parametrize(
    "token", ["kubernetes:yaml/v2:ConfigGroup", "kubernetes:kustomize:Directory", "random:index:X"]
)
def test_components_and_other_providers_are_no_objects(production: Pack, token: str) -> None:
    found = production.judge([*sent(closed()), component(token, "group")], STATED)
    assert rejecting(found) == []


def test_an_object_is_known_by_the_components_that_declare_it(production: Pack) -> None:
    parent = component("modelgate:index:MaasGateway", "maas")
    policy = auth_policy(authentication=ANONYMOUS)
    objects = [resource(obj) for obj in base(limited())]
    child = resource(policy, parent=parent.urn)
    (found,) = rejecting(production.judge([parent, *objects, child], STATED))
    assert found.urn == child.urn


def test_versions_come_from_the_stack_and_then_from_the_pack() -> None:
    with pack("prod", {"modelgate:platform": '{"openshift-ai": '}) as broken:
        assert broken.judge(sent(closed()), STATED) is not None
    with pack("prod") as running:
        found = running.judge(sent(closed()))
        assert any("unstated-version" in item.message for item in found)
        assert not any(
            "unstated-version" in it.message for it in running.judge(sent(closed()), STATED)
        )


def _with(value: Any, place: tuple[Any, ...], new: Any) -> Any:
    if not place:
        return new
    changed = dict(value) if isinstance(value, dict) else list(value)
    changed[place[0]] = _with(value[place[0]], place[1:], new)
    return changed
