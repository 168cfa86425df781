"""A Kubernetes resource of a program is an object of the judge; what a Secret holds never is."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from modelgate.engine import scopes
from modelgate.engine.properties import SIGNATURE, UNKNOWNS
from modelgate.topology.objects import UNKNOWN, Object

STACK_TYPE: Final = "pulumi:pulumi:Stack"
SECRET_FIELDS: Final = frozenset({"data", "stringData"})


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource as an event or a state has it, with its `inputs` as JSON: secrets are masked."""

    urn: str
    type: str
    parent: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        return self.urn.rpartition("::")[2]


def kubernetes_object(token: str, name: str, inputs: dict[str, Any], source: str) -> Object:
    """The object of the resource `name` of type `token`; a Secret's `inputs` have no values."""
    api_version, kind = _group_version_kind(token, inputs)
    metadata = inputs.get("metadata")
    if not isinstance(metadata, dict):
        metadata = inputs["metadata"] = {}
    # Without a name the provider makes one up: the logical name and a random suffix.
    named = metadata.setdefault("name", UNKNOWN)
    namespace = ""
    if scopes.is_namespaced(api_version, kind):
        namespace = metadata.setdefault("namespace", "default")
    return Object(
        api_version=api_version,
        kind=kind,
        namespace=namespace if isinstance(namespace, str) else "",
        name=named if isinstance(named, str) else name,
        body=inputs,
        source=source,
    )


def is_secret(token: str, inputs: Mapping[str, Any]) -> bool:
    """Whether the resource is a Secret, however it is declared."""
    return _group_version_kind(token, inputs) == ("v1", "Secret")


def objects(resources: Iterable[Resource], file: str) -> list[Object]:
    """The Kubernetes objects among `resources`; `file` holds the settings of their stack."""
    listed = list(resources)
    by_urn = {resource.urn: resource for resource in listed}
    return [
        kubernetes_object(
            resource.type,
            resource.name,
            body(resource),
            f"{' / '.join(_path(resource, by_urn))} ({file})",
        )
        for resource in listed
        if resource.type.startswith("kubernetes:")
    ]


def resources(state: Mapping[str, Any]) -> Iterator[Resource]:
    """The resources of what `pulumi stack export` writes; those that are to be deleted are not."""
    for item in (state.get("deployment") or {}).get("resources") or ():
        if not item.get("delete") and not item.get("external"):
            inputs = item.get("inputs") or {}
            yield Resource(item["urn"], item["type"], item.get("parent") or "", inputs)


def body(resource: Resource) -> dict[str, Any]:
    """The inputs of a resource as people may see them."""
    found: dict[str, Any] = plain(resource.inputs)
    if resource.type.startswith("kubernetes:") and is_secret(resource.type, found):
        found.update({key: _keys_only(found[key]) for key in SECRET_FIELDS & found.keys()})
    return found


def plain(value: Any) -> Any:
    """JSON of an event or a state as plain data: what is secret or not yet known is UNKNOWN."""
    if isinstance(value, Mapping):
        if SIGNATURE in value:
            return UNKNOWN
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return UNKNOWN if isinstance(value, str) and value in UNKNOWNS else value


def _path(resource: Resource, by_urn: Mapping[str, Resource]) -> list[str]:
    """The components around a resource, outermost first; where there are none, itself."""
    around = list(_parents(resource, by_urn)) or [resource]
    return [f"{one.type} {one.name}" for one in reversed(around)]


def _parents(resource: Resource, by_urn: Mapping[str, Resource]) -> Iterator[Resource]:
    parent = by_urn.get(resource.parent)
    while parent is not None and parent.type != STACK_TYPE:
        yield parent
        parent = by_urn.get(parent.parent)


def _keys_only(value: Any) -> Any:
    return dict.fromkeys(value, UNKNOWN) if isinstance(value, Mapping) else UNKNOWN


def _group_version_kind(token: str, inputs: Mapping[str, Any]) -> tuple[str, str]:
    """apiVersion and kind of a resource: as written, else from `kubernetes:group/version:Kind`."""
    _, module, kind = token.split(":", 2)
    written = inputs.get("apiVersion"), inputs.get("kind")
    version = module.removeprefix("core/")
    return (
        written[0] if isinstance(written[0], str) else version,
        written[1] if isinstance(written[1], str) else kind,
    )
