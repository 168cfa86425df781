"""What a disagreement is shown with still disagrees, and nothing of it can be left out."""

import copy
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from modelgate.topology import Request
from tests.lab.topologies import Body, Topology

Disagrees = Callable[[Sequence[Topology]], Sequence[bool]]
"""For topologies of one request each: which of them still show the disagreement."""

_KEPT = ("Namespace", "Kuadrant")
_LISTS = (("spec", "rules"), ("spec", "listeners"), ("spec", "parentRefs"), ("spec", "hostnames"))
_OPTIONAL = (("spec", "hostnames"), ("spec", "when"), ("spec", "defaults"), ("spec", "overrides"))


def shrink(topology: Topology, request: Request, disagrees: Disagrees) -> Topology:
    """The smallest topology that shows what `topology` shows with `request`; step by step."""
    smallest = Topology(topology.name, topology.bodies, [request])
    while True:
        smaller = list(_smaller(smallest))
        shown = disagrees(smaller) if smaller else []
        found = next((each for each, still in zip(smaller, shown, strict=True) if still), None)
        if found is None:
            return smallest
        smallest = found


def _smaller(topology: Topology) -> Iterator[Topology]:
    """Every topology with one thing less."""
    for index, body in enumerate(topology.bodies):
        if body["kind"] in _KEPT:
            continue
        others = [*topology.bodies[:index], *topology.bodies[index + 1 :]]
        yield Topology(f"{topology.name}-{index}", others, topology.requests)
        for number, less in enumerate(_less(body)):
            changed = [*topology.bodies[:index], less, *topology.bodies[index + 1 :]]
            yield Topology(f"{topology.name}-{index}-{number}", changed, topology.requests)


def _less(body: Body) -> Iterator[Body]:
    for path in _LISTS:
        items = _at(body, path)
        if isinstance(items, list) and len(items) > 1:
            for index in range(len(items)):
                yield _with(body, path, [*items[:index], *items[index + 1 :]])
    for *outer, name in _OPTIONAL:
        parent = _at(body, outer)
        if isinstance(parent, dict) and name in parent and len(parent) > 1:
            yield _with(body, outer, {key: item for key, item in parent.items() if key != name})


def _at(body: Body, path: Sequence[str]) -> Any:
    value: Any = body
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _with(body: Body, path: Sequence[str], value: Any) -> Body:
    changed = copy.deepcopy(body)
    parent = _at(changed, path[:-1])
    parent[path[-1]] = value
    return changed
