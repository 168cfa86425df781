"""How an object is named, and what the engine keeps of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from modelgate.engine.kubernetes_provider.values import Tree, mark_like, reveal

INPUTS, MANAGER, API_VERSION = "__inputs", "__fieldManager", "__initialApiVersion"
INTERNAL = (INPUTS, MANAGER, API_VERSION)


@dataclass(frozen=True, slots=True)
class Target:
    """Which object: taken from inputs or state."""

    api_version: str
    kind: str
    namespace: str
    name: str

    @classmethod
    def of(cls, tree: Mapping[str, Any]) -> "Target":
        plain = reveal(tree)
        metadata = plain.get("metadata") or {}
        return cls(
            str(plain.get("apiVersion")),
            str(plain.get("kind")),
            str(metadata.get("namespace") or ""),
            str(metadata.get("name") or ""),
        )

    @property
    def id(self) -> str:
        return f"{self.namespace}/{self.name}" if self.namespace else self.name

    @classmethod
    def named(cls, token: str, identifier: str) -> "Target":
        """From a resource type and an id, `namespace/name` or `name`."""
        _, module, kind = token.split(":", 2)
        namespace, _, name = identifier.rpartition("/")
        return cls(module.removeprefix("core/"), kind, namespace, name)

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


def state(live: Mapping[str, Any], inputs: Tree, manager: str) -> Tree:
    """What the engine keeps of an object."""
    kept = mark_like(live, inputs)
    return {
        **kept,
        INPUTS: inputs,
        MANAGER: manager,
        API_VERSION: reveal(inputs).get("apiVersion"),
    }


def external(tree: Tree) -> Tree:
    """A state without what the plugin keeps for itself."""
    return {key: value for key, value in tree.items() if key not in INTERNAL}
