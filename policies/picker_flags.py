"""A picker's command line as the picker reads it: Go's flag package, the last value of a flag wins.

Sources: Go's flag package; kubernetes-sigs/gateway-api-inference-extension, cmd/epp/runner.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from modelgate.topology import UNKNOWN
from modelgate.topology.values import items, mapping, mappings

Flags = Sequence[tuple[str, Any]]
"""(name without dashes, value) in order; a place that is not known yet has the name ""."""

SWITCHES = frozenset(
    {
        "enable-cert-reload",
        "ha-enable-leader-election",
        "model-server-metrics-https-insecure-skip-verify",
        "secure-serving",
    }
)
"""Flags without a value: `--secure-serving false` is on, `--secure-serving=false` is off."""

ON = frozenset({"1", "t", "T", "true", "True", "TRUE"})
CONFIGURATION = frozenset({"config-text", "config-file", "configText", "configFile"})


def flags(arguments: Any) -> Flags:
    """The flags in a list of arguments, in order."""
    return list(_flags(iter([UNKNOWN] if arguments is UNKNOWN else items(arguments))))


def _flags(arguments: Iterator[Any]) -> Iterator[tuple[str, Any]]:
    for argument in arguments:
        if argument is UNKNOWN:
            yield "", UNKNOWN
        if not isinstance(argument, str) or not argument.startswith("-"):
            continue
        name, equals, value = argument.lstrip("-").partition("=")
        if name in SWITCHES:
            yield name, "true" if not equals or value in ON else "false"
        elif equals:
            yield name, value
        else:
            yield name, next(arguments, "")


def main_container(pod: Any) -> Mapping[str, Any]:
    """The container `main` of a PodSpec, in which the picker runs; empty where there is none."""
    for container in mappings(mapping(pod).get("containers")):
        if container.get("name") == "main":
            return container
    return {}


def all_flags(container: Mapping[str, Any]) -> Flags:
    """The flags in command and arguments of a container."""
    return [*flags(container.get("command")), *flags(container.get("args"))]
