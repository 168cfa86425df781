"""A request's way in words, station by station, as the judge decided it: for a trace only.

Nothing is decided here that changes an outcome: every step tells what the interpreter found, and
why. Where the body is given, the status may be the model server's.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from modelgate.topology.answers import Answer, Outcome, Request, Step
from modelgate.topology.backends import Target
from modelgate.topology.explain_limits import limits
from modelgate.topology.explain_model import Reading, model
from modelgate.topology.explain_picker import backend, picker
from modelgate.topology.explain_policy import identity, policy
from modelgate.topology.explain_route import entrance, not_routed, passed
from modelgate.topology.explain_status import ending, others
from modelgate.topology.interpreter import Way, World, nowhere, ways


def explain(world: World, request: Request) -> list[Answer]:
    """The answer at each gateway that could serve `request`, with every step; the worst first."""
    worst: dict[str, Way] = {}
    for way in ways(world, request):
        key = way.proxy.gateway.key
        if key not in worst or way.rank < worst[key].rank:
            worst[key] = way
    found = sorted(worst.values(), key=lambda way: way.rank)
    return [_told(world, request, way) for way in found] or [nowhere(request)]


def explain_worst(world: World, request: Request) -> Answer:
    """The worst answer that `request` may get, with every step."""
    worst = min(ways(world, request), key=lambda way: way.rank, default=None)
    return nowhere(request) if worst is None else _told(world, request, worst)


def _told(world: World, request: Request, way: Way) -> Answer:
    target = _target(world, way)
    reading = Reading("")
    if target is not None and way.answer.outcome is Outcome.REACHES_MODEL:
        reading = model(world, request, way, target)
    answer = way.answer
    if request.body and reading.status != 200:
        answer = replace(answer, status=reading.status, reason=reading.text, remedy=reading.remedy)
    steps = (*_before(world, request, way), *_behind(world, way, answer, target, reading))
    return replace(answer, steps=tuple(steps))


def _target(world: World, way: Way) -> Target | None:
    """The backend that the answer is about."""
    found: Iterable[Target] = world.resolved(way.entry) if way.entry else ()
    return next((one for one in found if one.backend.ref == way.answer.backend), None)


def _before(world: World, request: Request, way: Way) -> Iterator[Step]:
    yield from entrance(world.topology, request, way)
    yield from passed(request, way)
    yield from not_routed(world.topology, way)
    yield from policy(world, way)
    yield from identity(world, way)
    yield from limits(world, way)


def _behind(
    world: World, way: Way, answer: Answer, target: Target | None, reading: Reading
) -> Iterator[Step]:
    if target is not None and answer.outcome is not Outcome.REFUSED:
        yield from picker(world, way, target)
        yield backend(world.topology, target.backend)
    if reading.text:
        yield Step("model", "model server", reading.text)
    yield from ending(world, way, answer)
    if answer.outcome is Outcome.REACHES_MODEL:
        yield from others(world, way, answer)
