"""A picker's configuration as it will be read: after the operator's templates, by this release.

Sources: KServe's scheduler.go and config_merge.go; kubernetes-sigs/gateway-api-inference-extension,
pkg/epp/config/loader (what it does not know ends the picker's start).
"""

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from modelgate.findings import Severity
from modelgate.releases import Picker
from modelgate.spelling import did_you_mean
from modelgate.topology import UNKNOWN
from modelgate.topology.derive.service import Service
from modelgate.topology.values import mapping, mappings, text
from policies.picker_flags import CONFIGURATION, Flags, flags, main_container

Flaw = tuple[Severity, str]


def configuration_flaws(service: Service, own: Flags, effective: Flags) -> Iterator[Flaw]:
    """What is lost or cannot be read; `own` flags are the service's, `effective` the picker's."""
    used = [value for name, value in effective if name in CONFIGURATION]
    given = [value for name, value in own if name in CONFIGURATION]
    picker, config = service.release.picker, mapping(service.scheduler).get("config")
    misspelt = list(_misspelt(picker, own))
    yield from misspelt
    if picker.passing == "args" and not misspelt:
        yield from _replaced(picker, own, len(given), len(used))
    if picker.passing == "args" and config is not None:
        message = f"router.scheduler.config is no field of {service.release.title} and is pruned"
        yield Severity.MEDIUM, f"{message}: pass {picker.config_flag}"
    yield from _templates(service)
    own_inline = picker.passing == "inline" and mapping(config).get("inline") is not None
    if used and (given or own_inline):
        yield from _unreadable(picker, used[-1])


def _misspelt(picker: Picker, own: Flags) -> Iterator[Flaw]:
    """Flags were camelCase before inference extension 1.0."""
    for name, _ in own:
        if name in CONFIGURATION and ("-" in name) != ("-" in picker.config_flag.lstrip("-")):
            message = f"--{name} is spelt as in {picker.config_flag} in this release"
            yield Severity.HIGH, f"{message}: the picker does not start"


def _replaced(picker: Picker, own: Flags, given: int, used: int) -> Iterator[Flaw]:
    default = ", ".join(f"{one.name} {one.weight:g}" for one in picker.default)
    if given and used > given:
        message = f"the operator knows a configuration only by `{picker.config_flag}` as an "
        message += "argument of its own: written with `=` it is followed, and replaced, by the "
        yield Severity.MEDIUM, f"{message}operator's default ({default})"
    elif own and not given:
        message = "the arguments hold no configuration: the operator adds its default"
        yield Severity.LOW, f"{message} ({default})"


def _templates(service: Service) -> Iterator[Flaw]:
    router = mapping(service.declared.spec.get("router"))
    scheduler = mapping(router.get("scheduler"))
    arguments = main_container(scheduler.get("template")).get("args")
    parts = [value for name, value in flags(arguments) if name in CONFIGURATION]
    parts.append(mapping(scheduler.get("config")).get("inline"))
    if any("{{" in found for part in parts for found in _texts(part)):
        message = "`{{` in the configuration is executed by the operator as a Go template: what "
        yield Severity.MEDIUM, f"{message}it does not know there ends the whole service"


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield str(key)
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)


def _unreadable(picker: Picker, config: Any) -> Iterator[Flaw]:
    if config is UNKNOWN:
        return
    try:
        parsed = yaml.safe_load(text(config))
    except (yaml.YAMLError, ValueError, RecursionError):
        yield Severity.HIGH, "the configuration is not YAML: the picker does not start"
        return
    plugins = list(mappings(mapping(parsed).get("plugins")))
    yield from _unknown_plugins(picker, plugins)
    names = {text(one.get("name")) or text(one.get("type")) for one in plugins}
    for profile in mappings(mapping(parsed).get("schedulingProfiles")):
        for one in mappings(profile.get("plugins")):
            ref = text(one.get("pluginRef"))
            if ref not in names:
                message = f"pluginRef {ref!r} is not among the configuration's plugins"
                yield Severity.HIGH, f"{message}: the picker does not start"


def _unknown_plugins(picker: Picker, plugins: list[Mapping[str, Any]]) -> Iterator[Flaw]:
    known = picker.scorers | picker.other_plugins
    for kind in dict.fromkeys(text(one.get("type")) for one in plugins):
        if kind not in known:
            begun = [name for name in known if name.startswith(f"{kind.partition('-')[0]}-")]
            message = f"the picker of this release (llm-d {picker.llm_d}) has no plugin {kind!r}"
            hint = did_you_mean(kind, sorted(begun or known))
            yield Severity.HIGH, f"{message} and does not start{hint}"
