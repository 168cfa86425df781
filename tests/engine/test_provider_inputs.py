"""Check and Diff of the stand-in: what policies see, and when an object is replaced.

Each behaviour is that of pulumi-kubernetes 4.32.0 on the same inputs.
"""

from pathlib import Path
from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2

from modelgate.engine.kubernetes_provider.refusals import refuse_arguments
from modelgate.engine.kubernetes_provider.values import Hidden, Tree, reveal
from modelgate.topology.objects import UNKNOWN
from tests.engine.provider_client import Client, provider

NOWHERE = """\
apiVersion: v1
kind: Config
current-context: nowhere
clusters: [{name: nowhere, cluster: {server: "http://127.0.0.1:1"}}]
users: [{name: nobody, user: {}}]
contexts: [{name: nowhere, context: {cluster: nowhere, user: nobody%s}}]
"""


@pytest.fixture
def offline() -> Any:
    with provider(NOWHERE % "") as client:
        yield client


def config_map(**metadata: Any) -> Tree:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a": "b"}}


def secret(**fields: Any) -> Tree:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, **fields}


def test_a_name_is_made_up_once_and_annotated(offline: Client) -> None:
    first = offline.inputs(config_map())
    name = first["metadata"]["name"]
    assert name.startswith("one-")
    assert len(name) == len("one-12345678")
    assert first["metadata"]["annotations"] == {"pulumi.com/autonamed": "true"}
    assert offline.inputs(config_map(labels={"x": "y"}), first)["metadata"]["name"] == name


def test_a_given_name_is_not_annotated(offline: Client) -> None:
    assert offline.inputs(config_map(name="given"))["metadata"] == {
        "name": "given",
        "namespace": "default",
    }


@pytest.mark.parametrize(
    ("kubeconfig", "arguments", "expected"),
    [
        (NOWHERE % "", {}, "default"),
        (NOWHERE % ", namespace: team", {}, "team"),
        (NOWHERE % ", namespace: team", {"namespace": "given"}, "given"),
        ("/nonexistent/kubeconfig", {}, None),
    ],
)
def test_the_default_namespace(
    kubeconfig: str, arguments: dict[str, str], expected: str | None
) -> None:
    with provider(kubeconfig, **arguments) as client:
        custom = {"apiVersion": "toy.dev/v1", "kind": "Unheard", "metadata": {"name": "x"}}
        for news in (config_map(name="x"), custom):
            assert client.inputs(news)["metadata"].get("namespace") == expected


def test_cluster_scoped_kinds_have_no_namespace(offline: Client, kubeconfig: Path) -> None:
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "x", "namespace": "y"},
    }
    with provider(str(kubeconfig)) as online:
        for client in (offline, online):
            assert "namespace" not in client.inputs(role)["metadata"]


def test_read_only_metadata_and_status_are_dropped(offline: Client) -> None:
    news = config_map(name="x", uid="1", resourceVersion="2", generation=3, managedFields=[])
    checked = offline.inputs({**news, "status": {"ready": True}})
    assert checked["metadata"] == {"name": "x", "namespace": "default"}
    assert "status" not in checked


def test_string_data_becomes_data_and_secret(offline: Client) -> None:
    checked = offline.inputs(secret(stringData={"key": Hidden("sk-1")}, data={"old": "eA=="}))
    assert "stringData" not in checked
    assert isinstance(checked["data"], Hidden)
    assert reveal(checked["data"]) == {"old": "eA==", "key": "c2stMQ=="}


def test_unknown_string_data_stays(offline: Client) -> None:
    checked = offline.inputs(secret(stringData={"key": UNKNOWN}))
    assert checked["stringData"] == Hidden({"key": UNKNOWN})
    assert "data" not in checked


def test_secret_marks_widen_in_lists_and_metadata(offline: Client) -> None:
    checked = offline.inputs(
        {
            "apiVersion": "toy.dev/v1",
            "kind": "Widget",
            "metadata": {"name": "x", "labels": {"a": Hidden("b")}},
            "spec": {"list": ["open", Hidden("shut")], "map": {"open": 1, "shut": Hidden("2")}},
        }
    )
    assert isinstance(checked["metadata"], Hidden)
    assert reveal(checked["metadata"])["name"] == "x"
    assert checked["spec"] == {
        "list": Hidden(["open", "shut"]),
        "map": {"open": 1, "shut": Hidden("2")},
    }


def test_whole_numbers_are_integers(offline: Client) -> None:
    checked = offline.inputs({**config_map(name="x"), "numbers": [2.0, 2.5]})
    assert checked["numbers"] == [2, 2.5]
    assert isinstance(checked["numbers"][0], int)


POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}}
APPS = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x"}}
SERVICE = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x"}}


@pytest.mark.parametrize(
    ("news", "token", "word"),
    [
        (POD, "", "v1 Pod"),
        (APPS, "", "apps/v1 Deployment"),
        (SERVICE, "", "waits until a Service works"),
        (config_map(generateName="x-"), "", "generateName"),
        (
            config_map(name="x", annotations={"pulumi.com/waitFor": "condition=Ready"}),
            "",
            "pulumi.com/waitFor",
        ),
        (config_map(name="x"), "kubernetes:core/v1:ConfigMapPatch", "declared elsewhere"),
        (config_map(name="x"), "kubernetes:core/v1:ConfigMapList", "declared elsewhere"),
        (config_map(name="x"), "kubernetes:v1:ConfigMap", "not one object"),
        (config_map(name="x"), "kubernetes:helm.sh/v3:Release", "not one object"),
        (config_map(name="x"), "kubernetes:yaml/v2:ConfigGroup", "not one object"),
        (config_map(name="x"), "kubernetes:kustomize/v2:Directory", "not one object"),
        (config_map(name="x"), "random:index/id:Id", "another plugin"),
    ],
)
def test_what_it_does_not_do_is_refused_in_words(
    offline: Client, news: Tree, token: str, word: str
) -> None:
    (failure,) = offline.check(news, token=token).failures
    assert word in failure.reason
    assert "pulumi plugin install resource kubernetes" in failure.reason


