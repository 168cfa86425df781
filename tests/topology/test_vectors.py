"""The judge agrees with what really happened on every executed topology."""

from collections.abc import Iterator
from functools import cache

from modelgate.findings import Verdict
from modelgate.topology import Answer, Door, Outcome, Request, Settings, analyze, trace
from modelgate.topology.hostnames import covers
from tests.topology.vectors import Vector


def assuming(kuadrant: str, gateway_api: str = "1.4") -> Settings:
    return Settings(assume={"kuadrant": kuadrant, "gateway-api": gateway_api})


EXECUTED = assuming("1.5.2")
NAMES_PRUNED = assuming("1.5.2", "1.3")


def answers(
    vector: Vector, expected: list[tuple[Request, Outcome]], settings: Settings
) -> Iterator[tuple[Request, Outcome, Answer]]:
    given = trace(vector.objects, settings, [request for request, _ in expected])
    for (request, outcome), answer in zip(expected, given, strict=True):
        yield request, outcome, answer


def test_every_request_is_answered_as_it_was(vectors: list[Vector]) -> None:
    wrong = [
        (vector.name, request, outcome, answer.outcome, answer.reason)
        for vector in vectors
        for request, outcome, answer in answers(vector, vector.expected, EXECUTED)
        if answer.outcome not in (outcome, Outcome.UNDECIDED)
    ]
    assert wrong == []


def test_rule_names_do_nothing_where_the_crds_prune_them(vectors: list[Vector]) -> None:
    told = [
        (vector.name, request, outcome, answer.outcome)
        for vector in vectors
        for request, outcome, answer in answers(vector, vector.pruned, NAMES_PRUNED)
    ]
    assert [item for item in told if item[2] is not item[3]] == []
    assert len(told) >= 10


def test_nearly_everything_is_decided(vectors: list[Vector]) -> None:
    given = [
        answer for vector in vectors for _, _, answer in answers(vector, vector.expected, EXECUTED)
    ]
    undecided = [answer.reason for answer in given if answer.outcome is Outcome.UNDECIDED]
    assert all(undecided)
    assert len(undecided) < 0.03 * len(given)


def test_an_exposed_topology_has_an_exposed_door(vectors: list[Vector]) -> None:
    missed = [
        vector.name
        for vector in vectors
        if vector.exposed and not _exposed(judged(vector, "1.5.2"))
    ]
    assert missed == []


def test_a_request_that_got_in_came_through_no_protected_door(vectors: list[Vector]) -> None:
    wrong = [
        (vector.name, request, door.name)
        for vector in vectors
        for request, outcome, answer in answers(vector, vector.expected, EXECUTED)
        for door in judged(vector, "1.5.2")
        if outcome is Outcome.REACHES_MODEL
        and door.verdict is Verdict.PROTECTED
        and (door.gateway, door.listener) == (answer.gateway, answer.listener)
        and (door.route, door.rule, door.match) == (answer.route, answer.rule, answer.match)
        and door.backend == answer.backend
        and covers(door.hostname, request.host.partition(":")[0].lower())
    ]
    assert wrong == []


def test_no_exposed_door_rests_on_a_request_that_was_refused(vectors: list[Vector]) -> None:
    closed = {
        (vector.name, *_identity(request))
        for vector in vectors
        for request, outcome in vector.expected
        if outcome is not Outcome.REACHES_MODEL
    }
    contradicted = [
        (vector.name, request)
        for vector in vectors
        for request in _exposed(judged(vector, "1.5.2"))
        if (vector.name, *_identity(request)) in closed
    ]
    assert contradicted == []


def test_every_exposed_door_shows_a_request_that_gets_in(vectors: list[Vector]) -> None:
    refused = [
        (vector.name, answer.outcome, answer.reason)
        for vector in vectors
        for answer in trace(vector.objects, EXECUTED, _exposed(judged(vector, "1.5.2")))
        if answer.outcome is not Outcome.REACHES_MODEL or answer.authenticated
    ]
    assert refused == []


def test_later_filters_close_the_doors_of_host_case(vectors: list[Vector]) -> None:
    cased = [
        request
        for vector in vectors
        for request in _exposed(judged(vector, "1.5.3"))
        if request.host != request.host.lower()
    ]
    assert cased == []


@cache
def judged(vector: Vector, kuadrant: str) -> tuple[Door, ...]:
    return analyze(vector.objects, assuming(kuadrant)).doors


def _exposed(doors: tuple[Door, ...]) -> list[Request]:
    return [door.request for door in doors if door.verdict is Verdict.EXPOSED and door.request]


def _identity(request: Request) -> tuple[object, ...]:
    headers = tuple(sorted(request.headers.items()))
    where = (request.gateway, request.port, request.scheme)
    return (*where, request.host, request.method, request.path, headers)
