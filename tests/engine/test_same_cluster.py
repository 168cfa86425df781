"""A program that looks into a cluster sees the one that the engine works on."""

import os

import pytest

from modelgate.engine.automation import Options, preview
from tests.engine.conftest import Write

PROGRAM = """\
import os
import pulumi

pulumi.export("seen", os.environ["KUBECONFIG"])
"""


def test_the_program_sees_the_engines_kubeconfig(
    project: Write, options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", "another")
    run = preview(project(PROGRAM), "dev", options)
    assert run.outputs == {"seen": str(options.kubeconfig)}
    assert os.environ["KUBECONFIG"] == "another"
