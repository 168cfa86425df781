"""A picker keeps every argument by which the gateway trusts it and by which it finds its pool.

Up to OpenShift AI 3.3 the preset's flags are container arguments, and a list in the service
replaces them all; from 3.4 they are the command, and a service's arguments come after them. What
is lost shows nowhere: requests pass the picker by, or reach the model without their body.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from modelgate.findings import Confidence, Finding, Severity
from modelgate.releases import Release
from modelgate.topology import UNKNOWN, Analysis, Settings
from modelgate.topology.derive.picker import picker, preset_flags
from modelgate.topology.derive.service import Service, read_services
from modelgate.topology.values import mapping, text
from modelgate.versions import V1_POOL_GROUP, table
from policies.picker_config import Flaw, configuration_flaws
from policies.picker_flags import Flags, all_flags, flags, main_container

ID = "picker-arguments"
SUMMARY = "a picker's arguments lose TLS, its pool or its configuration"
REMEDY = "repeat every argument of the preset, and add yours"

DEFAULTS = {
    "secure-serving": "true",
    "pool-namespace": "default",
    "pool-group": V1_POOL_GROUP,
    "model-server-metrics-scheme": "http",
}
"""What the picker takes for a flag that it is not given (cmd/epp/runner, flags)."""


def check(analysis: Analysis) -> Iterator[Finding]:
    settings = analysis.settings
    for service in read_services(analysis.topology.objects, settings.release):
        container = main_container(mapping(service.scheduler).get("template"))
        unsure = bool(service.incomplete) or container.get("image") is not None
        for severity, message in _flaws(service, container, settings):
            yield Finding(
                rule=ID,
                severity=severity,
                resource=service.declared.ref,
                message=message,
                remedy=_remedy(service),
                source=service.declared.source,
                confidence=Confidence.LIKELY if unsure else Confidence.CERTAIN,
            )


def _remedy(service: Service) -> str:
    if service.release.picker.preset_field == "command":
        return "leave `command` out; pass the configuration in `router.scheduler.config.inline`"
    return f"{REMEDY}: {' '.join(preset_flags(service))}"


def _flaws(service: Service, own: Mapping[str, Any], settings: Settings) -> Iterator[Flaw]:
    made = next((one for one in picker(service) if one.kind == "Deployment"), None)
    if made is None:
        return
    pod = mapping(mapping(made.spec.get("template")).get("spec"))
    effective = all_flags(main_container(pod))
    yield from _preset_flaws(service, effective, settings)
    yield from configuration_flaws(service, flags(own.get("args")), effective)


def _preset_flaws(service: Service, effective: Flags, settings: Settings) -> Iterator[Flaw]:
    """Each flag of the preset that is missing, misspelt or has another value."""
    given = dict(effective)
    plaintext = given.get("secure-serving") == "false"
    spelt = {_letters(name): name for name in given}
    for name, wanted in flags(preset_flags(service)):
        other = spelt.get(_letters(name), name)
        if name == "cert-path" and plaintext:
            continue
        if other != name:
            message = f"--{other} is --{name} in this release: the picker does not start"
            yield Severity.HIGH, message
        elif name not in given and "" not in given:
            yield from _cost(service, name, None, settings)
        elif given.get(name, wanted) not in (wanted, UNKNOWN):
            yield from _cost(service, name, text(given[name]), settings)


def _letters(name: str) -> str:
    return name.replace("-", "").lower()


def _cost(service: Service, flag: str, value: str | None, settings: Settings) -> Iterator[Flaw]:
    """What it costs that `flag` has this value, or is missing (None)."""
    said = f"--{flag} {value}" if value is not None else f"without --{flag}"
    taken = DEFAULTS.get(flag) if value is None else value
    match flag:
        case "secure-serving" if taken == "true":
            yield Severity.LOW, f"{said}: the picker's own default decides, which is TLS"
        case "secure-serving":
            why = f"{said}: the picker speaks plaintext, the gateway TLS"
            yield Severity.HIGH, f"{why}; {_unreachable(settings)}"
        case "cert-path" if value is not None:
            place = dict(flags(preset_flags(service)))[flag]
            yield Severity.MEDIUM, f"{said}: the operator's certificate is in {place}"
        case "cert-path":
            yield _certificate(service, settings)
        case "pool-name" if value is None:
            yield Severity.HIGH, f"{said}: the picker does not start"
        case "pool-name":
            yield Severity.HIGH, f"{said}: the operator makes the pool {service.names.pool}"
        case "pool-namespace" if taken != service.namespace:
            why = f"{said}: the picker looks for its pool in {taken}, not in {service.namespace}"
            yield Severity.HIGH, why
        case "pool-group" if taken not in service.release.pool_groups:
            made = " and ".join(service.release.pool_groups)
            why = f"{said}: the picker watches pools of {taken}, the operator's are of {made}"
            yield Severity.HIGH, why
        case "model-server-metrics-scheme":
            why = f"{said}: the pods serve their metrics over https"
            yield Severity.MEDIUM, f"{why}, so queues and caches are not seen"
        case "grpc-port" if value is not None:
            yield Severity.HIGH, f"{said}: the pool names another port; {_unreachable(settings)}"


def _certificate(service: Service, settings: Settings) -> Flaw:
    why = "without --cert-path: the picker makes a certificate of its own"
    if _verifies(service.release):
        failed = "the gateway verifies it (CERTIFICATE_VERIFY_FAILED)"
        return Severity.HIGH, f"{why}, and {failed}; {_unreachable(settings)}"
    verifying = [one.title for one in table().releases if _verifies(one)]
    why += f", which {service.release.title} does not verify, but {', '.join(verifying)} does"
    return Severity.LOW, why


def _verifies(release: Release) -> bool:
    """Whether the gateway checks the picker's certificate (the DestinationRule of the picker)."""
    rules = release.destination_rules
    return rules is not None and "scheduler" in rules.verified


def _unreachable(settings: Settings) -> str:
    """What becomes of completions while Envoy cannot reach a picker of a fail-open pool."""
    istio = settings.version("istio")
    if table().istio(istio, upstream=settings.release.upstream).loses_body:
        return f"with Istio {istio} completions reach the model without their body (400)"
    return f"with Istio {istio} completions answer 500, or pass the picker by"
