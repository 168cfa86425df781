"""Certificates, versions and NetworkPolicies are read as those who made them mean them."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import which
from typing import Any

import pytest

from modelgate.doctor import certificate, stated
from modelgate.doctor.details import picker_log
from modelgate.doctor.kinds import DEPLOYMENT, GATEWAY_CLASS, ISTIO, ISTIO_REVISION, Kind
from modelgate.doctor.network import Peer, admits, selecting
from modelgate.doctor.reading import read_object
from modelgate.doctor.snapshot import PickerLog
from modelgate.topology.objects import Object
from tests.doctor import logs
from tests.picker.evidence import recorded


@pytest.fixture
def pem(tmp_path: Path) -> str:
    openssl = which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl on PATH to make certificates with")
    file = tmp_path / "cert.pem"
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "5")
    names = ("-subj", "/CN=x", "-addext", "subjectAltName=DNS:a.example.com,DNS:*.b.com,IP:1.2.3.4")
    command = [
        openssl,
        "req",
        "-x509",
        *curve,
        *names,
        "-keyout",
        str(tmp_path / "k"),
        "-out",
        str(file),
    ]
    subprocess.run(command, check=True, capture_output=True)
    return file.read_text()


def test_a_certificate_says_its_names_and_dates(pem: str) -> None:
    found = certificate.read(pem)
    assert found.names == ("a.example.com", "*.b.com")
    assert found.not_before
    assert found.not_after
    assert found.not_after - found.not_before == timedelta(days=5)
    assert found.fault == ""


@pytest.mark.parametrize(
    "text",
    ["", "no PEM", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"],
)
def test_what_is_no_certificate_has_a_fault(text: str) -> None:
    assert certificate.read(text).fault


def test_a_certificate_that_is_cut_short_has_a_fault(pem: str) -> None:
    lines = pem.splitlines()
    assert certificate.read("\n".join([*lines[:4], lines[-1]])).fault


def deployment(name: str, version: str) -> Object:
    labels = {"app": "istiod", "app.kubernetes.io/version": version}
    metadata = {"name": name, "namespace": "openshift-ingress", "labels": labels}
    return read_object("apps/v1", "Deployment", {"metadata": metadata, "spec": {}})


def named(kind: str, name: str, version: str) -> Object:
    item: dict[str, Any] = {"metadata": {"name": name}, "spec": {"version": version}}
    return read_object("sailoperator.io/v1", kind, item)


OWN = deployment("istiod-openshift-gateway", "1.26.2")
MESH = deployment("istiod", "1.28.5")
CLASS = read_object(
    "gateway.networking.k8s.io/v1",
    "GatewayClass",
    {
        "metadata": {"name": "openshift-default"},
        "status": {"conditions": [{"message": "istiod v1.28.5 installed"}]},
    },
)


@pytest.mark.parametrize(
    ("objects", "version"),
    [
        ({DEPLOYMENT: [MESH, OWN]}, "1.26.2"),
        ({DEPLOYMENT: [MESH]}, "1.28.5"),
        ({DEPLOYMENT: [MESH, deployment("istiod-other", "1.27.3")]}, None),
        (
            {
                ISTIO_REVISION: [named("IstioRevision", "openshift-gateway", "v1.26.2")],
                ISTIO: [named("Istio", "openshift-gateway", "v1.26-latest")],
            },
            "1.26.2",
        ),
        ({GATEWAY_CLASS: [CLASS]}, "1.28.5"),
        ({}, None),
    ],
    ids=["openshift's own", "the only one", "two that differ", "revision", "condition", "nothing"],
)
def test_istio_is_what_the_cluster_states(
    objects: dict[Kind, list[Object]], version: str | None
) -> None:
    found = stated.find(objects).get("istio")
    assert (found.version if found else None) == version


GATEWAY = Peer({"app": "gw"}, "ingress", {"kubernetes.io/metadata.name": "ingress"})
STRANGER = Peer({}, "default", {"kubernetes.io/metadata.name": "default"})
FROM_INGRESS = {
    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress"}},
    "podSelector": {"matchLabels": {"app": "gw"}},
}


def policy(**spec: Any) -> Object:
    metadata = {"name": "p", "namespace": "models"}
    return read_object(
        "networking.k8s.io/v1", "NetworkPolicy", {"metadata": metadata, "spec": spec}
    )


@pytest.mark.parametrize(
    ("ingress", "gateway", "stranger"),
    [
        ([], False, False),
        ([{}], True, True),
        ([{"from": [FROM_INGRESS]}], True, False),
        ([{"from": [FROM_INGRESS], "ports": [{"port": 8000}]}], True, False),
        ([{"from": [FROM_INGRESS], "ports": [{"port": 9090}]}], False, False),
        ([{"from": [FROM_INGRESS], "ports": [{"port": 7000, "endPort": 8000}]}], True, False),
        ([{"from": [FROM_INGRESS], "ports": [{"port": "https"}]}], True, False),
        ([{"from": [{"podSelector": {}}]}], False, False),
        ([{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}], True, True),
        ([{"from": [{"podSelector": {}}]}, {"from": [FROM_INGRESS]}], True, False),
    ],
)
def test_policies_admit_whom_they_name(
    ingress: list[dict[str, Any]], gateway: bool, stranger: bool
) -> None:
    policies = [policy(podSelector={}, ingress=ingress)]
    assert admits(policies, GATEWAY, 8000) is gateway
    assert admits(policies, STRANGER, 8000) is stranger


def test_only_policies_for_what_comes_in_restrict_it() -> None:
    pod = read_object("v1", "Pod", {"metadata": {"name": "a", "namespace": "models"}})
    leaving = policy(podSelector={}, policyTypes=["Egress"])
    coming = policy(podSelector={})
    other = policy(podSelector={"matchLabels": {"app": "b"}})
    assert selecting([leaving, coming, other], pod) == [coming]


def test_of_a_pickers_log_only_times_and_known_phrases_stay() -> None:
    secret = {what: text.replace("{", '{"p":"secret",') for what, text in logs.PICKER.items()}
    log = picker_log(
        [
            f"2026-11-24T11:00:00.123456789Z {secret['listening']}",
            f"2026-11-24T11:00:01Z {secret['received']}",
            f"2026-11-24T11:00:02Z {secret['answered']}",
            '2026-11-24T11:00:03Z {"level":"error","msg":"no endpoint","body":"secret"}',
            "no time: something else",
        ]
    )
    assert log == PickerLog(
        since=datetime(2026, 11, 24, 11, 0, 0, 123456, UTC),
        received=(datetime(2026, 11, 24, 11, 0, 1, tzinfo=UTC),),
        answered=(datetime(2026, 11, 24, 11, 0, 2, tzinfo=UTC),),
        listening=True,
        faults=("no endpoint",),
    )


def test_the_health_port_of_a_picker_is_not_its_service() -> None:
    written = recorded("picked").picker.splitlines()
    health = [line for line in written if '"name":"health"' in line]
    assert picker_log(written).listening
    assert health
    assert not picker_log(health).listening


def test_an_error_of_one_request_is_no_fault_of_the_picker() -> None:
    written = recorded("bad_request").picker
    assert '"level":"error"' in written
    assert picker_log(written.splitlines()).faults == ()
