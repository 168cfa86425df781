"""The command that is printed sends exactly the request that was meant."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelgate.report.curl import curl, gateway_address, quote
from modelgate.topology.answers import Request


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (
            Request(host="maas.example.com", path="/m/v1/models"),
            ["curl", "-ski", "https://maas.example.com/m/v1/models"],
        ),
        (
            Request(host="maas.example.com", scheme="http", port=80, gateway="ns/gw"),
            ["curl", "-si", "--connect-to", "::$GATEWAY:", "http://maas.example.com/"],
        ),
        (
            Request(host="maas.example.com:8443", port=8443),
            ["curl", "-ski", "https://maas.example.com:8443/"],
        ),
        (
            Request(host="maas.example.com", port=8443),
            ["curl", "-ski", "-H", "Host: maas.example.com", "https://maas.example.com:8443/"],
        ),
        (
            Request(host="MAAS.example.com"),
            ["curl", "-ski", "-H", "Host: MAAS.example.com", "https://maas.example.com/"],
        ),
        (
            Request(host="maas.example.com."),
            ["curl", "-ski", "-H", "Host: maas.example.com.", "https://maas.example.com/"],
        ),
        (
            Request(host="x:a.apps.example.com:1", sni="a.apps.example.com"),
            ["curl", "-ski", "-H", "Host: x:a.apps.example.com:1", "https://a.apps.example.com/"],
        ),
        (
            Request(host="", scheme="http", port=80),
            ["curl", "-si", "-H", "Host;", "http://gateway.invalid/"],
        ),
        (
            Request(host="a.b", method="POST", headers={"accept": "a b", "x": ""}),
            ["curl", "-ski", "-X", "POST", "-H", "accept: a b", "-H", "x;", "https://a.b/"],
        ),
        (Request(host="a.b", method="HEAD"), ["curl", "-skI", "https://a.b/"]),
        (
            Request(host="a.b", path="/m/./v1?x=1"),
            ["curl", "-ski", "--path-as-is", "https://a.b/m/./v1?x=1"],
        ),
        (
            Request(host="a.b", path="/%2e%2E/v1"),
            ["curl", "-ski", "--path-as-is", "https://a.b/%2e%2E/v1"],
        ),
        (Request(host="a.b", path="/v{1}"), ["curl", "-ski", "-g", "https://a.b/v{1}"]),
        (
            Request(host="a.b", path="http://c.d/v1", scheme="http", port=80),
            ["curl", "-si", "--request-target", "http://c.d/v1", "http://a.b/"],
        ),
    ],
)
def test_each_form_of_a_request(request_: Request, expected: list[str]) -> None:
    assert shlex.split(curl(request_)) == expected


@given(st.text().filter(str.isprintable))
def test_a_printable_word_survives_the_shell(value: str) -> None:
    assert shlex.split(quote(value)) == [value]


@given(st.text())
def test_a_command_is_one_printable_line(value: str) -> None:
    request = Request(host=value, path=f"/{value}", headers={"x": value}, gateway=f"a/{value}")
    assert curl(request).isprintable()
    assert gateway_address(request).isprintable()


def test_what_is_not_printable_is_written_in_bytes() -> None:
    assert quote("a\x1b'é\n") == "$'a\\x1b\\'é\\x0a'"


def test_the_address_of_a_gateway_is_asked_from_the_cluster() -> None:
    assert gateway_address(Request(host="a", gateway="ns/gw")) == (
        "GATEWAY=$(kubectl get gateway -n ns gw -o jsonpath='{.status.addresses[0].value}')"
    )
    assert gateway_address(Request(host="a")) == ""