def test_a_service_that_is_not_waited_for_is_accepted(offline: Client) -> None:
    metadata = {"name": "x", "annotations": {"pulumi.com/skipAwait": "true"}}
    assert not offline.check({**SERVICE, "metadata": metadata}).failures


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"renderYamlToDirectory": "out"}, "renderYamlToDirectory"),
        ({"enableServerSideApply": "false"}, "enableServerSideApply"),
        ({"kubeconfig": "x", "context": "y", "enableSecretMutable": "true"}, ""),
    ],
)
def test_provider_arguments(arguments: dict[str, str], word: str) -> None:
    assert (word in refuse_arguments(arguments)) if word else not refuse_arguments(arguments)


@pytest.mark.parametrize("method", ["Invoke", "Call", "Construct"])
def test_functions_and_components_are_refused(offline: Client, method: str) -> None:
    request = getattr(provider_pb2, f"{method}Request")()
    with pytest.raises(grpc.RpcError, match="is not supported by modelgate's stand-in"):
        getattr(offline.stub, method)(request)


def state(news: Tree, **live: Any) -> Tree:
    return {**news, **live, "__inputs": news}


def paths(answer: Any) -> dict[str, str]:
    kinds = provider_pb2.PropertyDiff.Kind
    return {path: kinds.Name(change.kind) for path, change in answer.detailedDiff.items()}


def test_fields_that_others_add_are_no_difference(offline: Client) -> None:
    news = config_map(name="x", namespace="default")
    live = state(news, data={"a": "b"}, metadata={**news["metadata"], "uid": "1", "labels": {}})
    answer = offline.diff(live, news)
    assert answer.changes == provider_pb2.DiffResponse.DIFF_NONE
    assert paths(answer) == {}


def test_a_field_that_somebody_changed_is_a_difference(offline: Client) -> None:
    widget = {
        "apiVersion": "toy.dev/v1",
        "kind": "Widget",
        "metadata": {"name": "x", "namespace": "default"},
        "spec": {"size": 1, "ports": [{"number": 80}]},
    }
    live = state(widget, spec={"size": 2, "ports": [{"number": 80, "protocol": "TCP"}]})
    answer = offline.diff(live, widget)
    assert paths(answer) == {"spec.size": "UPDATE"}
    assert list(answer.diffs) == ["spec"]
    assert not answer.replaces


def test_added_changed_and_dropped_fields(offline: Client) -> None:
    old = config_map(name="x", namespace="default", labels={"app.io/a": "1", "b": "2"})
    new = config_map(name="x", namespace="default", labels={"app.io/a": "9", "c": "3"})
    assert paths(offline.diff(state(old), new)) == {
        'metadata.labels["app.io/a"]': "UPDATE",
        "metadata.labels.b": "DELETE",
        "metadata.labels.c": "ADD",
    }


def test_an_unknown_is_a_difference(offline: Client) -> None:
    old = config_map(name="x", namespace="default", labels={"a": "1"})
    new = config_map(name="x", namespace="default", labels={"a": UNKNOWN})
    assert paths(offline.diff(state(old), new)) == {"metadata.labels.a": "UPDATE"}


@pytest.mark.parametrize(
    ("old", "new", "replaced"),
    [
        (config_map(name="x"), config_map(name="y"), {"metadata.name": "UPDATE_REPLACE"}),
        (
            config_map(name="x", namespace="a"),
            config_map(name="x", namespace="b"),
            {"metadata.namespace": "UPDATE_REPLACE"},
        ),
    ],
)
def test_another_name_or_namespace_is_another_object(
    offline: Client, old: Tree, new: Tree, replaced: dict[str, str]
) -> None:
    answer = offline.diff(state(offline.inputs(old)), new)
    assert paths(answer) == replaced
    assert list(answer.replaces) == list(replaced)
    assert not answer.deleteBeforeReplace


def test_changed_data_replaces_a_named_object_after_deleting_it(offline: Client) -> None:
    old = config_map(name="x", namespace="default")
    answer = offline.diff(state(old), {**old, "data": {"a": "c"}})
    assert paths(answer) == {"data.a": "UPDATE_REPLACE"}
    assert answer.deleteBeforeReplace


def test_changed_data_replaces_an_autonamed_object_before_deleting_it(offline: Client) -> None:
    old = offline.inputs(config_map())
    new = {**config_map(), "data": {"a": "c"}}
    answer = offline.diff(state(old), new)
    assert list(answer.replaces) == ["data.a"]
    assert not answer.deleteBeforeReplace


def test_mutable_data_is_updated_in_place() -> None:
    with provider(NOWHERE % "", enableConfigMapMutable="true") as client:
        old = config_map(name="x", namespace="default")
        answer = client.diff(state(old), {**old, "data": {"a": "c"}})
        assert paths(answer) == {"data.a": "UPDATE"}
        assert not answer.replaces


def test_ignored_changes_are_refused(offline: Client) -> None:
    news = config_map(name="x", namespace="default")
    with pytest.raises(grpc.RpcError, match=r"ignoreChanges \(data\.a\)"):
        offline.diff(state(news), news, ignore=("data.a",))
