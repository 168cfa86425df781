"""This repository's own stacks, under its own policy pack, from nothing to nothing."""

from dataclasses import replace
from pathlib import Path

import pytest

from modelgate.cli.platform import missing_namespaces
from modelgate.config import KEY, load
from modelgate.engine.automation import Options, destroy, up
from modelgate.engine.in_process import Evaluation, evaluate
from modelgate.engine.kubernetes_provider.cluster import Cluster, RefusedError, Settings
from modelgate.engine.results import Outcome
from modelgate.topology.objects import Object
from tests.plugins.control_plane import ControlPlane

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("stack", ["dev", "guide", "prod"])
def test_a_stack_is_deployed_found_unchanged_and_removed(
    stack: str, control_plane: ControlPlane, options: Options, tmp_path: Path
) -> None:
    evaluation = evaluate(ROOT, stack)
    cluster, here = ready(evaluation, control_plane, replace(options, state=tmp_path))
    deployed = up(ROOT, stack, here)
    assert (deployed.operation, deployed.outcome) == ("up", Outcome.SUCCEEDED)
    absent = [obj.ref for obj in evaluation.objects if not exists(cluster, obj)]
    assert absent == []
    assert up(ROOT, stack, here).unchanged
    assert destroy(ROOT, stack, here).outcome is Outcome.SUCCEEDED
    left = [obj.ref for obj in evaluation.objects if exists(cluster, obj)]
    assert left == []


def ready(
    evaluation: Evaluation, control_plane: ControlPlane, options: Options
) -> tuple[Cluster, Options]:
    """An API server that knows the kinds and has the namespaces that the stack expects."""
    settings = load(evaluation.config[KEY], evaluation.stack, "")
    kubeconfig = control_plane(settings.release_profile.crd_profile).kubeconfig
    cluster = Cluster(Settings(kubeconfig=str(kubeconfig)))
    for name in missing_namespaces(evaluation.objects):
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        try:
            cluster.request("POST", "/api/v1/namespaces", body)
        except RefusedError as refused:
            if refused.reason != "AlreadyExists":
                raise
    return cluster, replace(options, kubeconfig=kubeconfig)


def exists(cluster: Cluster, obj: Object) -> bool:
    kind = cluster.kind(obj.api_version, obj.kind)
    assert kind is not None
    assert kind.namespaced == bool(obj.namespace)
    try:
        return bool(cluster.request("GET", kind.item(obj.namespace, obj.name)))
    except RefusedError:
        return False
