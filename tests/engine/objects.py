"""Objects for the provider's tests, and a kind of their own: toy.dev/v1 Widget."""

from typing import Any

import grpc
import pytest

from modelgate.engine.kubernetes_provider.cluster import Cluster
from modelgate.engine.kubernetes_provider.values import Tree

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
