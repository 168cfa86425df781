"""Create and update of the stand-in against a real API server.

Each behaviour is that of pulumi-kubernetes 4.32.0 on the same program and API server.
"""

from pathlib import Path

import grpc
import pytest

from modelgate.engine.kubernetes_provider.cluster import APPLY, Cluster, RefusedError
from modelgate.engine.kubernetes_provider.values import Tree
from tests.engine.objects import config_map, definition, live, said, widget
from tests.engine.provider_client import Client, provider


def test_state_is_the_live_object_and_its_inputs(
    client: Client, namespace: str, widgets: str
) -> None:
    identifier, state = client.create(widget(namespace, size=2))
    assert identifier == f"{namespace}/one"
    assert state["spec"] == {"size": 2, "extra": "by the server"}
    assert state["metadata"]["uid"]
    assert state["__inputs"]["spec"] == {"size": 2}
    assert state["__initialApiVersion"] == "toy.dev/v1"
    assert state["__fieldManager"].startswith("pulumi-kubernetes-")


def test_preview_is_a_dry_run(
    client: Client, namespace: str, widgets: str, cluster: Cluster
) -> None:
    preview = client.preview(widget(namespace, size=2))
    assert preview["spec"]["extra"] == "by the server"
    assert preview["metadata"]["uid"]
    with pytest.raises(RefusedError):
        live(cluster, widget(namespace))


@pytest.mark.parametrize(
    ("spec", "message"),
    [({"size": 10}, "less than or equal to 9"), ({"size": 7}, "seven is not allowed")],
)
def test_schema_and_cel_errors_fail_the_preview(
    client: Client, namespace: str, widgets: str, spec: Tree, message: str
) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        client.preview(widget(namespace, **spec))
    assert message in said(caught)
    assert f"Widget {namespace}/one" in said(caught)


def test_unknown_fields_are_pruned_silently(client: Client, namespace: str, widgets: str) -> None:
    news = widget(namespace, size=2, mispelt=True)
    assert "mispelt" not in client.preview(news)["spec"]
    assert "mispelt" not in client.create(news)[1]["spec"]


def test_a_missing_definition_is_said(client: Client, namespace: str) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        client.create(widget(namespace, kind="Unheard"))
    assert "the cluster does not know toy.dev/v1 Unheard" in said(caught)


def test_definition_and_object_in_one_update(client: Client, namespace: str) -> None:
    client.create(definition("gadget"))
    _, state = client.create(widget(namespace, kind="Gadget", size=1))
    assert state["spec"]["size"] == 1


def test_an_object_of_somebody_else_is_left_alone(
    client: Client, namespace: str, cluster: Cluster
) -> None:
    theirs = config_map(namespace, owner="them")
    cluster.request("POST", f"/api/v1/namespaces/{namespace}/configmaps", theirs)
    for attempt in (client.preview, client.create):
        with pytest.raises(grpc.RpcError) as caught:
            attempt(config_map(namespace, owner="us"))
        assert said(caught).startswith(
            f"ConfigMap {namespace}/one is already in the cluster and was not created by this stack"
        )
    assert live(cluster, theirs)["data"] == {"owner": "them"}


def test_an_object_of_an_update_that_was_cut_short_is_taken_up_again(
    client: Client, namespace: str, kubeconfig: Path, cluster: Cluster
) -> None:
    news = config_map(namespace, a="1", b="2")
    client.create(news)
    _, state = client.create({**news, "data": {"a": "1"}})
    assert state["data"] == {"a": "1"}
    with provider(str(kubeconfig), owner="another state") as other:
        with pytest.raises(grpc.RpcError) as caught:
            other.create(news)
        assert "was not created by this stack" in said(caught)
    assert live(cluster, news)["data"] == {"a": "1"}


def test_updates_are_applied_and_drop_fields(
    client: Client, namespace: str, widgets: str, cluster: Cluster
) -> None:
    _, state = client.create(widget(namespace, size=1, note="old"))
    news = widget(namespace, size=2)
    assert client.update(state, news, preview=True)["spec"]["size"] == 2
    assert live(cluster, news)["spec"]["size"] == 1
    state = client.update(state, news)
    assert live(cluster, news)["spec"] == {"size": 2, "extra": "by the server"}
    managers = {
        (entry["manager"], entry["operation"]) for entry in state["metadata"]["managedFields"]
    }
    assert managers == {(state["__fieldManager"], "Apply")}
    assert not client.diff(state, news).detailedDiff


def test_fields_of_others_conflict_until_forced(
    client: Client, namespace: str, widgets: str, cluster: Cluster
) -> None:
    news = widget(namespace, size=1)
    _, state = client.create(news)
    kind = cluster.kind("toy.dev/v1", "Widget")
    assert kind is not None
    theirs = {**widget(namespace, size=5), "metadata": {"name": "one"}}
    path = kind.item(namespace, "one")
    cluster.request("PATCH", path, theirs, APPLY, fieldManager="autoscaler", force=True)
    for preview in (True, False):
        with pytest.raises(grpc.RpcError) as caught:
            client.update(state, widget(namespace, size=3), preview=preview)
        assert 'conflict with "autoscaler"' in said(caught)
        assert "pulumi.com/patchForce" in said(caught)
    forced = widget(namespace, size=3)
    forced["metadata"]["annotations"] = {"pulumi.com/patchForce": "true"}
    assert client.update(state, forced)["spec"]["size"] == 3
