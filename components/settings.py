"""From Pulumi's configuration to settings; API keys stay secret from the first moment."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi.runtime.config import get_config, is_config_secret

from components.detected import settled
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
        config = settled(load(_platform(where), stack, where), where)
        return StackSettings(config, _api_keys(config, where))
    except ConfigurationError as error:
        raise SettingsError(error.message, error.hint) from None


def _platform(where: str) -> Mapping[str, Any]:
    if is_config_secret(KEY):
        raise ConfigurationError(
            f"{where}: {KEY} holds a secret, and its values may be shown",
            f"keep API keys in {API_KEYS}: pulumi config set --secret --path '{API_KEYS}.ID'",
        )
    text = get_config(KEY)
    if text is None:
        raise ConfigurationError(
            f"{where}: {KEY} is missing", "docs/configuration.md has ten lines to start from"
        )
    value = _parsed(text)
    if value is None:
        raise ConfigurationError(f"{where}: {KEY} must be a mapping")
    return value


def _parsed(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _api_keys(config: StackConfig, where: str) -> dict[str, pulumi.Output[str]]:
    ids = [key.id for key in config.gateway.access.keys]
    if not ids:
        return {}
    values = _parsed(get_config(API_KEYS) or "{}")
    if values is None:
        raise ConfigurationError(
            f"{where}: {API_KEYS} must be a mapping whose values are encrypted one by one",
            f"pulumi config set --secret --path '{API_KEYS}.{ids[0]}'",
        )
    if values and not is_config_secret(API_KEYS):
        raise ConfigurationError(
            f"{where}: {API_KEYS} is not encrypted",
            f"take it out, make new keys, and pulumi config set --secret --path '{API_KEYS}.ID'",
        )
    missing = [one for one in ids if not isinstance(values.get(one), str) or not values[one]]
    if missing:
        raise ConfigurationError(
            f"{where}: {API_KEYS} has no value for {', '.join(missing)}",
            f"pulumi config set --secret --path '{API_KEYS}.{missing[0]}'",
        )
    return {one: pulumi.Output.secret(values[one]) for one in ids}
