"""Every form of a Host header that Envoy and the filter read differently is tried."""

from typing import Any

from modelgate.findings import Verdict
from modelgate.topology import Door, Object, analyze
from tests.topology import platforms
from tests.topology.platforms import (
    ANONYMOUS,
    GATEWAY_API,
    auth_policy,
    base,
    http_route,
    made,
    rule,
)


def gateway(*listeners: tuple[str, int, str]) -> Object:
    """A gateway with an HTTP listener for each (name, port, hostname)."""
    spec: dict[str, Any] = {
        "gatewayClassName": "istio",
        "listeners": [
            {
                "name": name,
                "port": port,
                "protocol": "HTTP",
                **({"hostname": hostname} if hostname else {}),
                "allowedRoutes": {"namespaces": {"from": "All"}},
            }
            for name, port, hostname in listeners
        ],
    }
    return made(f"{GATEWAY_API}/v1", "Gateway", "maas", "ingress", spec)


def doors(objects: list[Object], kuadrant: str) -> dict[str, Door]:
    found = analyze(objects, platforms.settings(kuadrant=kuadrant)).doors
    return {f"{door.listener} {door.hostname}": door for door in found if door.listener}


def listened(name: str, section: str, **spec: Any) -> Object:
    parents = [{"name": "maas", "namespace": "ingress", "sectionName": section}]
    return http_route(rule("/"), name=name, parentRefs=parents, **spec)


def test_an_exact_hostname_holds_from_the_filter_that_ignores_case_on() -> None:
    objects = base(gateway(("one", 80, "maas.example.com")), auth_policy())
    early, late = (
        doors(objects, version)["one maas.example.com"] for version in ("1.5.2", "1.5.3")
    )
    assert early.verdict is Verdict.EXPOSED
    assert early.request is not None
    assert early.request.host == "MAAS.EXAMPLE.COM"
    assert late.verdict is Verdict.PROTECTED


def test_a_wildcard_hostname_holds_on_no_filter() -> None:
    objects = base(gateway(("one", 80, "*.example.com")), auth_policy())
    found = doors(objects, "1.5.3")["one *.example.com"]
    assert found.verdict is Verdict.EXPOSED
    assert found.request is not None
    assert found.request.host.count(":") == 2


def test_no_hostname_holds_on_every_filter() -> None:
    objects = base(gateway(("one", 80, "")), auth_policy())
    assert doors(objects, "1.5.2")["one "].verdict is Verdict.PROTECTED
    assert doors(objects, "1.4.6")["one "].verdict is Verdict.PROTECTED


def test_part_of_a_name_in_capitals_selects_the_wildcard_of_another_listener() -> None:
    objects = base(
        gateway(("exact", 80, "maas.example.com"), ("wild", 81, "*.example.com"), ("any", 82, "")),
        listened("llama", "exact"),
        listened("open", "wild"),
        listened("rest", "any"),
        auth_policy(block="bare"),
        auth_policy("HTTPRoute open", name="open", block="bare", authentication=ANONYMOUS),
    )
    found = doors(objects, "1.5.2")["exact maas.example.com"]
    assert found.verdict is Verdict.EXPOSED
    assert found.request is not None
    assert found.request.host == "MAAS.example.com"


def test_a_host_that_the_judge_would_make_up_may_be_taken() -> None:
    objects = base(
        gateway(
            ("x9", 80, "x9.example.com"),
            ("deep", 80, "*.x9.example.com"),
            ("wild", 80, "*.example.com"),
        ),
        listened("x9", "x9"),
        listened("deep", "deep"),
        listened("llama", "wild"),
    )
    assert doors(objects, "1.5.3")["wild *.example.com"].verdict is Verdict.EXPOSED
