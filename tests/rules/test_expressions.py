"""What an expression of a policy reads is found in every way of writing it."""

import pytest

from policies.expressions import chain_of, chains, headers, literals, reads


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("auth.identity.userid", {("auth", "identity", "userid")}),
        ('auth.identity["userid"]', {("auth", "identity", "userid")}),
        ('request.headers["x-user"] == "a"', {("request", "headers", "x-user")}),
        ('!("x-user" in request.headers)', {("request", "headers", "x-user")}),
        ('request.url_path.split("/")[1]', {("request", "url_path")}),
        (
            '"a" in request.headers ? request.headers.b : auth.identity.c',
            {("request", "headers", "a"), ("request", "headers", "b"), ("auth", "identity", "c")},
        ),
        ("not CEL (", set()),
    ],
)
def test_chains_of_an_expression(expression: str, found: set[tuple[str, ...]]) -> None:
    assert chains(expression) == found


def test_a_header_with_a_computed_name_may_be_any() -> None:
    assert headers(chains("request.headers[auth.identity.header]")) == {"*"}


def test_what_is_more_than_one_attribute_is_no_chain() -> None:
    assert chain_of("auth.identity.userid") == ("auth", "identity", "userid")
    assert chain_of("auth.identity.userid + '-x'") is None
    assert chain_of("not CEL (") is None


def test_selectors_patterns_and_rego_read_too() -> None:
    entry = {
        "patterns": [{"selector": r"auth.identity.metadata.annotations.kuadrant\.io/groups"}],
        "other": {"selector": "context.request.http.headers.X-User.@case:lower"},
        "opa": {"rego": 'allow { input.context.request.http.headers["x-team"] == "a" }'},
        "value": "request.headers.not-read",
    }
    assert reads(entry) == {
        ("auth", "identity", "metadata", "annotations", "kuadrant.io/groups"),
        ("request", "headers", "X-User"),
        ("request", "headers", "x-team"),
    }
    assert headers(reads(entry)) == {"x-user", "x-team"}


def test_literals_are_what_is_compared_with() -> None:
    assert literals('auth.identity.tier in ["free", "gold"] && request.method == "GET"') == {
        "free",
        "gold",
        "GET",
    }
    assert literals("not CEL (") == set()
