"""What every settings model shares: frozen, strict, no unknown fields, names checked on reading.

Stack files write `camelCase`, Python programs `snake_case`. A checked text says in words what is
allowed; the pattern beside it is for editors.
"""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

_LABEL = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
_SUBDOMAIN = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
_DURATION = r"^([0-9]{1,5}(h|m|s|ms)){1,4}$"
_VERSION = r"^v?[0-9]+(\.[0-9]+){0,3}([-+].*)?$"
_VERSION_OR_DETECT = r"^(detect|v?[0-9]+(\.[0-9]+){0,3}([-+].*)?)$"

DETECT = "detect"
"""Instead of a version: what the cluster says when the program runs."""


class Settings(BaseModel):
    """Base of all settings: immutable values, no coercion, no unknown field."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_alias=True,
        validate_by_name=True,
        use_attribute_docstrings=True,
    )


def _label(value: str) -> str:
    if len(value) > 63 or not re.fullmatch(_LABEL, value):
        raise ValueError("must be lower-case letters, digits and dashes, at most 63")
    return value


def _subdomain(value: str) -> str:
    if len(value) > 253 or not re.fullmatch(_SUBDOMAIN, value):
        raise ValueError("must be lower-case letters, digits, dashes and dots, at most 253")
    return value


def _hostname(value: str) -> str:
    if value.startswith("*"):
        raise ValueError(
            "must not be a wildcard: Kuadrant's filter cuts a host at its first colon, Envoy at "
            "its last, so `Host: x:a.apps.example.com:1` would pass without credentials"
        )
    if "." not in value or len(value) > 253 or not re.fullmatch(_SUBDOMAIN, value):
        raise ValueError("must be a full, lower-case DNS name such as maas.example.com")
    return value


def _window(value: str) -> str:
    if not re.fullmatch(_DURATION, value):
        raise ValueError("must be a duration such as 1m, 2h or 30s")
    return value


def _version(value: str) -> str:
    if not re.fullmatch(_VERSION, value):
        raise ValueError("must be a version such as 1.28.5")
    return value


def _version_or_detect(value: str) -> str:
    if not re.fullmatch(_VERSION_OR_DETECT, value):
        raise ValueError(f"must be a version such as 1.28.5, or {DETECT}")
    return value


def _literal(value: Any) -> Any:
    """KServe runs every text of a service through Go's template engine."""
    if "{{" in str(value):
        raise ValueError("must not contain `{{`: KServe would run it as a template")
    return value


def _pattern(pattern: str) -> Any:
    return Field(json_schema_extra={"pattern": pattern})


Label = Annotated[str, AfterValidator(_label), _pattern(_LABEL)]
"""A DNS label: a namespace, a tier, a model's name."""

Name = Annotated[str, AfterValidator(_subdomain), _pattern(_SUBDOMAIN)]
"""A Kubernetes object's name."""

Hostname = Annotated[str, AfterValidator(_hostname), _pattern(_SUBDOMAIN)]
"""An exact, fully qualified DNS name."""

Window = Annotated[str, AfterValidator(_window), _pattern(_DURATION)]
"""A length of time as Kuadrant writes it."""

VersionText = Annotated[str, AfterValidator(_version), _pattern(_VERSION)]
"""A version, quoted in YAML."""

VersionOrDetect = Annotated[str, AfterValidator(_version_or_detect), _pattern(_VERSION_OR_DETECT)]
"""A version, or `detect`."""

Text = Annotated[str, Field(min_length=1), AfterValidator(_literal)]
"""Any text that is not empty and not a Go template."""

Manifest = Annotated[dict[str, Any], AfterValidator(_literal)]
"""A piece of a Kubernetes object, passed through as it is."""
