"""What a container says is told to the process that stands for it, and never run as it stands.

A model server becomes llm-d-inference-sim, an endpoint picker cmd/epp of the inference extension.
Both take the container's own arguments; what they do not know is left out and named.
"""

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

Body = Mapping[str, Any]
Flag = tuple[str, list[str]]

MODEL: Final = "model"
PICKER: Final = "picker"
_PORT: Final = 8000
_VLLM: Final = "vllm serve"
_PORTS: Final = {"grpc-port": 9002, "grpc-health-port": 9003, "metrics-port": 9090}
_PICKERS: Final = {
    "tracing": "false",
    "enable-pprof": "false",
    "refresh-metrics-interval": "500ms",  # 50 ms by default, which keeps a core of a laptop busy
}
_HIDDEN: Final = frozenset(
    {
        "model-server-metrics-scheme",
        "model-server-metrics-path",
        "model-server-metrics-port",
        "model-server-metrics-https-insecure-skip-verify",
    }
)
"""Deprecated flags that cmd/epp takes and does not show (inference extension 1.5.0)."""

_CONFIG_VERSION: Final = "inference.networking.x-k8s.io/v1alpha1"
_PLUGINS: Final = frozenset(
    {
        *("approx-prefix-cache-producer", "concurrency-detector", "core-metrics-extractor"),
        *("edf-ordering-policy", "endpoint-notification-source", "fcfs-ordering-policy"),
        *("global-strict-fairness-policy", "inflight-load-producer", "k8s-notification-source"),
        *("kv-cache-utilization-scorer", "latency-scorer", "latency-slo-admitter"),
        *("lora-affinity-scorer", "max-score-picker", "metrics-data-source", "openai-parser"),
        *("passthrough-parser", "predicted-latency-producer", "predicted-latency-scorer"),
        *("prefix-cache-affinity-filter", "prefix-cache-scorer", "queue-scorer", "random-picker"),
        *("request-attribute-reporter", "round-robin-fairness-policy", "single-profile-handler"),
        *("running-requests-size-scorer", "slo-deadline-ordering-policy", "token-load-scorer"),
        *("slo-headroom-tier-filter", "static-usage-limit-policy", "utilization-detector"),
        *("vllmgrpc-parser", "weighted-random-picker"),
    }
)
"""Plugins that cmd/epp registers (inference extension 1.5.0, cmd/epp/runner/runner.go)."""


@dataclass
class Command:
    """Arguments of a process, and what of the container's it was not told."""

    arguments: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def add(self, name: str, values: Sequence[str]) -> None:
        """One value stands behind `=`, several behind the flag, as the simulator takes them."""
        if len(values) == 1:
            self.arguments.append(f"--{name}={values[0]}")
        else:
            self.arguments += [f"--{name}", *values]


@dataclass(frozen=True)
class Place:
    """Where the process is: its ports by those of the container, and files by their mounts."""

    ports: Mapping[int, int]
    mounts: Mapping[str, Path]

    def file(self, value: str) -> str:
        """`value`, where it is a path below a mount the path of the file on this machine."""
        for mount, folder in self.mounts.items():
            if value == mount or value.startswith(f"{mount}/"):
                return f"{folder}{value[len(mount) :]}"
        return value


def kind_of(pod: Body) -> str:
    """MODEL or PICKER by the labels that KServe gives, or empty."""
    labels = pod["metadata"].get("labels", {})
    if labels.get("kserve.io/component") == "workload":
        return MODEL
    if labels.get("app.kubernetes.io/component") == "llminferenceservice-router-scheduler":
        return PICKER
    return ""


def main_container(pod: Body) -> Body:
    """The container `main`, else the first."""
    containers: list[Body] = pod["spec"]["containers"]
    return next((one for one in containers if one["name"] == "main"), containers[0])


def flags_of(help_text: str) -> frozenset[str]:
    """The flags that a program shows in its help."""
    return frozenset(re.findall(r"^\s+(?:-\w, )?--([\w-]+)", help_text, re.MULTILINE))


def simulator(container: Body, place: Place, known: frozenset[str]) -> Command:
    """The simulator's arguments for a container that runs `vllm serve`, however it does so."""
    command = Command()
    names: list[str] = []
    for name, values in _flags(_vllm_words(container)):
        if name == "port":
            continue
        if name not in known:
            command.left_out.append(f"--{name}")
            continue
        names = values if name == "served-model-name" else names
        command.add(name, [place.file(value) for value in values])
    command.add("model", names[:1] or ["model"])
    command.add("port", [str(next(iter(place.ports.values())))])
    command.arguments.append("--force-dummy-tokenizer")
    return command


