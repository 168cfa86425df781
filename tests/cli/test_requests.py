"""A request is judged as it was written: nothing is decoded, lowered or tidied on the way."""

import json

import pytest

from modelgate.cli.requests import from_batch, from_url
from modelgate.errors import ConfigurationError
from modelgate.topology.answers import Request


@pytest.mark.parametrize(
    ("url", "headers", "expected"),
    [
        ("https://a.b/v1/models", (), Request(host="a.b", path="/v1/models")),
        ("https://a.b", (), Request(host="a.b")),
        ("http://a.b/x", (), Request(host="a.b", scheme="http", port=80, path="/x")),
        ("https://a.b:8443/x", (), Request(host="a.b:8443", port=8443, path="/x")),
        ("https://a.b:443/x", (), Request(host="a.b", path="/x")),
        ("https://a.b?q=1", (), Request(host="a.b", path="/?q=1")),
        ("https://a.b/x?q=/y#z", (), Request(host="a.b", path="/x?q=/y")),
        ("https://a.b//x/./%2e%2E/;y", (), Request(host="a.b", path="//x/./%2e%2E/;y")),
        ("HTTPS://A.b/X", (), Request(host="A.b", path="/X")),
        (
            "https://a.b/",
            ("Authorization: Bearer x", "X-Empty:"),
            Request(host="a.b", headers={"authorization": "Bearer x", "x-empty": ""}),
        ),
        ("https://a.b/", ("Host: c.d",), Request(host="c.d", sni="a.b")),
        ("https://a.b/", ("Host: x:a.b:1",), Request(host="x:a.b:1", sni="a.b")),
    ],
)
def test_a_url_is_taken_literally(url: str, headers: tuple[str, ...], expected: Request) -> None:
    assert from_url("GET", url, headers) == expected


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("a.b/x", "not an http or https URL"),
        ("ftp://a.b/", "not an http or https URL"),
        ("https:///x", "a URL needs a host"),
        ("https://user:pass@a.b/", "takes no user and password"),
        ("https://a.b:0/", "port is 0"),
        ("https://a.b:x/", "port is 'x'"),
    ],
)
def test_a_wrong_url_is_told(url: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        from_url("GET", url, ())


def test_a_header_needs_a_colon_and_its_value_is_not_repeated() -> None:
    with pytest.raises(ConfigurationError, match="-H 'Authorization Bearer x': not NAME: VALUE"):
        from_url("GET", "https://a.b/", ["Authorization Bearer x"])


def test_a_batch_holds_whole_requests() -> None:
    entries = [
        {"host": "a.b", "port": 80, "scheme": "http", "method": "POST", "path": "/x?y=1"},
        {"host": "a.b", "headers": {"X-A": "1"}, "gateway": "ns/gw", "sni": "c.d"},
    ]
    assert from_batch(json.dumps(entries), "r.json") == [
        Request(host="a.b", port=80, scheme="http", method="POST", path="/x?y=1"),
        Request(host="a.b", headers={"x-a": "1"}, gateway="ns/gw", sni="c.d"),
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[\n{", "r.json:2: not JSON"),
        ("{}", "a batch is a list"),
        ("[1]", "request 0 is not an object"),
        ('[{"host": "a"}, {}]', "request 1: host is missing"),
        ('[{"host": 1}]', "request 0: host is not a text"),
        ('[{"host": "a", "metod": "GET"}]', "did you mean method"),
        ('[{"host": "a", "scheme": "tcp"}]', "scheme is 'tcp'"),
        ('[{"host": "a", "port": true}]', "port is True"),
        ('[{"host": "a", "headers": {"x": 1}}]', "headers is not a mapping of texts"),
    ],
)
def test_a_wrong_batch_is_told_with_entry_and_field(text: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        from_batch(text, "r.json")
