"""Renders the reference in docs/configuration.md: all of it comes from the settings' models."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from modelgate.config.schema import stack_schema

MARK: Final = "<!-- From here on the page is written by its test: pytest --update-golden -->\n"
Schema = Mapping[str, Any]


def reference() -> str:
    """A table for the stack's settings, then one for each part of them, in order of mention."""
    schema = stack_schema()
    platform = schema["properties"]["config"]["properties"]["modelgate:platform"]
    parts = {"modelgate:platform": platform}
    for name in _mentioned(platform, schema["$defs"]):
        parts[name] = schema["$defs"][name]
    return "\n".join(_table(title, part) for title, part in parts.items())


def _mentioned(part: Schema, known: Mapping[str, Schema]) -> list[str]:
    """The models that `part` leads to, each once."""
    found: dict[str, None] = {}
    queue = [*_references(part)]
    while queue:
        name = queue.pop(0)
        if name not in found:
            found[name] = None
            queue += _references(known[name])
    return [*found]


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, Mapping):
        if "$ref" in node:
            yield str(node["$ref"]).rpartition("/")[2]
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def _table(title: str, part: Schema) -> str:
    required = part.get("required", [])
    rows = [
        f"| `{name}` | {_type(field)} | {_default(field, name in required)} | {_meaning(field)} |"
        for name, field in part["properties"].items()
    ]
    heading = f"### {title}\n\n{part['description']}\n"
    return "\n".join(
        [heading, "| setting | type | default | meaning |", "|---|---|---|---|", *rows, ""]
    )


def _type(field: Schema) -> str:
    if "$ref" in field:
        name = str(field["$ref"]).rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in field:
        return " or ".join(_type(one) for one in field["anyOf"] if one != {"type": "null"})
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    kind = field.get("type", "any")
    if kind == "array":
        return f"list of {_type(field['items'])}"
    if kind == "object":
        return "mapping"
    return {"string": "text", "integer": "whole number", "boolean": "true or false"}[kind]


def _default(field: Schema, required: bool) -> str:
    if required:
        return "required"
    default = field.get("default")
    if default is None or default in ({}, []) or isinstance(default, Mapping):
        return ""
    return f"`{default}`" if isinstance(default, str) else f"`{json.dumps(default)}`"


def _meaning(field: Schema) -> str:
    return str(field.get("description", "")).replace("|", "\\|").replace("\n", " ")
