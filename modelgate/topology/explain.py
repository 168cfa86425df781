"""A request's way in words, station by station, as the judge decided it: for a trace only.

Nothing is decided here that changes an outcome: every step tells what the interpreter found, and
why. Where the body is given, the status may be the model server's.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from modelgate.topology.answers import Answer, Outcome, Request, Step
from modelgate.topology.backends import Target
from modelgate.topology.explain_limits import limits
from modelgate.topology.explain_model import Reading, model
from modelgate.topology.explain_picker import backend, picker
from modelgate.topology.explain_policy import identity, policy
from modelgate.topology.explain_route import entrance, not_routed, passed
from modelgate.topology.explain_status import ending, others
from modelgate.topology.interpreter import World
from modelgate.topology.ways import Way, nowhere, ways


def explain(world: World, request: Request) -> list[Answer]:
    """The answer at each gateway that could serve `request`, with every step; the worst first."""
    found = _worst_of_each(world, request)
    if not found:
        return [nowhere(request)]
    return [_told(world, request, way, found[1:] if way is found[0] else ()) for way in found]


def explain_worst(world: World, request: Request) -> Answer:
    """The worst answer that `request` may get, with every step."""
    found = _worst_of_each(world, request)
    return _told(world, request, found[0], found[1:]) if found else nowhere(request)


def _worst_of_each(world: World, request: Request) -> list[Way]:
    """The worst way on each gateway; those without a route only where there are no others."""
    worst: dict[str, Way] = {}
    for way in ways(world, request):
        key = way.proxy.gateway.key
        if key not in worst or way.rank < worst[key].rank:
            worst[key] = way
    found = sorted(worst.values(), key=lambda way: (way.rank, way.table is None))
    routed = [way for way in found if way.answer.outcome is not Outcome.NO_ROUTE]
    return routed or [way for way in found if way.table is not None] or found


def _told(world: World, request: Request, way: Way, others_: Sequence[Way]) -> Answer:
    target = _target(world, way)
    reading = None
    if target is not None and way.answer.outcome is Outcome.REACHES_MODEL:
        reading = model(world, request, way, target)
    answer = way.answer
    if reading and request.body and reading.status != 200:
        answer = replace(answer, status=reading.status, reason=reading.says, remedy=reading.remedy)
    before = _before(world, request, way, others_)
    return replace(answer, steps=(*before, *_behind(world, way, answer, target, reading)))


def _target(world: World, way: Way) -> Target | None:
    """The backend that the answer is about."""
    found: Iterable[Target] = world.resolved(way.entry) if way.entry else ()
    return next((one for one in found if one.backend.ref == way.answer.backend), None)


def _before(world: World, request: Request, way: Way, others_: Sequence[Way]) -> Iterator[Step]:
    yield from entrance(world.topology, request, way, others_)
    yield from passed(request, way)
    yield from not_routed(world.topology, way)
    yield from policy(world, way)
    yield from identity(world, way)
    yield from limits(world, way)


def _behind(
    world: World, way: Way, answer: Answer, target: Target | None, reading: Reading | None
) -> Iterator[Step]:
    if target is not None and answer.outcome is not Outcome.REFUSED:
        yield from picker(world, way, target)
        yield backend(world.topology, target.backend)
    if reading is not None:
        yield Step("model", reading.by, reading.text)
    yield from ending(world, way, answer)
    if answer.outcome is Outcome.REACHES_MODEL:
        yield from others(world, way, answer)
