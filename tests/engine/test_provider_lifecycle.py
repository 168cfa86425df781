"""Create, read, update and delete of the stand-in against a real API server.

Each behaviour is that of pulumi-kubernetes 4.32.0 on the same program and API server.
"""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty

from modelgate.engine.kubernetes_provider.cluster import APPLY, Cluster, RefusedError
from modelgate.engine.kubernetes_provider.values import Hidden, Tree, decode, reveal
from modelgate.topology.objects import UNKNOWN
from tests.engine.provider_client import Client, provider

SCHEMA = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "properties": {
                "size": {"type": "integer", "maximum": 9},
                "note": {"type": "string"},
                "extra": {"type": "string", "default": "by the server"},
            },
            "x-kubernetes-validations": [
                {"rule": "!has(self.size) || self.size != 7", "message": "seven is not allowed"}
            ],
        }
    },
}


def definition(plural: str) -> Tree:
    """A CustomResourceDefinition of a kind of the test's own."""
    kind = plural.capitalize()
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.toy.dev"},
        "spec": {
            "group": "toy.dev",
            "scope": "Namespaced",
            "names": {"plural": plural, "singular": plural, "kind": kind, "listKind": f"{kind}s"},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": SCHEMA},
                }
            ],
        },
    }


@pytest.fixture(scope="module")
def client(kubeconfig: Path) -> Iterator[Client]:
    with provider(str(kubeconfig)) as connected:
        yield connected


@pytest.fixture(scope="module")
def widgets(client: Client) -> str:
    client.create(definition("widget"))
    return "Widget"


def widget(namespace: str, kind: str = "Widget", **spec: Any) -> Tree:
    return {
        "apiVersion": "toy.dev/v1",
        "kind": kind,
        "metadata": {"name": "one", "namespace": namespace},
        "spec": spec,
    }


def config_map(namespace: str, **data: Any) -> Tree:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "one", "namespace": namespace},
        "data": data,
    }


def live(cluster: Cluster, tree: Tree) -> Tree:
    metadata = tree["metadata"]
    kind = cluster.kind(tree["apiVersion"], tree["kind"])
    assert kind is not None
    return cluster.request("GET", kind.item(metadata["namespace"], metadata["name"]))


def said(caught: pytest.ExceptionInfo[grpc.RpcError]) -> str:
    error: Any = caught.value
    assert error.code() is grpc.StatusCode.FAILED_PRECONDITION
    return str(error.details())


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


def test_preview_returns_the_inputs_where_the_server_cannot_say(
    client: Client, namespace: str, widgets: str
) -> None:
    for news in (
        widget(namespace, note=UNKNOWN),
        widget(namespace, kind="Unheard", size=10),
        widget("no-such-namespace", size=2),
    ):
        assert client.preview(news) == client.inputs(news)


def test_preview_without_a_cluster_returns_the_inputs() -> None:
    with provider("/nonexistent/kubeconfig") as nobody:
        news = widget("somewhere", size=10)
        assert nobody.preview(news) == nobody.inputs(news)
        with pytest.raises(grpc.RpcError) as caught:
            nobody.create(news)
        assert "the cluster cannot be reached: no usable kubeconfig" in said(caught)


def test_an_unreachable_cluster_is_named(kubeconfig: Path) -> None:
    text = kubeconfig.read_text()
    server = next(line.split()[-1] for line in text.splitlines() if "server:" in line)
    with provider(text.replace(server, "https://127.0.0.1:1")) as nobody:
        with pytest.raises(grpc.RpcError) as caught:
            nobody.create(widget("somewhere"))
        assert said(caught) == (
            "the cluster cannot be reached: https://127.0.0.1:1: [Errno 111] Connection refused"
        )


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


