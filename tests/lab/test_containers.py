"""What containers say reaches the processes that stand for them; what cannot is named."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from modelgate.builds import kserve_files
from modelgate.local.lab.containers import Place, flags_of, picker, ports, simulator
from modelgate.local.lab.running import PROFILE
from tests.plugins.control_plane import Told

PLACE = Place({8000: 41000, 9002: 42002, 9003: 42003, 9090: 42090}, {"/certs": Path("/lab/files")})
SIMULATOR = flags_of(
    """Usage of llm-d-inference-sim flags:
      --max-model-len int                 Model's context window
      --model string                      Currently 'loaded' model
      --port int                          Port (default 8000)
      --served-model-name strings[= ]     Model names exposed by the API
      --ssl-certfile string               Path to SSL certificate file
  -v, --v Level                           number for the log level verbosity
"""
)
PICKER = frozenset({"pool-name", "cert-path", "grpc-port", "config-text", "tracing"})
NAMES = ["acme/granite", "publishers/models/models/acme/granite"]


def script(presets: Sequence[Path]) -> dict[str, Any]:
    """KServe's own container, whose command is a shell script, with its template filled in."""
    [path] = [one for one in presets if one.name == "config-llm-template.yaml"]
    [container] = yaml.safe_load(path.read_text())["spec"]["template"]["containers"]
    command = container["command"]
    lines = command[2].splitlines()
    for index, line in enumerate(lines):
        if "served-model-name" in line:
            lines[index] = f'  --served-model-name "{NAMES[0]}" "{NAMES[1]}" \\'
        elif "--ssl-certfile" in line:
            lines[index] = "  --ssl-certfile /certs/tls.crt \\"
        elif "{{" in line:
            lines[index] = "  --enable-ssl-refresh \\" if "refresh" in line else "  \\"
    return {**container, "command": [*command[:2], "\n".join(lines), *command[3:]]}


def test_flags_are_those_of_the_help() -> None:
    assert sorted(SIMULATOR) == [
        *("max-model-len", "model", "port", "served-model-name", "ssl-certfile", "v"),
    ]


def test_the_script_of_kserve_is_read_and_not_run(told: Told) -> None:
    presets = kserve_files(PROFILE, "llmisvcconfig/config-*.yaml", told)
    container = script(list(presets))
    container["args"] = ["--max-model-len", "2048"]
    container["env"] = [{"name": "VLLM_ADDITIONAL_ARGS", "value": "--unheard-of 3"}]
    command = simulator(container, PLACE, SIMULATOR)
    assert command.arguments == [
        *("--served-model-name", *NAMES),
        "--ssl-certfile=/lab/files/tls.crt",
        "--max-model-len=2048",
        "--model=acme/granite",
        "--port=41000",
        "--force-dummy-tokenizer",
    ]
    assert command.left_out == ["--enable-ssl-refresh", "--unheard-of"]


def test_a_plain_command_is_read_too() -> None:
    container = {
        "command": ["vllm", "serve", "/mnt/models"],
        "args": ["--served-model-name", "granite", "--port", "8000"],
    }
    command = simulator(container, PLACE, SIMULATOR)
    assert command.arguments[:2] == ["--served-model-name=granite", "--model=granite"]
    assert command.left_out == []


@pytest.mark.parametrize("lost", ["no-hit-lru-scorer", "somebodys-scorer"])
def test_a_picker_gets_its_own_arguments_and_the_plugins_that_it_has(lost: str) -> None:
    plugins = ["queue-scorer", lost, "max-score-picker"]
    config = {
        "apiVersion": "llm-d.ai/v1alpha1",
        "plugins": [{"type": one} for one in plugins],
        "schedulingProfiles": [{"plugins": [{"pluginRef": one} for one in plugins]}],
    }
    container = {
        "command": ["/app/epp", "--pool-name", "pool", "--grpc-port", "9002", ""],
        "args": ["--cert-path=/certs", "--config-text", json.dumps(config), "--new-flag=1"],
    }
    command = picker(container, PLACE, PICKER)
    given = dict(one.removeprefix("--").split("=", 1) for one in command.arguments)
    told = json.loads(given.pop("config-text"))
    assert [one["type"] for one in told["plugins"]] == ["queue-scorer", "max-score-picker"]
    assert [one["pluginRef"] for one in told["schedulingProfiles"][0]["plugins"]] == [
        "queue-scorer",
        "max-score-picker",
    ]
    assert (given["pool-name"], given["cert-path"]) == ("pool", "/lab/files")
    assert (given["grpc-port"], given["grpc-health-port"]) == ("42002", "42003")
    assert command.left_out == ["apiVersion llm-d.ai/v1alpha1", f"plugin {lost}", "--new-flag"]


def pod(labels: dict[str, str], **spec: Any) -> dict[str, Any]:
    return {"metadata": {"labels": labels}, "spec": spec}


def test_a_sidecar_leads_to_the_server_behind_it() -> None:
    main = {"name": "main", "ports": [{"containerPort": 8001}]}
    sidecar = {"name": "routing", "ports": [{"containerPort": 8000}]}
    decode = pod({"kserve.io/component": "workload"}, containers=[main], initContainers=[sidecar])
    assert ports(decode) == [8001, 8000]
    command = simulator(main, Place({8001: 41000, 8000: 41000}, {}), SIMULATOR)
    assert "--port=41000" in command.arguments


def test_a_picker_that_is_told_another_port_is_reached_there() -> None:
    main = {"name": "main", "command": ["/app/epp", "--grpc-port=9999"]}
    labels = {"app.kubernetes.io/component": "llminferenceservice-router-scheduler"}
    assert ports(pod(labels, containers=[main])) == [9999, 9003, 9090]


@pytest.mark.parametrize("text", ["{", "no mapping", "plugins: [{}]", "plugins: 3"])
def test_a_configuration_that_is_none_is_left_to_the_picker(text: str) -> None:
    command = picker({"args": ["--config-text", text]}, PLACE, PICKER)
    assert f"--config-text={text}" in command.arguments


def test_a_quotation_mark_too_many_ends_no_lab() -> None:
    container = {"env": [{"name": "VLLM_ADDITIONAL_ARGS", "value": "--max-model-len '8"}]}
    assert "--max-model-len='8" in simulator(container, PLACE, SIMULATOR).arguments
