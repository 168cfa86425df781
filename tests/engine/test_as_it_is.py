"""A preview says what is deployed and what the program declares, however it ends."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from modelgate.engine.automation import Options, preview, up
from modelgate.engine.in_process import evaluate
from modelgate.engine.kubernetes_provider.cluster import Cluster
from modelgate.engine.results import Outcome, Run
from modelgate.topology.objects import UNKNOWN, Object
from tests.engine.conftest import Write
from tests.engine.toys import Stack

ROOT = Path(__file__).parents[2]


def refs(objects: tuple[Object, ...] | None) -> set[str]:
    assert objects is not None
    return {f"{obj.kind} {obj.name}" for obj in objects}


def planned(run: Run, name: str) -> tuple[str, bool, object, object]:
    (change,) = [one for one in run.changes if one.name == name]
    return change.operation, change.deleted_first, change.before, change.after


def test_both_sides_of_a_change(stack: Stack, options: Options, namespace: str) -> None:
    first = preview(stack(), "dev", options)
    everything = {
        f"Namespace {namespace}-toy",
        "ConfigMap door-0",
        "ConfigMap door-1",
        "Secret keys",
    }
    assert (first.deployed, refs(first.declared)) == ((), everything)

    up(stack(), "dev", options)
    run = preview(stack(count=1, fixed="no", open="yes"), "dev", options)
    assert run.outcome is Outcome.REJECTED
    assert refs(run.deployed) == everything
    assert refs(run.declared) == everything - {"ConfigMap door-1"}
    operation, deleted_first, before, after = planned(run, "door-0")
    assert (operation, deleted_first) == ("replace", True)
    assert isinstance(before, dict)
    assert isinstance(after, dict)
    assert (before["data"], after["data"]) == ({"fixed": "yes"}, {"fixed": "no"})
    assert planned(run, "door-1")[0] == "delete"
    assert planned(run, "door-1")[3] is None
    assert "c2stdG9wc2VjcmV0" not in json.dumps([run.changes, run.deployed], default=body_of)


def body_of(value: object) -> object:
    return value.body if isinstance(value, Object) else repr(value)


def test_a_preview_that_fails_knows_what_is_deployed(
    stack: Stack, options: Options, cluster: Cluster, namespace: str
) -> None:
    up(stack(count=1), "dev", options)
    theirs = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "door-1"}}
    cluster.request("POST", f"/api/v1/namespaces/{namespace}-toy/configmaps", theirs)
    run = preview(stack(), "dev", options)
    assert (run.outcome, run.declared) == (Outcome.FAILED, None)
    assert refs(run.deployed) == {f"Namespace {namespace}-toy", "ConfigMap door-0", "Secret keys"}
    (secret,) = [obj for obj in run.deployed or () if obj.kind == "Secret"]
    assert secret.body["data"] is UNKNOWN


def test_what_a_secret_becomes_is_not_told(project: Write, options: Options) -> None:
    root = project(
        """
        import pulumi_kubernetes as k8s
        k8s.core.v1.Secret(
            "keys", metadata={"name": "keys", "namespace": "x"}, string_data={"key": "sk-plain"}
        )
        """
    )
    run = preview(root, "dev", options)
    assert run.declared
    assert "sk-plain" not in repr([run.declared[0].body, run.changes[0].after])


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_engine_declares_what_the_program_does_without_it(
    stack: str, options: Options, tmp_path: Path
) -> None:
    nowhere = replace(options, kubeconfig=tmp_path / "no-cluster", state=tmp_path / "state")
    run = preview(ROOT, stack, nowhere)
    assert run.declared is not None
    alone = {obj.ref: (obj.api_version, obj.body) for obj in evaluate(ROOT, stack).objects}
    assert {obj.ref: (obj.api_version, obj.body) for obj in run.declared} == alone
    sources = {obj.ref: obj.source for obj in evaluate(ROOT, stack).objects}
    assert {obj.ref: obj.source for obj in run.declared} == sources
