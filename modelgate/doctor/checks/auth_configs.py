"""Every rule of a protected route has an AuthConfig: without one Authorino answers 404.

kuadrant-operator writes one for each path of listener, route and rule, and names the rule in an
annotation.
"""

from collections.abc import Iterator

from modelgate.doctor.check import Layer
from modelgate.doctor.conditions import condition
from modelgate.doctor.kinds import AUTH_CONFIG, AUTH_POLICY, GATEWAY, HTTP_ROUTE, Kind
from modelgate.doctor.policies import in_force
from modelgate.doctor.results import Problem, Result, judged, many, warning
from modelgate.doctor.view import View
from modelgate.topology.graph import Attachment
from modelgate.topology.objects import Object
from modelgate.topology.values import labels

ID = "auth-configs"
TITLE = "every rule of a protected route has an AuthConfig that is ready"
LAYER = Layer.POLICIES
NEEDS: tuple[str, ...] = ("auth-policies",)
READS: tuple[Kind, ...] = (AUTH_CONFIG, AUTH_POLICY, GATEWAY, HTTP_ROUTE)
WAY_OUT = "look at the log of kuadrant-operator; touching the HTTPRoute makes it try again"
WAITS = True

_ANNOTATION = "HTTPRouteRule.gateway.networking.k8s.io"


def run(view: View) -> Result:
    configs: dict[str, list[Object]] = {}
    for config in view.of(AUTH_CONFIG):
        rule = labels(config.metadata.get("annotations")).get(_ANNOTATION, "")
        configs.setdefault(rule.rpartition(":")[2], []).append(config)
    problems = [p for one in _protected(view) for p in _route(one, configs)]
    return judged(problems, many(len(view.of(AUTH_CONFIG)), "AuthConfig"))


def _protected(view: View) -> Iterator[Attachment]:
    """Routes on gateways of models that are under a policy; each route once."""
    topology = view.analysis.topology
    targets = {policy.target for policy in in_force(view) if not policy.section}
    own = {f"{one.namespace}/{one.name}" for one in view.gateways}
    seen: set[str] = set()
    for key, attachments in topology.attachments.items():
        for one in attachments if key in own else ():
            refs = {one.gateway.object.ref, one.route.object.ref}
            live = view.find(HTTP_ROUTE, one.route.object.namespace, one.route.object.name)
            if live and targets & refs and one.route.object.ref not in seen:
                seen.add(one.route.object.ref)
                yield one


def _route(one: Attachment, configs: dict[str, list[Object]]) -> Iterator[Problem]:
    route = one.route.object
    command = f"kubectl get authconfigs -A -o yaml | grep {route.namespace}/{route.name}#"
    for rule in one.route.rules:
        names = {f"{route.namespace}/{route.name}#{name}" for name in _names(rule.name, rule.index)}
        found = [config for name in names for config in configs.get(name, ())]
        where = f"{route.ref}, rule {rule.index}"
        if not found:
            yield Problem(f"{where}: no AuthConfig, so its requests are answered 404", "", command)
        for config in found:
            ready = condition(config, "Ready")
            if not ready.holds:
                yield warning(f"{where}: AuthConfig {config.name[:12]}: {ready}", "", command)


def _names(name: str, index: int) -> tuple[str, ...]:
    """How Kuadrant calls a rule: by its name from 1.5 on, else by its number, from 1."""
    return (name, f"rule-{index + 1}") if name else (f"rule-{index + 1}",)
