"""What odh-model-controller adds, and what keeps it away, in every release."""

from typing import Any

import pytest

from modelgate.topology.derive import INCOMPLETE
from modelgate.topology.objects import UNKNOWN, Object
from tests.derive.samples import (
    NAME,
    NAMESPACE,
    OPENSHIFT_AI,
    derived,
    gateway,
    managed,
    manifest,
    service,
    to,
)

POLICY = "AuthPolicy openshift-ingress/maas-gateway-authn"
FILTER = "EnvoyFilter openshift-ingress/maas-gateway-authn-ssl"
ON_ROUTE = f"AuthPolicy {NAMESPACE}/{NAME}-kserve-route-authn"
MANAGED = "opendatahub.io/managed"
BOOTSTRAP = "security.opendatahub.io/authorino-tls-bootstrap"
OPEN = {"security.opendatahub.io/enable-auth": "false"}
READS_ANNOTATION = ("3.4", "3.5")


def on_maas(release: str, maas: Object, **more: Any) -> dict[str, Object]:
    return derived(release, service(managed(gateway=to("maas-gateway")), **more), maas)


@pytest.mark.parametrize("release", OPENSHIFT_AI)
@pytest.mark.parametrize(
    ("label", "annotation", "kept_away"),
    [
        (None, None, ()),
        ("true", None, ()),
        ("false", None, OPENSHIFT_AI),
        ("False ", None, OPENSHIFT_AI),
        (None, "false", READS_ANNOTATION),
        ("false", "false", OPENSHIFT_AI),
        ("true", "false", ()),
        ("false", "true", OPENSHIFT_AI),
    ],
)
def test_the_label_decides_and_the_annotation_from_34(
    release: str, label: str | None, annotation: str | None, kept_away: tuple[str, ...]
) -> None:
    labels = {MANAGED: label} if label else {}
    annotations = {MANAGED: annotation} if annotation else {}
    found = on_maas(release, gateway(labels=labels, annotations=annotations))
    assert (POLICY in found, FILTER in found) == (release not in kept_away,) * 2


@pytest.mark.parametrize("release", OPENSHIFT_AI)
def test_bootstrap_keeps_only_the_filter(release: str) -> None:
    maas = gateway(labels={MANAGED: "false"}, annotations={BOOTSTRAP: "true"})
    found = on_maas(release, maas)
    assert POLICY not in found
    assert (FILTER in found) == (release not in ("3.0", "3.2"))


@pytest.mark.parametrize("release", OPENSHIFT_AI)
def test_the_default_gateway_counts_where_nothing_else_is_named(release: str) -> None:
    own, other = gateway("openshift-ai-inference"), gateway("maas-gateway")
    found = derived(release, service(managed()), own, other)
    assert "AuthPolicy openshift-ingress/openshift-ai-inference-authn" in found
    assert POLICY not in found


@pytest.mark.parametrize("release", OPENSHIFT_AI)
def test_the_default_gateway_beside_named_ones(release: str) -> None:
    """Driven by the Gateway, the default one always has its policy; by the service, only named."""
    own = gateway("openshift-ai-inference")
    found = derived(release, service(managed(gateway=to("maas-gateway"))), own, gateway())
    default = "AuthPolicy openshift-ingress/openshift-ai-inference-authn"
    assert (default in found) == (release in READS_ANNOTATION)


@pytest.mark.parametrize("release", OPENSHIFT_AI)
def test_switched_off_authentication_opens_the_route(release: str) -> None:
    found = on_maas(release, gateway(labels={MANAGED: "false"}), annotations=OPEN)
    rules = found[ON_ROUTE].spec["rules"]
    assert rules["authentication"]["public"]["anonymous"] == {}
    target = found[ON_ROUTE].spec["targetRef"]
    assert (target["kind"], target["name"]) == ("HTTPRoute", f"{NAME}-kserve-route")
    assert ON_ROUTE not in on_maas(release, gateway())


def test_every_referenced_route_is_opened_too() -> None:
    router = {"route": {"http": {"refs": [{"name": "maas-model-route"}, {"name": UNKNOWN}]}}}
    found = derived("3.4", service(router, annotations=OPEN))
    opened = found[f"AuthPolicy {NAMESPACE}/maas-model-route-authn"]
    assert opened.spec["rules"]["authentication"]["public"]["anonymous"] == {}
    assert found[f"AuthPolicy {NAMESPACE}/"].spec["rules"] is UNKNOWN


