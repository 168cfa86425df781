"""The judge may doubt, or be stricter than what happened; it may never call an open door closed."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from modelgate.findings import Verdict
from modelgate.topology import Answer, Request, Settings, analyze, trace
from modelgate.topology import Outcome as Judged
from tests.lab.execution import Executed, Executor
from tests.lab.through_envoy import Outcome, Way
from tests.lab.topologies import Topology

ASSUMED = Settings(assume={"kuadrant": "1.5.2", "gateway-api": "1.4", "openshift-ai": "3.4"})
_PASSES = 200


class Word(StrEnum):
    """How the judge's answer stands to what was executed, the worst first."""

    WRONG = "judge wrong: refused, but it passes"
    STRICTER = "judge stricter: open, but it was refused"
    ANOTHER_RULE = "judge wrong about the rule: Envoy took another"
    UNDECIDED = "judge undecided"
    AGREED = "agreed"
    ELSEWHERE = "decided elsewhere: no route, no backend"
    NOT_PUT = "not put to the lab"


DISAGREEMENTS = (Word.WRONG, Word.STRICTER, Word.ANOTHER_RULE)


@dataclass(frozen=True)
class Row:
    """One request: the judge's answer beside the executed statuses (200 passes)."""

    topology: Topology
    request: Request
    word: Word
    reason: str
    statuses: frozenset[int] = frozenset()
    outcome: Outcome | None = None
    """What real Envoy did with it; None where it was not sent."""

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
            f"{self.word} (executed {executed}; judge: {self.reason}; Envoy: {self.outcome})"
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
        outcomes = _through_envoy(executor, executed, answers)
        put = zip(executed.topology.requests, moved.requests, answers, outcomes, strict=True)
        for request, sent, answer, outcome in put:
            word, statuses = _word(executor, executed, sent, answer)
            changed = _changed_by_envoy(sent)
            if outcome is not None and word not in DISAGREEMENTS:
                word = _word_of(outcome, answer, word, statuses)
                changed = "" if outcome.way is not Way.UNKNOWN else changed
            reason = executed.refused or _not_comparable(moved, sent) or changed or answer.reason
            yield Row(executed.topology, request, word, reason, statuses, outcome)


def tally(rows: Iterable[Row]) -> Counter[Word]:
    return Counter(row.word for row in rows)


def _through_envoy(
    executor: Executor, executed: Executed, answers: Sequence[Answer]
) -> list[Outcome | None]:
    """None for a request that is not sent: the judge's gateway is the one, where it names none."""
    requests = [
        replace(sent, gateway=sent.gateway or answer.gateway)
        for sent, answer in zip(executed.moved.requests, answers, strict=True)
    ]
    put = [
        each.gateway != "" and not executed.refused and not _not_comparable(executed.moved, each)
        for each in requests
    ]
    if executor.envoys is None:
        return [None for _ in requests]
    sent = [each for each, wanted in zip(requests, put, strict=True) if wanted]
    outcomes = iter(executor.envoys.put(sent))
    return [next(outcomes) if wanted else None for wanted in put]


def _word_of(outcome: Outcome, answer: Answer, word: Word, statuses: frozenset[int]) -> Word:
    """How the judge's answer stands to what Envoy did; `word` is what the filter alone did."""
    closed = answer.outcome in (Judged.REFUSED, Judged.NO_ROUTE)
    if answer.outcome is Judged.UNDECIDED or outcome.way is Way.UNKNOWN:
        return word
    if outcome.way in (Way.SENT_ON, Way.GATEWAY):
        if closed:
            return Word.WRONG
        return Word.AGREED if _same_rule(outcome, answer) else Word.ANOTHER_RULE
    if closed or (outcome.way is Way.FILTER and _PASSES in statuses):
        return Word.AGREED  # of equal action sets map order decides, and another was written
    if outcome.way is Way.NO_BACKEND:
        return word if _same_rule(outcome, answer) else Word.ANOTHER_RULE
    return Word.STRICTER


def _same_rule(outcome: Outcome, answer: Answer) -> bool:
    judged = (answer.route.replace(" ", "/"), str(answer.rule), str(answer.match))
    return judged == tuple(outcome.place.get(name, "") for name in ("route", "rule", "match"))


def _word(
    executor: Executor, executed: Executed, sent: Request, answer: Answer
) -> tuple[Word, frozenset[int]]:
    closed = answer.outcome is Judged.REFUSED
    if executed.refused or _not_comparable(executed.moved, sent) or _changed_by_envoy(sent):
        return Word.NOT_PUT, frozenset()
    if answer.outcome is Judged.UNDECIDED:
        return Word.UNDECIDED, frozenset()
    if answer.outcome is Judged.NO_ROUTE or (closed and not answer.authenticated):
        return Word.ELSEWHERE, frozenset()
    at = replace(sent, gateway=sent.gateway or answer.gateway)
    statuses = frozenset(executor.statuses(executed, at))
    passes = _PASSES in statuses
    if closed == passes:
        return (Word.WRONG if closed else Word.STRICTER), statuses
    return Word.AGREED, statuses


def _not_comparable(topology: Topology, request: Request) -> str:
    """Why the lab cannot say what becomes of `request`."""
    if topology.of_kind("LLMInferenceService", "LLMInferenceServiceConfig"):
        return "KServe's controller, which makes the routes, is not in the lab"
    foreign = topology.of_kind("EnvoyFilter", "WasmPlugin", "VirtualService")
    if foreign:
        return f"what a {foreign[0]['kind']} does to a request, only Istio knows"
    if any("deletionTimestamp" in body["metadata"] for body in topology.bodies):
        return "the API server sets deletionTimestamp itself"
    if request.method == "OPTIONS" and "CORS" in str(topology.bodies):
        return "Envoy may answer a CORS preflight itself"
    return ""


def _changed_by_envoy(request: Request) -> str:
    """Why the filter alone cannot say what becomes of `request`."""
    changed = any(mark in request.path for mark in ("./", "//", "%", "://"))
    return "Envoy changes this form of a path first, and is not installed" if changed else ""
