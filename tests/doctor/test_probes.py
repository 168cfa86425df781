"""Probes are few and harmless, and a closed door that answers is told louder than all else."""

from dataclasses import replace
from pathlib import Path

import pytest

from modelgate.doctor import probes
from modelgate.doctor.checks import ALL
from modelgate.doctor.results import Result, Status
from modelgate.doctor.runner import examine
from modelgate.doctor.view import View
from policies.judgement import report
from tests.doctor.clusters import NAME, NAMESPACE, Cluster, cluster
from tests.doctor.gateways import Front, closed, front, open_to_all

KEY = "sk-alice-0123456789"


def at(found: Cluster, gateway: Front, certificates: Path) -> View:
    """The cluster with its gateway at a port of this machine."""
    body = found["Gateway openshift-ingress/maas-gateway"]
    body["spec"]["listeners"][0]["port"] = gateway.port
    body["status"]["addresses"] = [{"type": "IPAddress", "value": "127.0.0.1"}]
    snapshot = found.snapshot()
    place = "openshift-ingress/maas-gateway-tls"
    named = replace(snapshot.certificates[place], names=("kubernetes.default.svc",))
    return View(replace(snapshot, certificates={place: named}), report)


def results(view: View, key: str = "") -> dict[str, Result]:
    probed = tuple(probes.run(view, key, pause=lambda _seconds: None))
    again = View(replace(view.snapshot, probed=probed), report)
    return {one.check.ID: one.result for one in examine(again, ALL).checked}


@pytest.fixture
def trusted(certificates: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The gateway's certificate is one that this machine trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates / "apiserver.crt"))
    return certificates


def test_a_closed_gateway_is_found_closed_and_a_key_gets_in(trusted: Path) -> None:
    with front(trusted, closed(KEY)) as gateway:
        found = results(at(cluster("3.5"), gateway, trusted), KEY)
    assert found["probes"].status is Status.PASSED
    assert found["completions"].status is Status.PASSED
    assert all(b'"max_tokens": 1' in seen.body for seen in gateway.seen if seen.method == "POST")


def test_a_closed_door_that_answers_is_the_loudest_finding(certificates: Path) -> None:
    with front(certificates, open_to_all) as gateway:
        found = results(at(cluster("3.5"), gateway, certificates))
    assert found["probes"].status is Status.FAILED
    assert found["probes"].problems[0].what.startswith("PROTECTED, AND OPEN: ")
    assert found["completions"].status is Status.SKIPPED


def test_an_answer_that_no_picker_touched_is_found(trusted: Path) -> None:
    with front(trusted, open_to_all) as gateway:
        found = results(at(cluster("3.5"), gateway, trusted), KEY)
    assert "it was passed by" in found["completions"].problems[0].what


def test_a_key_goes_to_nobody_who_cannot_prove_who_he_is(
    certificates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with front(certificates, closed(KEY)) as gateway:
        found = results(at(cluster("3.5"), gateway, certificates), KEY)
    assert "the certificate is not valid for it" in found["completions"].problems[0].what
    assert [seen for seen in gateway.seen if KEY in str(seen.headers)] == []


def test_a_gateway_that_is_silent_is_left_alone(certificates: Path) -> None:
    with front(certificates, open_to_all) as gateway:
        view = at(cluster("3.5"), gateway, certificates)
    probed = probes.run(view, pause=lambda _seconds: None)
    assert [one.fault for one in probed] == [f"127.0.0.1:{gateway.port} refuses connections"] * 3


def test_probes_are_bounded_and_every_door_comes_once_before_any_comes_twice() -> None:
    many = tuple(
        {"name": name, "namespace": NAMESPACE, "uri": f"hf://a/{name}", "route": "managed"}
        for name in (NAME, *(f"m{number}" for number in range(7)))
    )
    view = View(cluster("3.5", models=many).snapshot(), report)
    plan = probes.plan(view)
    assert len(plan) == probes.MOST
    first = [probe.door.name for probe in plan if probe.what == "without credentials"]
    assert len(first) == len(set(first)) == len(view.report.doors)
    assert {probe.what for probe in plan[: len(first)]} == {"without credentials"}


def test_every_kind_of_trick_is_tried() -> None:
    view = View(cluster("3.5").snapshot(), report)
    assert {probe.what for probe in probes.plan(view, KEY)} == {
        "without credentials",
        "with a key",
        "with a wrong key",
        "with forged identity headers",
        "with a query",
        "with the host in capitals",
        "to /invocations",
    }
