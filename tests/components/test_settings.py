"""The program reads its stack's settings, says what is wrong with them, and shows no secret."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from components.settings import SettingsError
from modelgate.config import KEY
from modelgate.engine.in_process import Evaluation, evaluate
from modelgate.errors import ConfigurationError
from modelgate.topology.objects import UNKNOWN

ROOT = Path(__file__).resolve().parents[2]
KEYS = [{"id": "alice-1", "user": "alice", "tier": "standard"}]
SECURE = {"secure": "v1:abc:def"}

Run = Callable[[dict[str, Any]], Evaluation]


def platform(**access: Any) -> dict[str, Any]:
    return {
        "release": "3.4",
        "gateway": {"hostname": "maas.example.com", "certificate": "maas-tls", "access": access},
        "models": [{"name": "granite", "uri": "hf://ibm-granite/granite-3.3-8b-instruct"}],
    }


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """This repository's program with a stack file `Pulumi.test.yaml` that holds `config`."""

    def run(config: dict[str, Any]) -> Evaluation:
        for file in ("Pulumi.yaml", "__main__.py"):
            (tmp_path / file).write_text((ROOT / file).read_text())
        (tmp_path / "Pulumi.test.yaml").write_text(yaml.safe_dump({"config": config}))
        return evaluate(tmp_path, "test")

    return run


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({}, f"Pulumi.test.yaml: {KEY} is missing"),
        ({KEY: "granite"}, f"{KEY} must be a mapping"),
        ({KEY: platform() | {"models": 7}}, f"{KEY}.models is 7; it must be a list"),
        ({KEY: SECURE}, f"{KEY} holds a secret"),
        ({KEY: platform() | {"envoyFilter": SECURE}}, f"{KEY} holds a secret"),
        ({KEY: platform(keys=KEYS)}, "modelgate:apiKeyValues has no value for alice-1"),
        (
            {KEY: platform(keys=KEYS), "modelgate:apiKeyValues": SECURE},
            "must be a mapping whose values are encrypted one by one",
        ),
        (
            {KEY: platform(keys=KEYS), "modelgate:apiKeyValues": {"alice-1": "sk-plain"}},
            "modelgate:apiKeyValues is not encrypted",
        ),
    ],
)
def test_wrong_settings_stop_the_program(run: Run, config: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        run(config)
    assert said in str(caught.value)
    assert caught.value.exit_code == 2
    assert "sk-plain" not in str(caught.value)


def test_the_program_is_short() -> None:
    assert len((ROOT / "__main__.py").read_text().splitlines()) <= 25


def test_pulumi_itself_shows_no_traceback() -> None:
    assert issubclass(SettingsError, pulumi.RunError)


def test_a_key_is_taken_from_the_encrypted_value(run: Run) -> None:
    values = {"alice-1": SECURE}
    found = run({KEY: platform(keys=KEYS), "modelgate:apiKeyValues": values})
    [secret] = [one for one in found.objects if one.kind == "Secret"]
    assert secret.body["stringData"] == {"api_key": UNKNOWN}
    assert secret.ref == "Secret kuadrant-system/maas-gateway-alice-1"
    assert "alice" not in repr(found.outputs)


def test_without_keys_of_its_own_a_stack_writes_no_secret(run: Run) -> None:
    assert [one.kind for one in run({KEY: platform()}).objects if one.kind == "Secret"] == []
