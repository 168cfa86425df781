"""`modelgate rules`: what is looked for."""

import json

import click

from modelgate.cli import output


@click.command()
@click.option("-o", "--output", "form", type=click.Choice(["table", "json"]), default="table")
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