def picker(container: Body, place: Place, known: frozenset[str]) -> Command:
    """The arguments of cmd/epp for the container of an endpoint picker."""
    command = Command()
    told = dict(_PICKERS)
    for name, values in _flags(_words(container)):
        if name not in known | _HIDDEN:
            command.left_out.append(f"--{name}")
        elif name == "config-text" and values:
            command.add(name, [_configuration(values[0], command.left_out)])
        elif name not in _PORTS:
            told.pop(name, None)
            command.add(name, [place.file(value) for value in values])
    for name, value in told.items():
        command.add(name, [value])
    for name, port in _picker_ports(container).items():
        command.add(name, [str(place.ports[port])])
    return command


def ports(pod: Body) -> list[int]:
    """The ports on which the pod's process is reached, its own first.

    A sidecar before a model server has a port too; in the lab it leads to the server.
    """
    container = main_container(pod)
    declared = [one["containerPort"] for one in container.get("ports", [])]
    if kind_of(pod) == PICKER:
        return list(dict.fromkeys([*_picker_ports(container).values(), *declared]))
    sidecars = [
        one["containerPort"]
        for sidecar in pod["spec"].get("initContainers", [])
        for one in sidecar.get("ports", [])
    ]
    return list(dict.fromkeys([*declared, *sidecars])) or [_PORT]


def _picker_ports(container: Body) -> dict[str, int]:
    """Where the container says that it listens, by flag."""
    said = dict(_flags(_words(container)))
    return {name: _number(said.get(name), port) for name, port in _PORTS.items()}


def _number(values: list[str] | None, otherwise: int) -> int:
    return int(values[0]) if values and values[0].isdecimal() else otherwise


def _words(container: Body) -> list[str]:
    return [*container.get("command", []), *container.get("args", [])]


def _vllm_words(container: Body) -> list[str]:
    """The words behind `vllm serve`, in KServe's shell script too, whose variables are empty."""
    command, arguments = list(container.get("command", [])), list(container.get("args", []))
    script = next((word for word in command if _VLLM in word), "")
    words = command
    if script:
        words = script.rpartition(_VLLM)[2].replace("\\\n", " ").replace('"', " ").split()
    additional = next(
        (
            one.get("value", "")
            for one in container.get("env", [])
            if one["name"] == "VLLM_ADDITIONAL_ARGS"
        ),
        "",
    )
    return [*(word for word in words if "$" not in word), *_split(additional), *arguments]


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:  # a quotation mark too many, at which a shell would fail
        return text.split()


def _flags(words: Sequence[str]) -> Iterator[Flag]:
    """Flags and their values; a word that belongs to no flag is no flag."""
    current: Flag | None = None
    for word in words:
        if word.startswith("--") and len(word) > 2:
            if current:
                yield current
            name, equals, value = word[2:].partition("=")
            current = name, [value] if equals else []
        elif current and word:
            current[1].append(word)
    if current:
        yield current


def _configuration(text: str, left_out: list[str]) -> str:
    """An EndpointPickerConfig without the plugins that the picker does not have.

    Anything else is passed on: what is wrong with it the picker itself says best.
    """
    try:
        return _known(yaml.safe_load(text), left_out)
    except (yaml.YAMLError, AttributeError, KeyError, TypeError):
        return text


def _known(config: dict[str, Any], left_out: list[str]) -> str:
    if config.get("apiVersion") != _CONFIG_VERSION:
        left_out.append(f"apiVersion {config.get('apiVersion')}")
        config["apiVersion"] = _CONFIG_VERSION
    unknown = {
        each.get("name", each["type"])
        for each in config.get("plugins", [])
        if each["type"] not in _PLUGINS
    }
    left_out += [f"plugin {name}" for name in sorted(unknown)]
    config["plugins"] = [
        each for each in config.get("plugins", []) if each.get("name", each["type"]) not in unknown
    ]
    for profile in config.get("schedulingProfiles", []):
        profile["plugins"] = [
            each for each in profile.get("plugins", []) if each["pluginRef"] not in unknown
        ]
    return json.dumps(config)
