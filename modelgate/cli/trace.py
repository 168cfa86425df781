"""`modelgate trace`: which way one request takes, and its answer."""

import sys
from collections.abc import Sequence
from typing import Any

import click

from modelgate.cli import output, requests
from modelgate.cli.selecting import Asked, selecting
from modelgate.errors import ConfigurationError
from modelgate.inputs import files
from modelgate.topology.answers import Answer, Request


@click.command()
@click.argument("method", required=False)
@click.argument("url", required=False)
@click.option("-H", "--header", "headers", multiple=True, help="A header, as curl takes it.")
@click.option("--gateway", default="", metavar="NS/NAME", help="Whose address it is sent to.")
@click.option("--sni", default="", help="The server name in TLS; by default the URL's host.")
@click.option("--batch", metavar="FILE", help="Answer the requests of a JSON file instead.")
@click.option("-o", "--output", "form", type=click.Choice(["table", "json"]), default="table")
@selecting
def trace(
    method: str | None,
    url: str | None,
    headers: tuple[str, ...],
    gateway: str,
    sni: str,
    batch: str | None,
    form: str,
    **asked: Any,
) -> int:
    """Which way a request takes, and its answer.

    Without credentials in a header the request is anonymous. Where several gateways could be
    meant, or several orders of creation, the worst answer is given.
    """
    if batch:
        if method or headers or gateway or sni:
            raise ConfigurationError("--batch holds whole requests: give it alone")
        wanted = _batch(batch)
    elif method and url:
        wanted = [requests.from_url(method, url, headers, gateway, sni)]
    else:
        raise ConfigurationError(
            "which request?", "`modelgate trace GET https://maas.example.com/v1/models -s prod`"
        )
    _show(_trace(Asked(**asked), wanted), form)
    return 0


def _batch(name: str) -> list[Request]:
    return [
        request
        for text in files.read([name])
        for request in requests.from_batch(text.content, text.name)
    ]


def _trace(asked: Asked, wanted: Sequence[Request]) -> list[Answer]:
    from modelgate import topology

    view = asked.view()
    return topology.trace(view.objects, asked.judgement(view).settings, wanted)


def _show(answers: Sequence[Answer], form: str) -> None:
    from modelgate.report import as_json, text

    if form == "json":
        output.answer(as_json.trace(answers))
    elif sys.stdout.isatty():
        from rich.console import Console

        from modelgate.report import terminal

        terminal.trace(answers, Console())
    else:
        output.answer(text.trace(answers))
