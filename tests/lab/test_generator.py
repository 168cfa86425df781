"""A random topology is the same for its number everywhere, and shrinks to what it shows."""

from collections.abc import Callable, Iterator, Sequence

import pytest

from modelgate.topology import trace
from tests.lab.agreement import ASSUMED
from tests.lab.shrinking import shrink
from tests.lab.topologies import Topology, generated, generated_wider

Make = Callable[[int, int], Iterator[Topology]]


@pytest.mark.parametrize("make", [generated, generated_wider])
def test_a_number_makes_one_topology(make: Make) -> None:
    again = list(make(7, 3))
    assert list(make(7, 3)) == again
    assert len({str(each.bodies) for each in again}) == 3


@pytest.mark.parametrize("make", [generated, generated_wider])
def test_the_judge_answers_every_request_of_random_topologies(make: Make) -> None:
    for each in make(1, 40):
        answers = trace(each.objects, ASSUMED, each.requests)
        assert [answer for answer in answers if not answer.reason] == []


def test_topologies_side_by_side_share_no_namespace_and_no_class() -> None:
    first, second = (each.apart(number) for number, each in enumerate(generated(1, 2)))
    assert not _own_names(first) & _own_names(second)
    assert {request.gateway for request in first.requests} <= {
        f"{body['metadata']['namespace']}/{body['metadata']['name']}"
        for body in first.of_kind("Gateway")
    }


def test_shrinking_keeps_what_disagrees_and_leaves_out_the_rest() -> None:
    topology = next(each for each in generated(1, 40) if len(each.of_kind("AuthPolicy")) > 2)

    def has_a_policy(candidates: Sequence[Topology]) -> list[bool]:
        return [bool(each.of_kind("AuthPolicy")) for each in candidates]

    smallest = shrink(topology, topology.requests[0], has_a_policy)
    kinds = [body["kind"] for body in smallest.bodies]
    assert sorted(kinds) == ["AuthPolicy", "Kuadrant", "Namespace", "Namespace"]
    assert smallest.requests == [topology.requests[0]]


def _own_names(topology: Topology) -> set[str]:
    kinds = topology.of_kind("Namespace", "GatewayClass")
    return {f"{body['kind']} {body['metadata']['name']}" for body in kinds}
