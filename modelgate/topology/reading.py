"""Manifests of any origin become objects; what cannot be read is an error with file and line.

Nothing is skipped in silence: a document that is no Kubernetes object, a duplicate key, a List in
a List or a file that explodes through anchors each end the reading.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from modelgate.errors import ConfigurationError
from modelgate.topology.objects import Object

MOST_NODES = 2_000_000
MOST_DEPTH = 200


class _Loader(yaml.CSafeLoader):
    """YAML as Kubernetes reads it: no timestamps, keys are text, no key twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _ReadError("a key that is not text", key)
            if key.value in seen and key.value != "<<":
                raise _ReadError(f"the key {key.value!r} stands twice", key)
            seen.add(key.value)
            if key.tag != "tag:yaml.org,2002:merge":
                key.tag = "tag:yaml.org,2002:str"
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if not tag.endswith(":timestamp")]
    for first, found in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


class _ReadError(Exception):
    def __init__(self, message: str, node: yaml.Node) -> None:
        super().__init__(message)
        self.line = node.start_mark.line + 1


def read(text: str, file: str) -> list[Object]:
    """The objects of a YAML (or JSON) text, in order; `file` is how people know it.

    Raises ConfigurationError naming `file:line` for anything that is not a Kubernetes object.
    """
    try:
        return list(_objects(text, file))
    except _ReadError as problem:
        raise _error(f"{file}:{problem.line}: {problem}") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark else ""
        raise _error(f"{file}{line}: not YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise _error(f"{file}: not YAML: {str(error).splitlines()[0]}") from None
    except RecursionError:
        raise _error(f"{file}: nested more than {MOST_DEPTH} levels deep") from None
    except ValueError as error:
        raise _error(f"{file}: a value cannot be read: {error}") from None


def _error(message: str) -> ConfigurationError:
    return ConfigurationError(message, "give Kubernetes manifests in YAML or JSON")


def _objects(text: str, file: str) -> Iterator[Object]:
    loader = _Loader(text)
    try:
        while loader.check_node():
            node = loader.get_node()
            if node is None or (isinstance(node, yaml.ScalarNode) and not node.value):
                continue
            _bound(node)
            body = loader.construct_document(node)
            if body is not None:
                yield from _document(body, node, file)
    finally:
        loader.dispose()


def _bound(root: yaml.Node) -> None:
    """Refuses a document whose anchors make it larger than any cluster would take."""
    sizes: dict[int, int] = {}

    def size(node: yaml.Node, depth: int) -> int:
        if depth > MOST_DEPTH:
            raise _ReadError(f"nested more than {MOST_DEPTH} levels deep", node)
        if id(node) in sizes:
            return sizes[id(node)]
        sizes[id(node)] = MOST_NODES  # an anchor inside itself
        total = 1
        if isinstance(node, yaml.SequenceNode):
            total += sum(size(item, depth + 1) for item in node.value)
        elif isinstance(node, yaml.MappingNode):
            total += sum(size(value, depth + 1) + 1 for _, value in node.value)
        sizes[id(node)] = total
        if total >= MOST_NODES:
            raise _ReadError("its anchors expand to more than a cluster would take", node)
        return total

    size(root, 0)


def _document(body: Any, node: yaml.Node, file: str) -> Iterator[Object]:
    if not isinstance(body, Mapping):
        raise _ReadError(f"not a Kubernetes object but {_name(body)}", node)
    if not str(body.get("kind", "")).endswith("List") or "items" not in body:
        yield _object(body, node, file)
        return
    items = body["items"]
    if items is None:
        return
    if not isinstance(items, list):
        raise _ReadError(f"items of a {body['kind']} must be a list, not {_name(items)}", node)
    for item, place in zip(items, _item_nodes(node), strict=True):
        if isinstance(item, Mapping) and "items" in item:
            raise _ReadError("a List in a List is not read", place)
        yield _object(item, place, file)


def _item_nodes(node: yaml.Node) -> list[yaml.Node]:
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next((value.value for key, value in pairs if key.value == "items"), [])


def _object(body: Any, node: yaml.Node, file: str) -> Object:
    if not isinstance(body, Mapping):
        raise _ReadError(f"not a Kubernetes object but {_name(body)}", node)
    metadata = {} if body.get("metadata") is None else body["metadata"]
    if not isinstance(metadata, Mapping):
        raise _ReadError(f"metadata must be a mapping, not {_name(metadata)}", node)
    given = {key: value for key, value in metadata.items() if value is not None}
    name = given.get("name", given.get("generateName", ""))
    return Object(
        api_version=_text(body.get("apiVersion"), "apiVersion", node),
        kind=_text(body.get("kind"), "kind", node),
        namespace=_text(given.get("namespace", ""), "metadata.namespace", node),
        name=_text(name, "metadata.name", node),
        body=body,
        source=f"{file}:{node.start_mark.line + 1}",
    )


def _text(value: Any, field: str, node: yaml.Node) -> str:
    if value is None:
        raise _ReadError(f"not a Kubernetes object: {field} is missing", node)
    if not isinstance(value, str):
        raise _ReadError(f"{field} must be text, not {_name(value)}", node)
    return value


def _name(value: Any) -> str:
    names = {dict: "a mapping", list: "a list", str: "text", bool: "a boolean", int: "a number"}
    return names.get(type(value), "null" if value is None else "a number")
