"""Each fault is made for real, named by the check that is for it, and gone when it is mended."""

from pathlib import Path

import pytest

from modelgate.local.waiting import until
from tests.doctor.lab.deployment import Deployment
from tests.doctor.lab.fault import Fault
from tests.doctor.lab.faults import ALL
from tests.doctor.lab.said import Commands
from tests.doctor.lab.traffic import pod_behind

_SECONDS = 60
_NEEDS_LOGS = {"request-bodies", "requests-admitted", "picker-in-the-loop"}
"""They read what the pods of gateways logged, and the lab's Envoy is no pod."""

_NEEDS_MORE = {"controller-objects", "probes", "completions"}
"""A controller that this release does not have, and requests that nobody asked for."""


def test_the_healthy_lab_shows_no_error(deployment: Deployment, commands: Commands) -> None:
    doctor, check = commands.doctor(), commands.check()
    assert (doctor.loud, doctor.exit_code) == ([], 0)
    assert set(doctor.checks("skipped")) == _NEEDS_LOGS | _NEEDS_MORE
    assert (check.verdicts, check.exit_code) == ({"PROTECTED"}, 0)
    assert deployment.admits_the_key()


@pytest.mark.parametrize("fault", ALL, ids=str)
def test_a_fault_is_named_until_it_is_mended(
    deployment: Deployment, commands: Commands, fault: Fault
) -> None:
    with fault.make(deployment):
        assert until(lambda: fault.reacted(deployment), _SECONDS), deployment.conditions()
        doctor, check = commands.doctor(), commands.check()
        if check.exposed and fault.served:
            assert pod_behind(deployment.lab, check.exposed[0])
    named = [*fault.below, fault.check]
    assert doctor.loud[: len(named)] == named
    assert fault.words in doctor.problems(fault.check)
    assert doctor.exit_code == fault.fails
    assert check.verdicts == fault.verdicts
    assert check.exit_code == ("EXPOSED" in fault.verdicts)
    assert all(door["request"] for door in check.exposed)
    assert until(deployment.settled, _SECONDS), deployment.conditions()
    assert commands.doctor("--wait", "60s").loud == []


def test_a_bundle_of_the_lab_says_the_same_without_it(
    deployment: Deployment, commands: Commands, tmp_path: Path
) -> None:
    broken = next(fault for fault in ALL if fault.check == "kuadrant")
    with broken.make(deployment):
        assert until(lambda: broken.reacted(deployment), _SECONDS)
        live = commands.doctor("--bundle", str(tmp_path / "broken.tgz"))
    saved = commands.replay(tmp_path / "broken.tgz")
    assert (saved.exit_code, saved.document) == (1, live.document)
    assert until(deployment.settled, _SECONDS), deployment.conditions()
    live = commands.doctor("--bundle", str(tmp_path / "healthy.tgz"))
    saved = commands.replay(tmp_path / "healthy.tgz")
    assert (saved.exit_code, saved.document) == (0, live.document)
