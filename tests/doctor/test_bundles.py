"""Every fault of the guide is named by the right check first; no healthy cluster shows an error."""

from pathlib import Path

import pytest

from modelgate.cli import main
from modelgate.doctor import bundle
from modelgate.doctor.checks import ALL
from modelgate.doctor.results import Status
from modelgate.doctor.runner import Examination, examine
from modelgate.doctor.view import View
from policies.judgement import report
from tests.doctor.clusters import VERSIONS, Cluster, cluster


def replayed(found: Cluster, folder: Path) -> Examination:
    """The examination of a bundle of the cluster."""
    file = folder / "bundle.tgz"
    bundle.save(found.snapshot(), file)
    return examine(View(bundle.load(file), report), ALL)


def loud(examination: Examination) -> list[str]:
    """What failed or is doubtful, with the words of the first problem."""
    return [
        f"{one.check.ID} {one.result.status}: {one.result.problems[0].what}"
        for one in examination.checked
        if one.result.status in (Status.FAILED, Status.WARNED)
    ]


@pytest.mark.parametrize("release", VERSIONS)
def test_a_healthy_cluster_shows_no_error(release: str, tmp_path: Path) -> None:
    examination = replayed(cluster(release), tmp_path)
    failed = [text for text in loud(examination) if " failed: " in text]
    assert failed == []
    assert examination.exit_code == 0


def test_a_bundle_is_replayed_from_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "bundle.tgz"
    bundle.save(cluster("3.5").snapshot(), file)
    assert main(["doctor", "--from-bundle", str(file), "--check", "gateway-pods"]) == 0
    shown = capsys.readouterr().out
    assert "√ the pods of every gateway are ready" in shown
    assert "openshift-ingress/maas-gateway 1/1" in shown