@pytest.mark.parametrize("release", OPENSHIFT_AI)
def test_30_leaves_the_filter_out_with_authentication_switched_off(release: str) -> None:
    assert (FILTER in on_maas(release, gateway(), annotations=OPEN)) == (release != "3.0")


@pytest.mark.parametrize("release", OPENSHIFT_AI)
def test_only_35_asks_whether_the_listener_admits_the_namespace(release: str) -> None:
    assert (POLICY in on_maas(release, gateway(admits="Same"))) == (release != "3.5")


@pytest.mark.parametrize(("team", "admitted"), [("models", True), ("web", False), (None, True)])
def test_a_selector_is_asked_where_the_namespace_is_in_view(
    team: str | None, admitted: bool
) -> None:
    selector = {"matchLabels": {"team": "models"}}
    maas = gateway(admits={"from": "Selector", "selector": selector})
    own = manifest("v1", "Namespace", ("", NAMESPACE), {"metadata": {"labels": {"team": team}}})
    objects = [service(managed(gateway=to("maas-gateway"))), maas, *([own] if team else [])]
    assert (POLICY in derived("3.5", *objects)) == admitted


@pytest.mark.parametrize("release", OPENSHIFT_AI)
def test_the_platforms_own_gateway_is_left_alone_from_34(release: str) -> None:
    owners = [{"kind": "GatewayConfig", "name": "default-gateway"}]
    found = on_maas(release, gateway(ownerReferences=owners))
    assert (POLICY in found) == (release not in READS_ANNOTATION)


def test_no_filter_where_authorino_has_no_tls() -> None:
    listener = {"spec": {"listener": {"tls": {"enabled": False}}}}
    place = ("kuadrant-system", "authorino")
    plain = manifest("operator.authorino.kuadrant.io/v1beta1", "Authorino", place, listener)
    found = derived("3.4", service(managed(gateway=to("maas-gateway"))), gateway(), plain)
    assert FILTER not in found
    assert POLICY in found


def test_the_filter_finds_authorino_where_kuadrant_is() -> None:
    kuadrant = manifest("kuadrant.io/v1beta1", "Kuadrant", ("rhcl", "kuadrant"))
    found = derived("3.4", service(managed(gateway=to("maas-gateway"))), gateway(), kuadrant)
    host = found[FILTER].spec["configPatches"][0]["match"]["cluster"]["service"]
    assert host == "authorino-authorino-authorization.rhcl.svc.cluster.local"


def test_who_makes_a_gateways_policy_is_named() -> None:
    assert (
        on_maas("3.3", gateway())[POLICY].derived_from == f"LLMInferenceService {NAMESPACE}/{NAME}"
    )
    assert (
        on_maas("3.4", gateway())[POLICY].derived_from == "Gateway openshift-ingress/maas-gateway"
    )
    assert on_maas("3.4", gateway())[POLICY].source == "models.yaml:1"


@pytest.mark.parametrize("release", ["kserve-0.16", "kserve-0.20"])
def test_upstream_has_no_such_controller(release: str) -> None:
    found = on_maas(release, gateway(), annotations=OPEN)
    assert not {"AuthPolicy", "EnvoyFilter"} & {one.kind for one in found.values()}


def test_a_gateway_alone_shows_no_openshift_ai() -> None:
    assert derived("3.5", gateway("openshift-ai-inference")) == {}


@pytest.mark.parametrize("release", OPENSHIFT_AI)
def test_nobody_relies_on_a_policy_that_may_not_come(release: str) -> None:
    doubtful = on_maas(release, gateway(labels={MANAGED: UNKNOWN}))[POLICY]
    assert doubtful.spec["rules"] is UNKNOWN
    assert "not known" in doubtful.metadata["annotations"][INCOMPLETE]
    router = managed(gateway={"refs": [{"name": UNKNOWN, "namespace": "openshift-ingress"}]})
    assert derived(release, service(router), gateway())[POLICY].spec["rules"] is UNKNOWN
    assert on_maas(release, gateway(), annotations=UNKNOWN)[ON_ROUTE].spec["rules"] is UNKNOWN
