"""`modelgate commands`: what to paste in order to use and watch one stack."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import click

from modelgate.cli import output
from modelgate.cli.selecting import Asked, project_option
from modelgate.doctor.keys import sources_of
from modelgate.errors import ModelgateError
from modelgate.releases import Release
from modelgate.report.doctor_commands import Gateway, Model, Platform, text
from modelgate.topology.derive import derive
from modelgate.topology.derive.names import Names
from modelgate.topology.derive.service import Service, read_services
from modelgate.topology.objects import Object
from modelgate.topology.routes import Route, read_route
from modelgate.topology.values import labels, mapping

CLIENTS: Final = ("oc", "kubectl")
AUTHORINO: Final = "authorino.kuadrant.io/managed-by"
_CHAT: Final = "/v1/chat/completions"


@click.command()
@click.option("-s", "--stack", required=True, help="The stack.")
@click.option(
    "--client",
    type=click.Choice(CLIENTS),
    help="By default oc for OpenShift AI, kubectl for upstream KServe.",
)
@project_option
def commands(stack: str, client: str | None, project: Path) -> int:
    """What to paste for a stack: environment, health, completions, versions, resources, logs."""
    asked = Asked(project, stack)
    view = asked.view()
    settings = asked.judgement(view).settings
    release, istio = settings.release, settings.version("istio")
    objects = [*view.objects, *derive(view.objects, release, istio)]
    platform = _platform(objects, release)
    if not platform.models:
        raise ModelgateError(f"stack {stack} declares no LLMInferenceService")
    output.answer(text(platform, client or ("kubectl" if release.upstream else "oc")))
    return 0


def _platform(objects: Sequence[Object], release: Release) -> Platform:
    routes = [read_route(one) for one in objects if one.kind == "HTTPRoute"]
    models = [_model(one, routes, release) for one in read_services(objects, release)]
    used = {place for model in models for place, _ in model.paths}
    gateways = [
        _gateway(one, objects)
        for one in objects
        if one.kind == "Gateway" and f"{one.namespace}/{one.name}" in used
    ]
    keys = [one.namespace for one in objects if one.kind == "Kuadrant" or _is_key(one)]
    return Platform(
        gateways=tuple(gateways),
        models=tuple(models),
        key_namespace=keys[0] if keys else "",
        openshift=not release.upstream,
    )


def _is_key(obj: Object) -> bool:
    return obj.kind == "Secret" and AUTHORINO in labels(obj.metadata.get("labels"))


def _model(service: Service, routes: Sequence[Route], release: Release) -> Model:
    names = Names(service.name)
    group, _, _ = release.pools[0].partition("/")
    return Model(
        namespace=service.namespace,
        service=service.name,
        name=str(service.model),
        picker=names.child("-kserve-router-scheduler") if service.scheduler is not None else "",
        workload=names.child("-kserve"),
        pool_resource=f"inferencepools.{group}" if service.scheduler is not None else "",
        paths=tuple(dict.fromkeys(_paths(service, names, routes))),
    )


def _paths(service: Service, names: Names, routes: Sequence[Route]) -> Iterator[tuple[str, str]]:
    """Gateway and path prefix of every rule that takes completions to the model."""
    backends = {(service.namespace, names.pool), (service.namespace, names.workload_service)}
    for route in routes:
        for rule in route.rules:
            if not any((one.namespace, one.name) in backends for one in rule.backends):
                continue
            for match in rule.matches:
                if match.path.endswith(_CHAT) and not match.headers:
                    for parent in route.parents:
                        prefix = match.path.removesuffix(_CHAT)
                        if not prefix.startswith("/publishers/"):
                            yield f"{parent.namespace}/{parent.name}", prefix


def _gateway(gateway: Object, objects: Sequence[Object]) -> Gateway:
    listeners = gateway.spec.get("listeners") or []
    hosts = [str(one.get("hostname", "")) for one in listeners if isinstance(one, dict)]
    return Gateway(
        gateway.namespace,
        gateway.name,
        host=next((host for host in hosts if host and "*" not in host), ""),
        key_selector=_key_selector(gateway, objects),
    )


def _key_selector(gateway: Object, objects: Sequence[Object]) -> str:
    for policy in objects:
        target = mapping(policy.spec.get("targetRef"))
        same = policy.namespace == gateway.namespace and target.get("name") == gateway.name
        if policy.kind == "AuthPolicy" and same:
            for source in sources_of(policy):
                return source.text
    return ""
