"""A request's way for people: a line a station, or a picture of who asks whom.

The stations and their words are the judge's (`modelgate.topology.explain`).
"""

from collections.abc import Iterator, Sequence

from modelgate.findings import Finding
from modelgate.report import words
from modelgate.report.curl import DEFAULT_PORTS
from modelgate.report.safe import mermaid, plain
from modelgate.report.text import labelled
from modelgate.report.words import Line
from modelgate.topology.answers import Answer, Outcome, Request, Step


def headline(answer: Answer) -> str:
    """One answer in a line: outcome, status, the gateway, the reason."""
    status = f" {answer.status}" if answer.status else ""
    at = f" at {answer.gateway}" if answer.gateway else ""
    return f"{answer.outcome}{status}{at}: {answer.reason}"


def stations(answer: Answer) -> Iterator[Line]:
    """The way of a request, as far as it came; a label stands before the first of its lines."""
    before = Step("", "", "")
    for step in answer.steps:
        same = step.at == before.at
        about = "" if same and step.object == before.object else step.object
        yield Line("" if same else step.at, "  ".join(filter(None, (about, step.text))))
        before = step


def text(answers: Sequence[Answer], findings: Sequence[Finding] = ()) -> str:
    """Every answer station by station; below them `findings` about what stands on the way."""
    blocks = ["\n".join([plain(headline(one)), *labelled(stations(one))]) for one in answers]
    if findings:
        blocks.append("\n".join(labelled(found(findings), indent=0)))
    return "\n\n".join(blocks)


def found(findings: Sequence[Finding]) -> Iterator[Line]:
    """What the rules say of objects on the way, in a line each."""
    for index, finding in enumerate(findings):
        page = words.page(finding.rule)
        line = f"{finding.severity}[{finding.rule}] {finding.resource}: {finding.message} ({page})"
        yield Line("" if index else "found here", line)


def picture(answer: Answer, request: Request) -> str:
    """The way as a Mermaid sequence diagram: who asks whom, and what comes back."""
    lines = [*_parties(answer), *_messages(answer, request)]
    return "\n".join(["sequenceDiagram", *(f"    {line}" for line in lines)])


def _parties(answer: Answer) -> Iterator[str]:
    yield "actor you as You"
    yield _party("gateway", f"Gateway {answer.gateway}")
    if answer.policies:
        yield _party("authorino", "Authorino")
    if _counted(answer):
        yield _party("limitador", "Limitador")
    if picker := _picker(answer):
        yield _party("picker", f"Endpoint picker (EPP), {picker.object}")
    if _passes(answer):
        yield _party("pod", answer.backend)


def _party(name: str, shown: str) -> str:
    return f"participant {name} as {mermaid(shown)}"


def _messages(answer: Answer, request: Request) -> Iterator[str]:
    yield f"you->>gateway: {mermaid(f'{request.method} {url(request)}')}"
    for at in ("listener", "route", "rewrite"):
        step = _first(answer, at)
        if step is not None:
            yield f"Note over gateway: {mermaid(f'{step.object}, {step.text}')}"
    if answer.policies:
        yield f"gateway->>authorino: AuthPolicy {mermaid(', '.join(answer.policies))}"
        yield f"authorino-->>gateway: {'passes' if _passes(answer) else answer.outcome}"
    for step in _counted(answer):
        yield f"gateway->>limitador: {mermaid(step.text)}"
    yield from _behind(answer)
    end = _first(answer, "answer")
    said = f"{answer.status or answer.outcome} {end.text if end else answer.reason}"
    yield f"gateway-->>you: {mermaid(said)}"


def _behind(answer: Answer) -> Iterator[str]:
    if not _passes(answer):
        return
    if _picker(answer):
        yield "gateway->>picker: headers and body, which pod?"
        for step in answer.steps:
            if (step.at, step.object) == ("picker", "scores"):
                yield f"Note over picker: {mermaid(step.text)}"
        yield "picker-->>gateway: this pod"
    seen = _first(answer, "model")
    yield f"gateway->>pod: {mermaid(seen.text if seen else 'the request')}"
    yield f"pod-->>gateway: {answer.status}"


def url(request: Request) -> str:
    """The URL of a request, with a port that is not its scheme's own."""
    own = ":" in request.host or DEFAULT_PORTS[request.scheme] == request.port
    return f"{request.scheme}://{request.host}{'' if own else f':{request.port}'}{request.path}"


def _first(answer: Answer, at: str) -> Step | None:
    return next((step for step in answer.steps if step.at == at), None)


def _picker(answer: Answer) -> Step | None:
    return _first(answer, "picker") if answer.through_picker and _passes(answer) else None


def _counted(answer: Answer) -> list[Step]:
    return [step for step in answer.steps if step.at == "limits" and step.object != "none"]


def _passes(answer: Answer) -> bool:
    return answer.outcome is Outcome.REACHES_MODEL
