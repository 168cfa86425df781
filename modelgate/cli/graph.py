"""`modelgate graph`: the request path as a picture."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import click

from modelgate.cli import output
from modelgate.cli.selecting import Asked, selecting

FORMS: Final = ("mermaid", "dot", "svg", "html")


@click.command()
@click.option("-o", "--output", "form", type=click.Choice(FORMS), default="mermaid")
@selecting
def graph(form: str, **asked: Any) -> int:
    """The request path as a picture, its doors coloured by verdict.

    Gateways, listeners, policies, routes, doors, pools with their pickers, and Services. The page
    of `-o html` needs no network: a click on a door tells its request and its reason.
    """
    from modelgate.report.graph import dot, mermaid, page, picture, svg
    from modelgate.topology import analyze

    request = Asked(**asked)
    view = request.view()
    drawn = picture(analyze(view.objects, request.judgement(view).settings))
    title = f"modelgate: {_what(request)}"
    renderers: Mapping[str, Callable[[], str]] = {
        "mermaid": lambda: mermaid.text(drawn),
        "dot": lambda: dot.text(drawn, title),
        "svg": lambda: svg.text(drawn, title),
        "html": lambda: page.text(drawn, title),
    }
    output.answer(renderers[form]())
    return 0


def _what(asked: Asked) -> str:
    """What is drawn, as the command line names it."""
    parts = [f"stack {asked.stack}"] if asked.stack else []
    parts += [*asked.files, *(["a cluster"] if asked.live else [])]
    return ", ".join(parts)
