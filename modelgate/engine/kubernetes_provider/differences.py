"""Diff: what an update would change, and whether the object must be replaced."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from modelgate.engine.kubernetes_provider.inputs import AUTONAMED
from modelgate.engine.kubernetes_provider.values import Tree, reveal

ADD, UPDATE, DELETE = "add", "update", "delete"
Path = tuple[str | int, ...]
IDENTITY: tuple[Path, ...] = (("metadata", "name"), ("metadata", "namespace"))
# What the API server does not let change, or what the official plugin rolls out by replacement.
REPLACED: Mapping[tuple[str, str], tuple[Path, ...]] = {
    ("v1", "ConfigMap"): (("data",), ("binaryData",)),
    ("v1", "Secret"): (("data",), ("stringData",), ("type",)),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"): (("roleRef",),),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"): (("roleRef",),),
}


@dataclass(frozen=True, slots=True)
class Change:
    """One property that differs: `kind` is add, update or delete."""

    path: Path
    kind: str
    replaces: bool

    @property
    def text(self) -> str:
        """The path in Pulumi's notation: `spec.listeners[0].tls["a.b"]`."""
        return path_text(self.path)


@dataclass(frozen=True, slots=True)
class Difference:
    """All changes of one object."""

    changes: tuple[Change, ...]
    delete_before_replace: bool


def difference(state: Tree, old_inputs: Tree, news: Tree, mutable: frozenset[str]) -> Difference:
    """The last known state, pruned to the shape of the old inputs, against the new inputs.

    `mutable` names kinds whose data is updated in place (`enableSecretMutable`, ...).
    """
    live = pruned(reveal(state), reveal(old_inputs))
    new = reveal(news)
    immutable = [*IDENTITY]
    kind = str(new.get("kind"))
    if kind not in mutable:
        immutable += REPLACED.get((str(new.get("apiVersion")), kind), ())
    changes = tuple(
        Change(path, what, any(path[: len(fixed)] == fixed for fixed in immutable))
        for path, what in _compare(live, new, ())
    )
    replaced = any(change.replaces for change in changes)
    return Difference(changes, replaced and _takes_the_same_place(live, new))


def path_text(path: Path) -> str:
    """A property path in Pulumi's notation."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part.replace("-", "_").isidentifier():
            text += f".{part}" if text else part
        else:
            text += f'["{part}"]'
    return text


def _takes_the_same_place(live: Tree, new: Tree) -> bool:
    old_metadata, metadata = live.get("metadata") or {}, new.get("metadata") or {}
    autonamed = (metadata.get("annotations") or {}).get(AUTONAMED) == "true"
    same = all(old_metadata.get(key) == metadata.get(key) for key in ("name", "namespace"))
    return same and not autonamed


def pruned(live: Any, shape: Any) -> Any:
    """`live` without what `shape` does not mention; elements of lists are matched by position."""
    if isinstance(live, Mapping) and isinstance(shape, Mapping):
        return {key: pruned(live[key], shape[key]) for key in shape if key in live}
    if isinstance(live, list) and isinstance(shape, list):
        kept = [pruned(item, like) for item, like in zip(live, shape, strict=False)]
        return kept + live[len(shape) :]
    return live


def _compare(old: Any, new: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Every difference below `path`; null is the same as absent, as for the API server."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted(old.keys() | new.keys()):
            yield from _compare(old.get(key), new.get(key), (*path, key))
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            one = old[index] if index < len(old) else None
            other = new[index] if index < len(new) else None
            yield from _compare(one, other, (*path, index))
    elif old is None and new is not None:
        yield path, ADD
    elif new is None and old is not None:
        yield path, DELETE
    elif old != new or isinstance(old, bool) != isinstance(new, bool):
        yield path, UPDATE
