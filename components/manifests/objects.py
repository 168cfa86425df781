"""The frame of every object that is declared, and the names that controllers will give."""

from collections.abc import Mapping
from hashlib import md5
from typing import Any, TypeAlias

Manifest: TypeAlias = dict[str, Any]

MANAGED_BY = {"app.kubernetes.io/managed-by": "modelgate"}
NAMESPACE_NAME = "kubernetes.io/metadata.name"
"""Label that the API server sets on every Namespace; nobody can give it another value."""


def manifest(
    api_version: str,
    kind: str,
    name: str,
    namespace: str = "",
    *,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    **body: Any,
) -> Manifest:
    """An object with our label; `body` holds its other top-level fields, such as `spec`."""
    metadata: dict[str, Any] = {"name": name}
    if namespace:
        metadata["namespace"] = namespace
    metadata["labels"] = {**MANAGED_BY, **(labels or {})}
    if annotations:
        metadata["annotations"] = dict(annotations)
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **body}


def child_name(parent: str, suffix: str) -> str:
    """The name that KServe gives to what it makes of `parent`: at most 63 characters.

    Source: knative.dev/pkg kmeta/names.go, ChildName.
    """
    if len(parent) + len(suffix) <= 63:
        return parent + suffix
    digest = md5(parent.encode(), usedforsecurity=False).hexdigest()
    return parent[: 63 - len(digest) - len(suffix)] + digest + suffix
