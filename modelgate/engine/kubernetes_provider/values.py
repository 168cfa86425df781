"""Property values on their way through the provider: secrets stay marked, unknowns stay unknown.

A tree is JSON-like data whose leaves may be UNKNOWN and whose parts may be `Hidden` (a secret).
The wire format: pulumi/pulumi sdk/go/common/resource/plugin/rpc.go.
"""

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.struct_pb2 import ListValue, Struct, Value

from modelgate.engine.properties import HIDDEN, SIGNATURE, UNKNOWNS, number
from modelgate.topology.objects import UNKNOWN

UNKNOWN_ON_THE_WIRE = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
Tree = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Hidden:
    """A secret part of a tree; never shown."""

    value: Any = field(repr=False)


def decode(struct: Struct) -> Tree:
    """A tree from the wire."""
    return {key: _decode(value) for key, value in struct.fields.items()}


def encode(tree: Mapping[str, Any]) -> Struct:
    """A tree for the wire; parts that are None are kept as null."""
    return Struct(fields={key: _encode(value) for key, value in tree.items()})


def reveal(value: Any) -> Any:
    """Plain data without secret marks: for the API server and for comparisons, never for people."""
    if isinstance(value, Hidden):
        return reveal(value.value)
    if isinstance(value, Mapping):
        return {key: reveal(item) for key, item in value.items()}
    if isinstance(value, list):
        return [reveal(item) for item in value]
    return value


def has_hidden(value: Any) -> bool:
    """Is any part of it a secret?"""
    if isinstance(value, Hidden):
        return True
    return any(has_hidden(item) for item in _children(value))


def has_unknown(value: Any) -> bool:
    """Is any part of it not known yet?"""
    if isinstance(value, Hidden):
        return has_unknown(value.value)
    return value is UNKNOWN or any(has_unknown(item) for item in _children(value))


def mark_like(tree: Mapping[str, Any], inputs: Mapping[str, Any]) -> Tree:
    """`tree` with the secret marks of `inputs`, widened as the official plugin widens them.

    A secret in a list hides the list; one in `metadata` hides the metadata; a Secret's data always.
    """
    marked = {key: _mark(value, inputs.get(key)) for key, value in tree.items()}
    if "metadata" in marked and has_hidden(inputs.get("metadata")):
        marked["metadata"] = Hidden(reveal(marked["metadata"]))
    if tree.get("kind") == "Secret" and tree.get("apiVersion") == "v1":
        secret = {key: marked[key] for key in ("data", "stringData") if key in marked}
        marked.update({key: Hidden(reveal(value)) for key, value in secret.items()})
    return marked


def scrub(message: str, *trees: Mapping[str, Any]) -> str:
    """`message` without any secret text of `trees`: an API server quotes what it refuses."""
    texts = {text for tree in trees for text in _secret_texts(tree, hidden=False)}
    for text in sorted(texts, key=len, reverse=True):
        message = message.replace(text, "[secret]")
    return message


def _decode(value: Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        fields = value.struct_value.fields
        if SIGNATURE in fields and fields[SIGNATURE].string_value == HIDDEN:
            return Hidden(_decode(fields["value"]))
        return decode(value.struct_value)
    if kind == "list_value":
        return [_decode(item) for item in value.list_value.values]
    if kind == "number_value":
        return number(value.number_value)
    if kind == "bool_value":
        return value.bool_value
    if kind == "string_value":
        return UNKNOWN if value.string_value in UNKNOWNS else value.string_value
    return None


def _encode(value: Any) -> Value:
    if value is UNKNOWN:
        return Value(string_value=UNKNOWN_ON_THE_WIRE)
    if isinstance(value, Hidden):
        fields = {SIGNATURE: Value(string_value=HIDDEN), "value": _encode(value.value)}
        return Value(struct_value=Struct(fields=fields))
    if isinstance(value, Mapping):
        return Value(struct_value=encode(value))
    if isinstance(value, list):
        return Value(list_value=ListValue(values=[_encode(item) for item in value]))
    if value is None:
        return Value(null_value=0)
    if isinstance(value, bool):
        return Value(bool_value=value)
    if isinstance(value, int | float):
        return Value(number_value=value)
    return Value(string_value=str(value))


def _children(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return list(value.values())
    return value if isinstance(value, list) else []


def _mark(value: Any, like: Any) -> Any:
    if isinstance(like, Hidden):
        return Hidden(reveal(value))
    if isinstance(value, Hidden):
        return value
    if isinstance(value, Mapping) and isinstance(like, Mapping):
        return {key: _mark(item, like.get(key)) for key, item in value.items()}
    if isinstance(value, list) and has_hidden(like):
        return Hidden(reveal(value))
    return value


def _secret_texts(value: Any, *, hidden: bool) -> Iterator[str]:
    if isinstance(value, Hidden):
        yield from _secret_texts(value.value, hidden=True)
    elif isinstance(value, str) and hidden and len(value) > 3:
        yield value
        try:
            yield base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return
    else:
        for item in _children(value):
            yield from _secret_texts(item, hidden=hidden)
