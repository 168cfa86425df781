"""What the lab answers to a route in place of a gateway controller."""

import pytest

from modelgate.local.lab.conditions import REASON
from modelgate.local.lab.route_statuses import Surroundings, parents
from tests.lab.world_of import Body, gateway, listener, route, rule, service, world


def reasons(at: Body, one: Body, *others: Body) -> list[str]:
    around = Surroundings({("llm", "maas"): ("istio.io/gateway-controller", at)}, world(*others))
    return [
        condition["reason"] for each in parents(one, around) for condition in each["conditions"]
    ]


def admitting(**namespaces: object) -> Body:
    return gateway(listener(allowedRoutes={"namespaces": namespaces}))


def selecting(operator: str) -> Body:
    expressions = [{"key": "team", "operator": operator, "values": ["a"]}]
    return admitting(**{"from": "Selector", "selector": {"matchExpressions": expressions}})


@pytest.mark.parametrize(
    ("at", "reason"),
    [
        (gateway(), REASON),
        (admitting(**{"from": "None"}), "NotAllowedByListeners"),
        (gateway(listener("tls", 443, "TLS")), "NotAllowedByListeners"),
        (gateway(listener(hostname="a.example.com")), "NoMatchingListenerHostname"),
        (selecting("NotIn"), REASON),
        (selecting("Near"), "UnsupportedValue"),
    ],
    ids=["any", "closed", "protocol", "hostname", "selector", "operator"],
)
def test_a_listener_takes_a_route_or_says_why_not(at: Body, reason: str) -> None:
    one = route("r", rule("/"), hostnames=["b.example.com"])
    assert reasons(at, one, service()) == [reason, REASON]


def test_a_section_that_is_not_there_is_no_parent() -> None:
    one = route("r", rule("/"), parentRefs=[{"name": "maas", "sectionName": "none"}])
    assert reasons(gateway(), one, service()) == ["NoMatchingParent", REASON]


@pytest.mark.parametrize(
    ("to", "reason"),
    [
        ({"name": "models", "port": 80}, REASON),
        ({"name": "others", "port": 80}, "BackendNotFound"),
        ({"name": "models", "port": 80, "namespace": "team"}, "RefNotPermitted"),
        ({"name": "pool", "kind": "InferencePool", "group": "x"}, "InvalidKind"),
    ],
    ids=["there", "missing", "elsewhere", "kind"],
)
def test_a_backend_is_there_or_it_is_said_why_not(to: Body, reason: str) -> None:
    assert reasons(gateway(), route("r", rule("/", to=to)), service()) == [REASON, reason]
