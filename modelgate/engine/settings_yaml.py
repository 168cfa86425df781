"""Settings mean here what they mean to Pulumi: `no` is a word, 12:30:00 is no number.

Pulumi reads YAML with gopkg.in/yaml.v3 (resolve.go), PyYAML by older rules. Dates become texts.
"""

import datetime as dt
import re
from pathlib import Path
from typing import Any

import yaml

from modelgate.errors import ConfigurationError

_OCTAL = re.compile(r"[-+]?0[0-7]+")


class _Loader(yaml.SafeLoader):
    """The scalars of yaml.v3."""


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("merge", r"<<", "<"),
    (
        "timestamp",
        r"\d{4}-\d\d?-\d\d?([Tt ]\s*\d\d?:\d\d?:\d\d?(\.\d+)?\s*(Z|[-+]\d\d?(:\d\d)?)?)?",
        "0123456789",
    ),
    ("int", r"[-+]?(0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|0|[1-9][0-9_]*)", "-+0123456789"),
    ("float", r"[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?", "-+.0123456789"),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), list(_first)
    )


def _integer(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    text = loader.construct_scalar(node).replace("_", "")
    return int(text, 8 if _OCTAL.fullmatch(text) else 0)


def _number(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int | float:
    value = float(loader.construct_scalar(node))
    return int(value) if value.is_integer() and abs(value) < 1e21 else value


def _moment(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> str:
    value = loader.construct_yaml_timestamp(node)
    if not isinstance(value, dt.datetime):
        value = dt.datetime(value.year, value.month, value.day, tzinfo=dt.UTC)
    return f"{value:%Y-%m-%d %H:%M:%S} +0000 UTC"


_Loader.add_constructor("tag:yaml.org,2002:int", _integer)
_Loader.add_constructor("tag:yaml.org,2002:float", _number)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _moment)


def read_mapping(path: Path) -> dict[str, Any]:
    """The mapping in a settings file; empty for an empty file. Raises ConfigurationError."""
    try:
        loader = _Loader(path.read_text(encoding="utf-8"))
        try:
            data = loader.get_single_data()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = f":{mark.line + 1}" if mark else ""
        raise ConfigurationError(f"{path}{line}: not valid YAML: {error.problem}") from None
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from None
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise ConfigurationError(f"{path}: expected a mapping, found {type(data).__name__}")
    return data
