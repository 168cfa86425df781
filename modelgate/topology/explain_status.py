"""The status at the end of a way, why, and the way out; and what other statuses would mean there.

The readings are the guide's and the measured ones: 400 for a body that got lost, 401 for a door
that asks for credentials, 404 for a wrong model name, 429 for a limit, 500 and 503 for faults.
"""

from collections.abc import Iterator

from modelgate.topology.answers import Answer, Outcome, Step
from modelgate.topology.explain_policy import effective, place
from modelgate.topology.interpreter import World
from modelgate.topology.roles import Role, role
from modelgate.topology.values import mapping
from modelgate.topology.ways import Way
from modelgate.versions import table


def ending(world: World, way: Way, answer: Answer) -> Iterator[Step]:
    """What the caller gets, and what to do where that is not what it wanted."""
    yield Step("answer", str(answer.status or "unknown"), _because(answer))
    remedy = _remedy(world, way, answer)
    if remedy:
        yield Step("fix", "", remedy)


def _because(answer: Answer) -> str:
    if answer.outcome is Outcome.REFUSED and answer.status == 401:
        return f"credentials are required here: {answer.reason}"
    if answer.outcome is Outcome.REFUSED and answer.status == 403:
        return f"whoever calls is not allowed this: {answer.reason}"
    if answer.outcome is Outcome.NO_ROUTE and not answer.status:
        return "no connection, or none with this name: the request never becomes HTTP"
    if answer.outcome is Outcome.NO_ROUTE:
        return "Envoy's own, without a body: no model server was asked"
    if answer.outcome is Outcome.REACHES_MODEL and answer.status == 404:
        return f"`model does not exist`, from vLLM itself: {answer.reason}"
    if answer.outcome is Outcome.REACHES_MODEL and answer.status != 200:
        return f"from the model server itself: {answer.reason}"
    if answer.outcome is Outcome.REACHES_MODEL:
        return f"the model answers: {answer.reason}"
    return answer.reason


def _remedy(world: World, way: Way, answer: Answer) -> str:
    if answer.outcome is Outcome.REFUSED and answer.status == 401:
        return "; or ".join([f"send {_credentials(way)}", *_open_doors(world, way)])
    if answer.outcome is Outcome.NO_ROUTE and answer.status == 404:
        return "send it to the path of a rule; `modelgate generated` lists them"
    if answer.outcome is Outcome.NO_ROUTE:
        known = [
            f"{one.protocol.lower()} on port {one.port}" for one in way.proxy.gateway.listeners
        ]
        return f"send it with {' or '.join(known)}" if known else ""
    if answer.outcome is Outcome.REACHES_MODEL and answer.authenticated and answer.status == 200:
        return ""
    if way.passage and answer.outcome is Outcome.UNDECIDED and answer.reason != way.passage.reason:
        return ""
    return answer.remedy


def _credentials(way: Way) -> str:
    found = effective(way.passage) if way.passage else None
    entries = found.section("authentication").values() if found else ()
    places = dict.fromkeys(f"`{place(mapping(entry))}`" for entry in entries)
    return " or ".join(places) or "credentials"


def _open_doors(world: World, way: Way) -> Iterator[str]:
    for key, gateway in world.topology.gateways.items():
        if key != way.proxy.gateway.key and role(world.topology, gateway) is Role.TEST:
            yield f"for a test without credentials, use Gateway {key}"


def others(world: World, way: Way, answer: Answer) -> Iterator[Step]:
    """What to look for when this way answers something else."""
    for status, text in _others(world, way, answer):
        if status != answer.status:
            yield Step(f"if {status}", "", text)


def _others(world: World, way: Way, answer: Answer) -> Iterator[tuple[int, str]]:
    istio = world.topology.settings.version("istio")
    upstream = world.topology.settings.release.upstream
    loses = table().istio(istio, upstream=upstream).loses_body
    sends, acted = way.call.method == "POST", way.passage and way.passage.acted
    if sends and answer.through_picker and loses:
        why = "`Field required`: Envoy could not reach the picker and went on without the body"
        yield 400, f"{why} (Istio {istio}): mend the picker's TLS arguments"
    elif sends:
        yield 400, "the body is empty, no JSON, or lacks a field that the API requires"
    if way.passage and way.passage.credentials:
        yield 401, f"the credentials in {_credentials(way)} are not valid"
        yield 403, "the credentials are valid, and an authorization above does not hold"
    yield 404, _not_found(sends, bool(acted))
    if acted and acted.limited:
        yield 429, "a limit above is used up: wait for its window to end, or get another tier"
    fault = _fault(bool(acted), answer.through_picker and not loses, istio)
    yield from [(500, fault)] if fault else []
    yield 503, _unavailable(bool(acted))


def _not_found(sends: bool, guarded: bool) -> str:
    mistake = "`model` is no name that is served" if sends else "the model server has no such path"
    header = "with a header `x-ext-auth-reason`, Authorino does not know this route yet"
    return f"{mistake}; {header}" if guarded else mistake


def _fault(guarded: bool, closing: bool, istio: str) -> str:
    causes = ["Authorino did not answer within 200 ms"] if guarded else []
    causes += [f"Envoy could not reach the picker (Istio {istio})"] if closing else []
    return ", or ".join(causes)


def _unavailable(guarded: bool) -> str:
    loading = ", or the gateway could not load Kuadrant's filter" if guarded else ""
    return f"no pod of the model is ready{loading}"
