"""Pulumi property values as plain data: what is unknown or secret is UNKNOWN, never a value.

The wire format: pulumi/pulumi sdk/go/common/resource/plugin/rpc.go and sdk/python rpc.py.
"""

from typing import Any

from google.protobuf.struct_pb2 import Struct, Value

from modelgate.topology.objects import UNKNOWN

SIGNATURE = "4dabf18193072939515e22adb298388d"
HIDDEN = "1b47061264138c4ac30d75fd1eb44270"
OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
UNKNOWNS = frozenset(
    {
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # bool
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",  # string
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    }
)


def plain(properties: Struct, seal: str = "") -> dict[str, Any]:
    """`properties` as JSON-like data; strings that contain `seal` are secrets."""
    return {key: _value(item, seal) for key, item in properties.fields.items()}


def keys_only(value: Value) -> Any:
    """The keys of a map, secret or not, each with UNKNOWN: a Secret's data without the data."""
    if value.WhichOneof("kind") != "struct_value":
        return UNKNOWN
    fields = value.struct_value.fields
    if SIGNATURE in fields:
        return keys_only(fields["value"])
    return dict.fromkeys(fields, UNKNOWN)


def number(value: float) -> int | float:
    """Whole numbers as integers: the wire knows only doubles, Kubernetes wants `replicas: 2`."""
    return int(value) if value.is_integer() else value


def _value(value: Value, seal: str) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return _struct(value.struct_value, seal)
    if kind == "list_value":
        return [_value(item, seal) for item in value.list_value.values]
    if kind == "number_value":
        return number(value.number_value)
    if kind == "bool_value":
        return value.bool_value
    if kind == "string_value":
        text = value.string_value
        return UNKNOWN if text in UNKNOWNS or (seal and seal in text) else text
    return None


def _struct(struct: Struct, seal: str) -> Any:
    if SIGNATURE in struct.fields:
        return _special(struct, seal)
    return plain(struct, seal)


def _special(struct: Struct, seal: str) -> Any:
    """An output with a known, public value is that value; secrets, assets, references are not."""
    fields = struct.fields
    is_output = fields[SIGNATURE].string_value == OUTPUT
    if is_output and "value" in fields and not fields["secret"].bool_value:
        return _value(fields["value"], seal)
    return UNKNOWN
