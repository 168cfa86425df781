"""The judge may doubt, or be stricter than what happened; it may never call an open door closed."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from modelgate.findings import Verdict
from modelgate.topology import Answer, Outcome, Request, Settings, analyze, trace
from tests.lab.execution import Executed, Executor
from tests.lab.topologies import Topology

ASSUMED = Settings(assume={"kuadrant": "1.5.2", "gateway-api": "1.4", "openshift-ai": "3.4"})
_PASSES = 200


class Word(StrEnum):
    """How the judge's answer stands to what was executed, the worst first."""

    WRONG = "judge wrong: refused, but it passes"
    STRICTER = "judge stricter: open, but it was refused"
    UNDECIDED = "judge undecided"
    AGREED = "agreed"
    ELSEWHERE = "decided elsewhere: no route, no backend"
    NOT_PUT = "not put to the lab"


DISAGREEMENTS = (Word.WRONG, Word.STRICTER)


@dataclass(frozen=True)
class Row:
    """One request: the judge's answer beside the executed statuses (200 passes)."""

    topology: Topology
    request: Request
    word: Word
    reason: str
    statuses: frozenset[int] = frozenset()

    @property
    def disagrees(self) -> bool:
        return self.word in DISAGREEMENTS

    @property
    def name(self) -> str:
        return self.topology.name

    def __str__(self) -> str:
        request = self.request
        executed = "/".join(str(status) for status in sorted(self.statuses))
        return (
            f"{self.topology.name}: {request.method} {request.scheme}://{request.host}:"
            f"{request.port}{request.path} {dict(request.headers) or ''} at {request.gateway}: "
            f"{self.word} (executed {executed}; judge: {self.reason})"
        )


def with_witnesses(topology: Topology) -> Topology:
    """With the request that the judge shows for each door that it calls exposed."""
    doors = analyze(topology.objects, ASSUMED).doors
    shown = [door.request for door in doors if door.verdict is Verdict.EXPOSED and door.listener]
    witnesses = [request for request in shown if request and request not in topology.requests]
    return Topology(topology.name, topology.bodies, [*topology.requests, *witnesses])


def compare(executor: Executor, topologies: Sequence[Topology]) -> Iterator[Row]:
    """Put `topologies` to the lab in one batch and to the judge, request by request."""
    for executed in executor.run(topologies):
        moved = executed.moved
        answers = trace(moved.objects, ASSUMED, moved.requests)
        put = zip(executed.topology.requests, moved.requests, answers, strict=True)
        for request, sent, answer in put:
            word, statuses = _word(executor, executed, sent, answer)
            reason = executed.refused or _not_comparable(moved, sent)
            yield Row(executed.topology, request, word, reason or answer.reason, statuses)


def tally(rows: Iterable[Row]) -> Counter[Word]:
    return Counter(row.word for row in rows)


def _word(
    executor: Executor, executed: Executed, sent: Request, answer: Answer
) -> tuple[Word, frozenset[int]]:
    closed = answer.outcome is Outcome.REFUSED
    if executed.refused or _not_comparable(executed.moved, sent):
        return Word.NOT_PUT, frozenset()
    if answer.outcome is Outcome.UNDECIDED:
        return Word.UNDECIDED, frozenset()
    if answer.outcome is Outcome.NO_ROUTE or (closed and not answer.authenticated):
        return Word.ELSEWHERE, frozenset()
    at = replace(sent, gateway=sent.gateway or answer.gateway)
    statuses = frozenset(executor.statuses(executed, at))
    passes = _PASSES in statuses
    if closed == passes:
        return (Word.WRONG if closed else Word.STRICTER), statuses
    return Word.AGREED, statuses


def _not_comparable(topology: Topology, request: Request) -> str:
    """Why the lab cannot say what becomes of `request`: it runs neither Envoy nor KServe."""
    if topology.of_kind("LLMInferenceService", "LLMInferenceServiceConfig"):
        return "KServe's controller, which makes the routes, is not in the lab"
    foreign = topology.of_kind("EnvoyFilter", "WasmPlugin", "VirtualService")
    if foreign:
        return f"what a {foreign[0]['kind']} does to a request, only Istio knows"
    if any("deletionTimestamp" in body["metadata"] for body in topology.bodies):
        return "the API server sets deletionTimestamp itself"
    if request.method == "OPTIONS" and "CORS" in str(topology.bodies):
        return "Envoy may answer a CORS preflight itself"
    if any(mark in request.path for mark in ("./", "//", "%", "://")):
        return "Envoy changes this form of a path first"
    return ""
