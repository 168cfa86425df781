"""Read, delete, secrets and lost clusters of the stand-in, against a real API server.

Each behaviour is that of pulumi-kubernetes 4.32.0 on the same program and API server.
"""

import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import provider_pb2

from modelgate.engine.kubernetes_provider.cluster import Cluster, RefusedError
from modelgate.engine.kubernetes_provider.values import Hidden, decode, reveal
from modelgate.topology.objects import UNKNOWN
from tests.engine.objects import config_map, live, said, widget
from tests.engine.provider_client import STACK, Client, provider


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
        assert (
            "the cluster cannot be reached: no usable kubeconfig (/nonexistent/kubeconfig)"
            in said(caught)
        )


def test_an_unreachable_cluster_is_named(kubeconfig: Path) -> None:
    text = kubeconfig.read_text()
    server = next(line.split()[-1] for line in text.splitlines() if "server:" in line)
    with provider(text.replace(server, "https://127.0.0.1:1")) as nobody:
        with pytest.raises(grpc.RpcError) as caught:
            nobody.create(widget("somewhere"))
        assert said(caught) == (
            "the cluster cannot be reached: https://127.0.0.1:1: [Errno 111] Connection refused"
        )


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


def test_a_core_object_by_a_custom_resource_token_is_refused(client: Client) -> None:
    """`CustomResource.get` with apiVersion v1 asks for the type kubernetes:v1:ConfigMap."""
    request = provider_pb2.ReadRequest(id="ns/x", urn=f"{STACK}::kubernetes:v1:ConfigMap::x")
    with pytest.raises(grpc.RpcError) as caught:
        client.stub.Read(request)
    assert "is not one object of the Kubernetes API" in said(caught)


@pytest.mark.parametrize("text", ["[]\n", "a: b\n", "clusters: [\n", "contexts: [{}]\n"])
def test_a_kubeconfig_that_is_none_is_unreachable(text: str) -> None:
    with provider(text) as nobody, pytest.raises(grpc.RpcError) as caught:
        nobody.create(config_map("somewhere"))
    assert "the cluster cannot be reached: no usable kubeconfig" in said(caught)
