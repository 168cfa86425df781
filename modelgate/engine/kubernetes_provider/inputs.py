"""Check: the inputs that policies see and the API server gets, as the official plugin has them."""

import base64
import hashlib
from typing import Any

from modelgate.engine import scopes
from modelgate.engine.kubernetes_provider.cluster import Cluster, RefusedError, UnreachableError
from modelgate.engine.kubernetes_provider.values import (
    Hidden,
    Tree,
    has_unknown,
    mark_like,
    reveal,
)

AUTONAMED = "pulumi.com/autonamed"
READ_ONLY_METADATA = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
)


def checked(news: Tree, olds: Tree, proposed_name: str, cluster: Cluster) -> Tree:
    """The inputs of one resource, normalised; `olds` are those of the last update or empty."""
    marked = news
    plain = declared(news)
    metadata = plain["metadata"]
    if not metadata.get("name"):
        _autoname(metadata, reveal(olds), proposed_name)
    _default_namespace(plain, metadata, cluster)
    if plain.get("kind") == "Secret" and plain.get("apiVersion") == "v1":
        _fold_string_data(plain)
        marked = {**news, "data": Hidden(None)} if "data" in plain else news
    return mark_like(plain, marked)


def declared(tree: Tree) -> Tree:
    """A copy in plain data without what only the API server writes: read-only metadata, status."""
    plain = {key: value for key, value in reveal(tree).items() if key != "status"}
    metadata = plain.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    plain["metadata"] = {
        key: value for key, value in metadata.items() if key not in READ_ONLY_METADATA
    }
    return plain


def proposed_name(logical_name: str, random_seed: bytes) -> str:
    """A name of the plugin's own making: the logical name and eight hexadecimal digits."""
    return f"{logical_name}-{hashlib.sha256(random_seed).hexdigest()[:8]}"


def is_namespaced(cluster: Cluster, api_version: str, kind: str) -> bool:
    """As the API server says; a kind it does not know, or no server, counts as namespaced."""
    try:
        found = cluster.kind(api_version, kind)
    except (RefusedError, UnreachableError):
        found = None
    return found.namespaced if found else scopes.is_namespaced(api_version, kind)


def _autoname(metadata: Tree, olds: Tree, proposed: str) -> None:
    """Keep the name that was made up for this resource before; else make one up."""
    old = olds.get("metadata")
    old = old if isinstance(old, dict) else {}
    kept = (old.get("annotations") or {}).get(AUTONAMED) == "true"
    metadata["name"] = old["name"] if kept and old.get("name") else proposed
    metadata["annotations"] = {**(metadata.get("annotations") or {}), AUTONAMED: "true"}


def _default_namespace(plain: Tree, metadata: Tree, cluster: Cluster) -> None:
    api_version, kind = str(plain.get("apiVersion")), str(plain.get("kind"))
    if not is_namespaced(cluster, api_version, kind):
        metadata.pop("namespace", None)
    elif not metadata.get("namespace") and cluster.namespace:
        metadata["namespace"] = cluster.namespace


def _fold_string_data(plain: Tree) -> None:
    """As the API server does: `stringData` becomes base64 in `data`; not while it is unknown."""
    texts = plain.get("stringData")
    if texts is None or has_unknown(texts) or has_unknown(plain.get("data")):
        return
    if not isinstance(texts, dict) or not all(isinstance(item, str) for item in texts.values()):
        return
    coded = {key: base64.b64encode(text.encode()).decode() for key, text in texts.items()}
    data: dict[str, Any] = dict(plain.get("data") or {})
    plain["data"] = {**data, **coded}
    del plain["stringData"]