def test_secrets_stay_marked_and_out_of_messages(
    client: Client, namespace: str, cluster: Cluster
) -> None:
    news = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "one", "namespace": namespace},
        "stringData": {"key": Hidden("sk-topsecret")},
    }
    _, state = client.create(news)
    assert isinstance(state["data"], Hidden)
    assert isinstance(state["__inputs"]["data"], Hidden)
    bad = {**news, "stringData": {"not a key": Hidden("x")}, "type": Hidden("sk-topsecret!")}
    with pytest.raises(grpc.RpcError) as caught:
        client.preview({**bad, "metadata": {"name": "two", "namespace": namespace}})
    assert "sk-topsecret" not in said(caught)
    mangled = widget(namespace, kind="Widget", size=Hidden("sk-topsecret"))
    with pytest.raises(grpc.RpcError) as caught:
        client.preview(mangled)
    assert "[secret]" in said(caught) or "integer" in said(caught)
    assert "sk-topsecret" not in said(caught)


def test_refresh_sees_drift_and_loss(
    client: Client, namespace: str, widgets: str, cluster: Cluster
) -> None:
    news = widget(namespace, size=1)
    identifier, state = client.create(news)
    kind = cluster.kind("toy.dev/v1", "Widget")
    assert kind is not None
    path = kind.item(namespace, "one")
    patch = [{"op": "replace", "path": "/spec/size", "value": 4}]
    cluster.request("PATCH", path, patch, "application/json-patch+json")
    answer = client.read(state, identifier)
    assert decode(answer.inputs)["spec"] == {"size": 4}
    assert decode(answer.properties)["__fieldManager"] == state["__fieldManager"]
    cluster.request("DELETE", path)
    assert client.read(state, identifier).id == ""


def test_reading_an_object_that_is_not_ours(
    client: Client, namespace: str, cluster: Cluster
) -> None:
    theirs = config_map(namespace, a="b")
    cluster.request("POST", f"/api/v1/namespaces/{namespace}/configmaps", theirs)
    bare = {"apiVersion": "v1", "kind": "ConfigMap"}
    answer = client.read(bare, f"{namespace}/one")
    assert decode(answer.inputs) == theirs
    assert reveal(decode(answer.properties))["data"] == {"a": "b"}


def test_delete_waits_until_the_object_is_gone(
    client: Client, namespace: str, cluster: Cluster
) -> None:
    name = f"{namespace}-more"
    news = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    _, state = client.create(news)
    client.delete(state)
    with pytest.raises(RefusedError, match="not found"):
        cluster.request("GET", f"/api/v1/namespaces/{name}")
    client.delete(state)


def test_delete_names_the_finalizers_it_waits_for(client: Client, namespace: str) -> None:
    news = config_map(namespace, a="b")
    news["metadata"]["finalizers"] = ["toy.dev/wait"]
    _, state = client.create(news)
    with pytest.raises(grpc.RpcError) as caught:
        client.delete(state, seconds=1)
    assert "toy.dev/wait" in said(caught)


def test_delete_leaves_an_object_that_took_the_place(
    client: Client, namespace: str, cluster: Cluster
) -> None:
    news = config_map(namespace, owner="us")
    _, state = client.create(news)
    collection = f"/api/v1/namespaces/{namespace}/configmaps"
    cluster.request("DELETE", f"{collection}/one")
    theirs = config_map(namespace, owner="them")
    cluster.request("POST", collection, theirs)
    client.delete(state)
    assert live(cluster, theirs)["data"] == {"owner": "them"}


def test_cancel_ends_what_waits(kubeconfig: Path, namespace: str) -> None:
    news = config_map(namespace, a="b")
    news["metadata"]["finalizers"] = ["toy.dev/wait"]
    with provider(str(kubeconfig)) as own, ThreadPoolExecutor(1) as pool:
        _, state = own.create(news)
        waiting = pool.submit(own.delete, state, 60)
        own.stub.Cancel(Empty())
        with pytest.raises(grpc.RpcError) as caught:
            waiting.result(timeout=30)
        assert "cancelled before it was gone" in said(caught)


def test_two_clusters_in_one_program(kubeconfig: Path, namespace: str) -> None:
    """Every provider resource has a connection of its own, and with it its own cluster."""
    with provider(str(kubeconfig)) as first:
        second = Client(first.port, {"kubeconfig": "/nonexistent"})
        news = config_map(namespace, a=uuid.uuid4().hex)
        with pytest.raises(grpc.RpcError, match="cannot be reached"):
            second.create(news)
        assert first.create(news)[0] == f"{namespace}/one"
