"""`modelgate generated`: what controllers will make of what is declared."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from modelgate.cli import output
from modelgate.cli.selecting import Asked, selecting
from modelgate.topology.objects import Object
from modelgate.topology.settings import Settings
from modelgate.topology.values import mapping, mappings, text

if TYPE_CHECKING:
    from modelgate.report.generated import Routing


@click.command()
@click.option(
    "-o", "--output", "form", type=click.Choice(["table", "json", "yaml"]), default="table"
)
@click.option("--left-out", is_flag=True, help="List also what is not derived.")
@selecting
def generated(form: str, left_out: bool, **asked: Any) -> None:
    """What controllers will create from what is declared, and which rules reach the picker."""
    from modelgate.report import generated as report
    from modelgate.topology.derive import derive

    request = Asked(**asked)
    view = request.view()
    settings = request.judgement(view).settings
    for said in filter(None, (_unstated(settings), settings.release.note)):
        output.note(said)
    made = derive(view.objects, settings.release, settings.version("istio"))
    routings = list(_routings(view.objects, made))
    if form == "yaml":
        output.answer(report.manifests(made))
    elif form == "json":
        output.answer(report.document(made, routings))
    else:
        output.answer(report.table(made, routings, settings.release.title, left_out))


def _unstated(settings: Settings) -> str:
    if "openshift-ai" not in settings.unstated:
        return ""
    return f"no release is stated: taken as {settings.release.title}, the newest known"


def _routings(declared: Sequence[Object], made: Sequence[Object]) -> "Iterator[Routing]":
    """Every HTTPRoute that leads to a pool, or to a Service that a controller makes."""
    from modelgate.report.generated import Routing
    from modelgate.topology.derive import rule_table

    services = {(obj.namespace, obj.name) for obj in made if obj.kind == "Service"}
    for route in (obj for obj in (*made, *declared) if obj.kind == "HTTPRoute"):
        if any(_to_model(ref, route, services) for ref in _backends(route)):
            gateways = tuple(
                f"{text(ref.get('namespace')) or route.namespace}/{text(ref.get('name'))}"
                for ref in mappings(route.spec.get("parentRefs"))
                if text(ref.get("kind"), "Gateway") == "Gateway"
            )
            yield Routing(route.ref, route.derived_from, gateways, rule_table(route))


def _backends(route: Object) -> Iterator[Any]:
    for rule in mappings(route.spec.get("rules")):
        yield from mappings(rule.get("backendRefs"))


def _to_model(ref: Any, route: Object, services: set[tuple[str, str]]) -> bool:
    place = (text(ref.get("namespace")) or route.namespace, text(mapping(ref).get("name")))
    return ref.get("kind") == "InferencePool" or place in services
