"""The stack in the lab, healthy before each test and healthy again after it."""

from collections.abc import Iterator

import pytest

from modelgate.local.lab import Lab
from tests.doctor.lab.deployment import Deployment, project
from tests.doctor.lab.said import Commands


@pytest.fixture(scope="package")
def deployment(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """The stack `lab`, deployed once for all tests of this folder."""
    deployed = Deployment(lab, project(tmp_path_factory.mktemp("project")))
    try:
        deployed.deploy()
        yield deployed
    finally:
        deployed.remove()


@pytest.fixture
def commands(
    lab: Lab,
    deployment: Deployment,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Commands:
    """`modelgate doctor` and `modelgate check --live` on the lab."""
    monkeypatch.setenv("KUBECONFIG", str(lab.kubeconfig))
    return Commands(deployment.project, capsys)
