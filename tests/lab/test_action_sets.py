"""The stand-in for Kuadrant's filter selects as the filter was seen to select."""

from collections.abc import Sequence
from typing import Any

import pytest

from modelgate.local.lab.gateway.action_sets import (
    BrokenConfigError,
    FailedPredicateError,
    Filter,
    Sent,
)


def action_set(
    name: str, hostname: str, *predicates: str, when: Sequence[str] = (), service: str = "auth"
) -> dict[str, Any]:
    return {
        "name": name,
        "routeRuleConditions": {"hostnames": [hostname], "predicates": predicates},
        "actions": [{"service": service, "scope": name, "predicates": when}],
    }


def filter_of(*action_sets: dict[str, Any]) -> Filter:
    services = {"auth": {"type": "auth"}, "limits": {"type": "ratelimit"}}
    return Filter({"services": services, "actionSets": action_sets})


def sent(host: str = "a.example.com", path: str = "/v1", **headers: str) -> Sent:
    return Sent(host, "GET", "http", path, headers)


def asked(filter_: Filter, request: Sent) -> list[list[str]]:
    return [list(chosen.auth_configs) for chosen in filter_.possible(request)]


def test_the_nearest_hostname_hides_the_wider_ones() -> None:
    filter_ = filter_of(
        action_set("wide", "*.example.com"), action_set("exact", "a.example.com", "false")
    )
    assert asked(filter_, sent("b.example.com")) == [["wide"]]
    assert asked(filter_, sent("x.b.example.com")) == [["wide"]]
    assert asked(filter_, sent("a.example.com")) == [[]]


def test_the_host_counts_up_to_its_first_colon_and_with_its_case() -> None:
    filter_ = filter_of(action_set("exact", "a.example.com"))
    assert asked(filter_, sent("a.example.com:8080")) == [["exact"]]
    assert asked(filter_, sent("A.example.com")) == [[]]
    assert asked(filter_, sent("x:a.example.com:1")) == [[]]


def test_the_first_set_whose_predicates_hold_is_taken() -> None:
    filter_ = filter_of(
        action_set("narrow", "*", "request.url_path == '/v1'"),
        action_set("wide", "*", "request.url_path.startsWith('/')"),
    )
    assert asked(filter_, sent(path="/v1?x=y")) == [["narrow"]]
    assert asked(filter_, sent(path="/v2")) == [["wide"]]


def test_header_names_are_compared_in_lower_case() -> None:
    predicate = (
        "request.headers.exists(h, h.lowerAscii() == 'x-model' && request.headers[h] == 'big')"
    )
    filter_ = filter_of(action_set("big", "*", predicate))
    assert asked(filter_, sent(**{"X-Model": "big"})) == [["big"]]
    assert asked(filter_, sent(**{"X-Model": "small"})) == [[]]


def test_only_actions_of_authentication_whose_condition_holds_ask() -> None:
    limits = action_set("limits", "*", service="limits")
    assert asked(filter_of(limits), sent()) == [[]]
    assert filter_of(limits).chosen(sent()).others == ("limits",)
    conditional = action_set("auth", "*", when=["request.method == 'POST'"])
    assert asked(filter_of(conditional), sent()) == [[]]


def test_sets_with_the_same_conditions_are_all_possible() -> None:
    filter_ = filter_of(action_set("one", "*", "true"), action_set("other", "*", "true"))
    assert [each.name for each in filter_.possible(sent())] == ["one", "other"]
    assert filter_.chosen(sent()).name == "one"


@pytest.mark.parametrize(
    "predicate",
    [
        "request.headers['x-tier'] == 'free'",
        "'m' in queryMap(request.query) ? true : false",
        "request.path",
        "auth.identity.name == 'me'",
    ],
)
def test_a_predicate_that_cannot_be_evaluated_fails_the_request(predicate: str) -> None:
    with pytest.raises(FailedPredicateError):
        filter_of(action_set("auth", "*", predicate)).chosen(sent())


@pytest.mark.parametrize(
    "predicate", ["request.url_path == 'it's'", r"request.url_path.matches('/v\d')"]
)
def test_a_predicate_that_does_not_compile_breaks_the_whole_filter(predicate: str) -> None:
    with pytest.raises(BrokenConfigError):
        filter_of(action_set("fine", "*"), action_set("broken", "*", predicate))


def test_of_equal_sets_the_ones_of_the_first_route_are_possible() -> None:
    sets = [action_set(name, "*") for name in ("first", "again", "later")]
    limits = action_set("llm/later", "*", service="limits")
    services = {"auth": {"type": "auth"}, "limits": {"type": "ratelimit"}}
    routes = {"first": "llm/older", "again": "llm/older", "later": "llm/later"}
    filter_ = Filter({"services": services, "actionSets": [*sets, limits]}, routes)
    assert asked(filter_, sent()) == [["first"], ["again"]]
    assert asked(filter_of(*sets, limits), sent()) == [["first"], ["again"], ["later"], []]
