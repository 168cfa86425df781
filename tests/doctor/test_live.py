"""The doctor on a real API server: what is there is read, what may not be read is told."""

import json
import os
import signal
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from kubernetes.dynamic import DynamicClient

from modelgate import local
from modelgate.cli import main
from modelgate.doctor import details, reading
from modelgate.doctor.api import JSON, Api
from modelgate.doctor.checks import ALL
from modelgate.doctor.results import Result, Status
from modelgate.doctor.runner import Examination, select, watch
from modelgate.doctor.snapshot import Snapshot
from modelgate.doctor.view import View
from policies.judgement import report
from tests.doctor import access
from tests.doctor.clusters import GATEWAY, Cluster
from tests.doctor.kubelet import Kubelet, serving
from tests.doctor.live import Writer
from tests.picker.evidence import recorded
from tests.plugins.control_plane import Told


def look(api: Api, cluster: Cluster, deep: bool = False) -> Snapshot:
    """What `modelgate doctor -s prod` sees."""
    settings = cluster.snapshot().settings
    snapshot = replace(reading.read(api), settings=settings, declared=cluster.declared)
    if snapshot.fault:
        return snapshot
    return details.add(api, snapshot, View(snapshot, report), deep)[0]


def results(examination: Examination) -> dict[str, Result]:
    return {one.check.ID: one.result for one in examination.checked}


def examined(api: Api, cluster: Cluster, deep: bool = False) -> dict[str, Result]:
    return results(watch(lambda: look(api, cluster, deep), ALL, report))


