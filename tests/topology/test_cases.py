"""Each case: requests meet what they meet, and doors are called what they are."""

import pytest

from modelgate.findings import Verdict
from modelgate.topology import analyze, trace
from tests.topology.case_files import Side, called, sides

SIDES = list(sides())
IDS = [side.name for side in SIDES]


@pytest.mark.parametrize("side", SIDES, ids=IDS)
def test_requests_meet_what_the_case_says(side: Side) -> None:
    answers = trace(side.objects, side.settings, [request for request, _ in side.requests])
    told = [
        (request.method, request.host, request.path, answer.outcome, answer.reason)
        for (request, outcome), answer in zip(side.requests, answers, strict=True)
        if answer.outcome is not outcome
    ]
    assert told == []


@pytest.mark.parametrize("side", SIDES, ids=IDS)
def test_doors_are_called_what_the_case_says(side: Side) -> None:
    found: dict[str, Verdict] = {}
    for door in analyze(side.objects, side.settings).doors:
        name = called(door)
        found[name] = Verdict.worst([door.verdict, found.get(name, Verdict.PROTECTED)])
    assert {name: str(found.get(name, "none")) for name in side.doors} == dict(side.doors)


@pytest.mark.parametrize("side", SIDES, ids=IDS)
def test_every_exposed_door_shows_a_request_that_gets_in(side: Side) -> None:
    doors = analyze(side.objects, side.settings).doors
    through_gateways = [
        door.request for door in doors if door.verdict is Verdict.EXPOSED and door.listener
    ]
    assert all(through_gateways)
    answers = trace(side.objects, side.settings, [item for item in through_gateways if item])
    assert {str(answer.outcome) for answer in answers} <= {"reaches-model"}
