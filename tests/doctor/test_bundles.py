"""Every fault of the guide is named by the right check first; no healthy cluster shows an error."""

from pathlib import Path

import pytest

from modelgate.cli import main
from modelgate.doctor import bundle
from modelgate.doctor.checks import ALL
from modelgate.doctor.results import Status
from modelgate.doctor.runner import Checked, Examination, examine
from modelgate.doctor.view import View
from policies.judgement import report
from tests.doctor import faults
from tests.doctor.clusters import VERSIONS, Cluster, cluster
from tests.doctor.faults import Fault

KNOWN = ("authorino 0.27.0", "istio 1.26.8")
"""What the version table says of every healthy cluster here."""

ELSEWHERE = ("kubernetes-api", "read-rights")
"""Checks whose faults need a real API server."""


def replayed(found: Cluster, folder: Path) -> Examination:
    """The examination of a bundle of the cluster."""
    file = folder / "bundle.tgz"
    bundle.save(found.snapshot(), file)
    return examine(View(bundle.load(file), report), ALL)


def failed(examination: Examination) -> list[str]:
    return [one.check.ID for one in examination.checked if one.result.status is Status.FAILED]


@pytest.mark.parametrize("release", VERSIONS)
def test_a_healthy_cluster_shows_no_error(release: str, tmp_path: Path) -> None:
    examination = replayed(cluster(release), tmp_path)
    assert failed(examination) == []
    doubtful = [one.check.ID for one in examination.checked if one.result.problems]
    assert doubtful == ["versions"]
    assert examination.exit_code == 0


def first(examination: Examination) -> Checked:
    """What fails first, else what is doubtful first that is not so on a healthy cluster."""
    for status in (Status.FAILED, Status.WARNED):
        for one in examination.checked:
            known = all(problem.what.startswith(KNOWN) for problem in one.result.problems)
            if one.result.status is status and not known:
                return one
    pytest.fail("nothing is named")


@pytest.mark.parametrize("fault", faults.ALL, ids=str)
def test_a_fault_is_named_by_the_right_check_first(fault: Fault, tmp_path: Path) -> None:
    named = first(replayed(fault.cluster(), tmp_path))
    assert fault.check == named.check.ID
    assert fault.words in "\n".join(problem.what for problem in named.result.problems)


def test_every_check_has_a_fault_that_it_names() -> None:
    named = {fault.check for fault in faults.ALL}
    assert {check.ID for check in ALL} - named == set(ELSEWHERE)


def test_a_bundle_is_replayed_from_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "bundle.tgz"
    bundle.save(cluster("3.5").snapshot(), file)
    assert main(["doctor", "--from-bundle", str(file), "--check", "gateway-pods"]) == 0
    shown = capsys.readouterr().out
    assert "√ the pods of every gateway are ready" in shown
    assert "openshift-ingress/maas-gateway 1/1" in shown
