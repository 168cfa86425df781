"""`modelgate rules` and `modelgate generated`: what is looked for, what controllers will make."""

import json
from typing import Any

import click

from modelgate.cli import output
from modelgate.cli.selecting import Asked, selecting
from modelgate.report.safe import plain

_FORM = click.option(
    "-o", "--output", "form", type=click.Choice(["table", "json"]), default="table"
)


@click.command()
@_FORM
def rules(form: str) -> None:
    """The rules of `check` and of the policy pack."""
    from modelgate.report.words import page
    from policies.rules import ALL

    listed = [
        {"id": rule.ID, "summary": rule.SUMMARY, "remedy": rule.REMEDY, "page": page(rule.ID)}
        for rule in ALL
    ]
    if form == "json":
        output.answer(json.dumps({"schema": "modelgate/rules/v1", "rules": listed}, indent=2))
        return
    width = max((len(rule["id"]) for rule in listed), default=0)
    for rule in listed:
        output.answer(f"{rule['id']:<{width}}  {rule['summary']}")


@click.command()
@_FORM
@selecting
def generated(form: str, **asked: Any) -> None:
    """What controllers will create from what is declared, and from which object."""
    from modelgate.topology.derive import derive

    request = Asked(**asked)
    view = request.view()
    settings = request.judgement(view).settings
    made = derive(view.objects, settings.release, settings.version("istio"))
    if form == "json":
        objects = [{"from": obj.derived_from, "object": obj.body} for obj in made]
        document = {"schema": "modelgate/generated/v1", "objects": objects}
        output.answer(json.dumps(document, indent=2, default=repr))
        return
    for obj in made:
        output.answer(plain(f"{obj.ref}  {obj.api_version}  from {obj.derived_from}"))
