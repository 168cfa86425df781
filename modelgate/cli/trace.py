"""`modelgate trace`: which way one request takes, and its answer."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import click

from modelgate.cli import output, requests
from modelgate.cli.selecting import Asked, Judgement, selecting
from modelgate.errors import ConfigurationError
from modelgate.findings import Finding
from modelgate.inputs import View, files
from modelgate.topology.answers import Answer, Outcome, Request
from modelgate.topology.settings import Settings


@click.command()
@click.argument("method", required=False)
@click.argument("url", required=False)
@click.option("-H", "--header", "headers", multiple=True, help="A header, as curl takes it.")
@click.option("-d", "--data", metavar="BODY", help="The body, or @FILE; its `model` is checked.")
@click.option("--gateway", default="", metavar="NS/NAME", help="Whose address it is sent to.")
@click.option("--sni", default="", help="The server name in TLS; by default the URL's host.")
@click.option("--batch", metavar="FILE", help="Answer the requests of a JSON file instead.")
@click.option(
    "-o", "--output", "form", type=click.Choice(["table", "json", "mermaid"]), default="table"
)
@selecting
def trace(
    method: str | None,
    url: str | None,
    headers: tuple[str, ...],
    batch: str | None,
    form: str,
    **asked: Any,
) -> int:
    """Which way a request takes, and its answer.

    Without credentials in a header the request is anonymous. Where several orders of creation
    could be meant, the worst answer is given; where several gateways, the worst comes first.
    """
    sent = {name: asked.pop(name) for name in ("data", "gateway", "sni")}
    if batch:
        if method or headers or any(sent.values()) or form == "mermaid":
            raise ConfigurationError("--batch holds whole requests: give it alone")
        _all(Asked(**asked), _batch(batch), form)
    elif method and url:
        body = _body(sent["data"] or "")
        wanted = requests.from_url(method, url, headers, sent["gateway"], sent["sni"])
        _one(Asked(**asked), replace(wanted, body=body), form)
    else:
        raise ConfigurationError(
            "which request?", "`modelgate trace GET https://maas.example.com/v1/models -s prod`"
        )
    return 0


def _batch(name: str) -> list[Request]:
    return [
        request
        for text in files.read([name])
        for request in requests.from_batch(text.content, text.name)
    ]


def _body(data: str) -> str:
    """`data` as curl takes it: a text, or `@FILE`."""
    if not data.startswith("@"):
        return data
    return "".join(text.content for text in files.read([data.removeprefix("@")]))


def _all(asked: Asked, wanted: Sequence[Request], form: str) -> None:
    """The worst answer to each request."""
    from modelgate import topology
    from modelgate.report import as_json

    view = asked.view()
    answers = topology.trace(view.objects, asked.judgement(view).settings, wanted)
    if form == "json":
        output.answer(as_json.trace(answers))
    else:
        _show(answers)


def _one(asked: Asked, request: Request, form: str) -> None:
    """One request: the worst answer, for people also those at other gateways."""
    from modelgate import topology
    from modelgate.report import as_json
    from modelgate.report.trace import picture

    view = asked.view()
    how = asked.judgement(view)
    answers = topology.trace_everywhere(view.objects, how.settings, request)
    if form == "json":
        output.answer(as_json.trace(answers[:1]))
    elif form == "mermaid":
        output.answer(picture(answers[0], request))
    else:
        _show(answers, _findings(view, how, answers))
        _note_unstated(how.settings)


def _note_unstated(settings: Settings) -> None:
    taken = [f"{name} {settings.version(name)}" for name in settings.unstated]
    if taken:
        output.note(f"not stated, taken as the newest known: {', '.join(taken)}; see --assume")


def _findings(view: View, how: Judgement, answers: Sequence[Answer]) -> list[Finding]:
    """What the rules say of objects on the way."""
    from modelgate.report.words import further_findings
    from policies.judgement import judge

    on_the_way = {
        step.object
        for answer in answers
        for step in answer.steps
        if answer.outcome is not Outcome.NO_ROUTE
    }
    further = further_findings(judge(view.objects, how.settings, how.accepted))
    return [finding for finding in further if finding.resource in on_the_way]


def _show(answers: Sequence[Answer], findings: Sequence[Finding] = ()) -> None:
    from modelgate.report import trace as report

    if sys.stdout.isatty():
        from rich.console import Console

        from modelgate.report import terminal

        terminal.trace(answers, findings, Console())
    else:
        output.answer(report.text(answers, findings))
