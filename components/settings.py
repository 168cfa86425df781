"""From Pulumi's configuration to settings; API keys stay secret from the first moment."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi.runtime.config import get_config, is_config_secret

from modelgate.config import KEY, StackConfig, load
from modelgate.errors import ConfigurationError

API_KEYS = "modelgate:apiKeyValues"


class SettingsError(ConfigurationError, pulumi.RunError):
    """Wrong settings; Pulumi prints a RunError without a traceback."""


@dataclass(frozen=True, slots=True)
class StackSettings:
    """Settings of the running stack; `api_keys` holds a secret for each id."""

    config: StackConfig
    api_keys: Mapping[str, pulumi.Output[str]]


def read() -> StackSettings:
    """The running stack's settings. Raises SettingsError with place, value and what is allowed."""
    stack = pulumi.get_stack()
    where = f"Pulumi.{stack}.yaml"
    try:
        config = load(_platform(where), stack, where)
        return StackSettings(config, _api_keys(config, where))
    except ConfigurationError as error:
        raise SettingsError(error.message, error.hint) from None


def _platform(where: str) -> Mapping[str, Any]:
    if is_config_secret(KEY):
        raise ConfigurationError(
            f"{where}: {KEY} holds a secret, and its values may be shown",
            f"keep API keys in {API_KEYS}: pulumi config set --secret --path '{API_KEYS}.ID'",
        )
    return _mapping(KEY, where)


def _mapping(key: str, where: str) -> Mapping[str, Any]:
    text = get_config(key)
    if text is None:
        raise ConfigurationError(f"{where}: {key} is missing", "see docs/configuration.md")
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise ConfigurationError(f"{where}: {key} must be a mapping")
    return value


def _api_keys(config: StackConfig, where: str) -> dict[str, pulumi.Output[str]]:
    ids = [key.id for key in config.gateway.access.keys]
    values = _mapping(API_KEYS, where) if ids else {}
    missing = [one for one in ids if not isinstance(values.get(one), str) or not values[one]]
    if missing:
        raise ConfigurationError(
            f"{where}: {API_KEYS} has no value for {', '.join(missing)}",
            f"pulumi config set --secret --path '{API_KEYS}.{missing[0]}'",
        )
    return {one: pulumi.Output.secret(values[one]) for one in ids}
