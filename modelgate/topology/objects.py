"""Kubernetes objects as the judge sees them: plain data, whatever they were read from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, final


@final
class Unknown:
    """A leaf whose value is not known at preview. Equal to nothing but itself."""

    _instance: "Unknown | None" = None

    def __new__(cls) -> "Unknown":
        if cls._instance is None:
            cls._instance = super().__new__(cls)
        return cls._instance

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __bool__(self) -> bool:
        raise TypeError("an UNKNOWN value has no truth; test for it with `is UNKNOWN`")


UNKNOWN: Final = Unknown()


def group_of(api_version: str) -> str:
    """The API group of an apiVersion; empty for the core group."""
    return api_version.rpartition("/")[0]


@dataclass(frozen=True, slots=True, eq=False)
class Object:
    """One object of a cluster, a stack or a file.

    `body` is JSON-like data with UNKNOWN leaves; nothing may change it.
    `source` says where a person finds it: `file:line`, or component and configuration path.
    `derived_from` names the object from which a controller will make this one
    (`LLMInferenceService ns/name`); empty for declared objects.
    """

    api_version: str
    kind: str
    namespace: str
    name: str
    body: Mapping[str, Any] = field(repr=False)
    source: str = ""
    derived_from: str = ""

    @property
    def group(self) -> str:
        return group_of(self.api_version)

    @property
    def ref(self) -> str:
        """`Kind ns/name`, the form in which people are told about an object."""
        path = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.kind} {path}"

    @property
    def metadata(self) -> Mapping[str, Any]:
        value = self.body.get("metadata")
        return value if isinstance(value, Mapping) else {}

    @property
    def spec(self) -> Mapping[str, Any]:
        value = self.body.get("spec")
        return value if isinstance(value, Mapping) else {}
