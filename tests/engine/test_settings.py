"""Settings are read as Pulumi's own command line reads them."""

import json
from pathlib import Path

import pytest

from modelgate.builds import silent
from modelgate.engine.cli_binary import find_cli
from modelgate.engine.command import EngineCommand
from modelgate.engine.project import read_project, read_stack
from modelgate.engine.settings_yaml import read_mapping
from modelgate.errors import ConfigurationError
from tests.engine.conftest import Write

PROJECT = """
    name: toy
    runtime: python
    config:
      region: {type: string, default: eu}
      bare: no
    """
STACK = """
    config:
      toy:yes: yes
      toy:true: TRUE
      toy:date: 2026-12-31
      toy:moment: 2026-12-31T10:20:30Z
      toy:time: 12:30:00
      toy:exponent: 1e3
      toy:decimal: 1.10
      toy:whole: 3.0
      toy:octal: 0644
      toy:hexadecimal: 0x1f
      toy:underscores: 1_000
      toy:fraction: .5
      toy:quoted: "0"
      toy:empty: ''
      toy:signed: +5
      other:key: value
      toy:object:
        yes: [no, off, 1, 1.5, x]
        5: number key
        date: 2026-12-31
        time: 12:30:00
        exponent: 1e3
        whole: 3.0
        octal: 0o17
        nothing: null
        nested: {on: On, number: 2}
    """


def test_every_kind_of_value_is_what_pulumi_says(
    project: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "x")
    root = project("", Pulumi__yaml=PROJECT, Pulumi__dev__yaml=STACK)
    ours = read_stack(read_project(root), "dev").program
    backend = tmp_path / "backend"
    backend.mkdir()
    env = {"PULUMI_BACKEND_URL": backend.as_uri(), "PULUMI_HOME": str(tmp_path)}
    command = EngineCommand(find_cli("", silent, print))
    command.run(["stack", "init", "dev"], str(root), env)
    answer = command.run(["config", "--json", "--stack", "dev"], str(root), env)
    theirs = {key: entry["value"] for key, entry in json.loads(answer.stdout).items()}
    assert json.loads(ours["toy:object"]) == json.loads(theirs["toy:object"])
    assert {**ours, "toy:object": ""} == {**theirs, "toy:object": ""}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1\n", r"settings\.yaml:2: not valid YAML"),
        ("- a\n", "expected a mapping, found list"),
        ("a: !!python/object:os.system x\n", r"settings\.yaml:1: not valid YAML"),
    ],
)
def test_what_is_no_mapping_is_said(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "settings.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=message):
        read_mapping(path)