def test_a_healthy_cluster_shows_no_error(
    writer: Writer, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", "-s", "prod", "--project", str(project), "-o", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    found = {one["id"]: one["status"] for one in document["checks"]}
    loud = {id_ for id_, status in found.items() if status in ("failed", "warned")}
    assert loud == {"versions"}
    assert {id_ for id_, status in found.items() if status == "skipped"} == {
        "probes",
        "completions",
    }


@dataclass(frozen=True, slots=True)
class Counting(Api):
    """The same API, and how often each path was asked for."""

    asked: Counter[str] = field(default_factory=Counter)

    def get(self, path: str, accept: str = JSON, **query: str | int) -> dict[str, Any]:
        self.asked[path] += 1
        return Api.get(self, path, accept, **query)


def test_no_kind_is_listed_more_than_once(writer: Writer, healthy: Cluster) -> None:
    counting = Counting("local", DynamicClient(writer.client, discoverer=lambda _c, _f: None))
    look(counting, healthy)
    lists = [path for path in counting.asked if not path.endswith(("/v1", "/v1beta1", "/v1alpha1"))]
    assert "/apis/gateway.networking.k8s.io/v1/httproutes" in lists
    assert max(counting.asked.values()) == 1


def test_the_role_of_the_page_is_enough(writer: Writer, healthy: Cluster) -> None:
    with access.account(writer, access.role()) as api:
        found = examined(api, healthy)
    assert found["read-rights"] == Result(Status.PASSED, found["read-rights"].said)
    assert [id_ for id_, one in found.items() if one.status is Status.FAILED] == []


def test_a_right_that_is_missing_is_named_and_what_needs_it_is_skipped(
    writer: Writer, healthy: Cluster
) -> None:
    crippled = access.without(access.role(), "secrets", "pods/log", "networkpolicies")
    with access.account(writer, crippled) as api:
        found = examined(api, healthy)
    told = {problem.what for problem in found["read-rights"].problems}
    assert told == {
        "you may not list secrets",
        "you may not list networkpolicies.networking.k8s.io",
        "you may not get pods/log",
    }
    skipped = {id_: one.said for id_, one in found.items() if one.status is Status.SKIPPED}
    assert skipped["api-keys"] == "you may not list secrets"
    assert skipped["gateway-certificates"] == "you may not list secrets"
    assert skipped["network-policies"] == "you may not list networkpolicies.networking.k8s.io"
    assert skipped["request-bodies"] == "you may not get pods/log"
    assert "nothing is judged where a part is hidden" in skipped["doors"]
    assert [id_ for id_, one in found.items() if one.status is Status.FAILED] == []


def test_waiting_ends_when_what_was_waited_for_is_there(writer: Writer, healthy: Cluster) -> None:
    gateway = healthy[f"Gateway {GATEWAY}"]
    writer.set_status({**gateway, "status": {**gateway["status"], "addresses": []}})
    waited: list[str] = []

    def pause(_seconds: float, waiting: str) -> None:
        waited.append(waiting)
        writer.set_status(gateway)

    found = results(
        watch(
            lambda: look(writer.api, healthy),
            select(ALL, ["gateway-address"]),
            report,
            wait_seconds=600,
            pause=pause,
        )
    )
    assert waited == ["gateway-address"]
    assert found["gateway-address"].status is Status.PASSED


def test_what_is_deleted_is_drift(writer: Writer, healthy: Cluster) -> None:
    writer.delete(healthy["AuthPolicy openshift-ingress/maas-gateway-auth"])
    found = examined(writer.api, healthy)
    assert found["auth-policies"].status is Status.FAILED
    assert found["doors"].status is Status.FAILED
    told = "\n".join(problem.what for problem in found["drift"].problems)
    assert "AuthPolicy openshift-ingress/maas-gateway-auth is declared, but not in the" in told
    assert "declared PROTECTED, EXPOSED in the cluster: openshift-ingress/maas-gateway" in told


def test_another_writer_is_named(writer: Writer, healthy: Cluster) -> None:
    gateway = healthy[f"Gateway {GATEWAY}"]
    change = {"spec": {"infrastructure": {"annotations": {"a": "b"}}}}
    path = "/apis/gateway.networking.k8s.io/v1/namespaces/openshift-ingress/gateways/maas-gateway"
    writer.request("PATCH", f"{path}?fieldManager=argocd", change, "application/merge-patch+json")
    found = examined(writer.api, healthy)["field-managers"]
    assert [problem.what.partition(", last")[0] for problem in found.problems] == [
        "Gateway openshift-ingress/maas-gateway: argocd also writes spec.infrastructure"
    ]
    assert gateway["metadata"]["name"] == "maas-gateway"


def test_the_envoys_are_asked_through_the_api(
    writer: Writer, healthy: Cluster, node: Kubelet
) -> None:
    found = examined(writer.api, healthy, deep=True)
    told = [problem.what for problem in found["read-rights"].problems]
    assert told == [
        f"Envoy of Pod {GATEWAY}-0 does not answer at port 15000: nothing listens on that port"
    ]
    assert f"/portForward/{GATEWAY}-0?port=15000" in node.asked


def test_what_envoy_counts_shows_a_picker_that_cannot_be_reached(
    writer: Writer, healthy: Cluster, node: Kubelet
) -> None:
    with serving(recorded("self_signed").clusters) as port:
        node.ports[15000] = port
        found = examined(writer.api, healthy, deep=True)["picker-in-the-loop"]
    assert found.status is Status.FAILED
    assert "2 of 2 connections to the picker failed" in found.problems[0].what


def test_no_api_is_no_verdict(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = Path(os.environ["KUBECONFIG"]).read_text()
    server = next(line.strip() for line in text.splitlines() if "server:" in line)
    (project / "kubeconfig").write_text(text.replace(server, "server: https://127.0.0.1:1"))
    monkeypatch.setenv("KUBECONFIG", str(project / "kubeconfig"))
    assert main(["doctor", "--project", str(project)]) == 3
    shown = capsys.readouterr().out
    assert "Connection refused" in shown
    assert shown.splitlines()[-1][2:].startswith("could not judge: 1 failed")


@dataclass(frozen=True, slots=True)
class Stopping(Api):
    """An API whose server is killed after some requests."""

    left: list[int] = field(default_factory=list)

    def get(self, path: str, accept: str = JSON, **query: str | int) -> dict[str, Any]:
        if self.left and path.startswith("/apis/apps/v1/"):
            os.kill(self.left.pop(), signal.SIGKILL)
        return Api.get(self, path, accept, **query)


def test_an_api_that_stops_in_the_middle_is_no_verdict(told: Told, healthy: Cluster) -> None:
    with local.control_plane(told) as status:
        client = Writer(status.kubeconfig).client
        api = Stopping("short-lived", DynamicClient(client, discoverer=lambda _c, _f: None))
        api.left.append(status.pids["kube-apiserver"])
        examination = watch(lambda: look(api, healthy), ALL, report)
    assert examination.exit_code == 3
    assert (
        results(examination)["kubernetes-api"]
        .problems[0]
        .what.startswith("cluster short-lived: it stopped answering: ")
    )
    statuses = {one.result.status for one in examination.checked[1:]}
    assert statuses == {Status.SKIPPED}
