"""The pack's own configuration: what is production, what is exempt, which versions run.

It belongs to the pack and not to the stack, so that a stack cannot call itself harmless.
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from modelgate.config.load import load
from modelgate.environments import THIS_REPOSITORY, is_production
from modelgate.errors import ConfigurationError
from modelgate.topology import Exemption, Settings
from modelgate.topology.settings import ISTIO_CONTROLLERS
from policies.judgement import Suppression

Text = Annotated[str, Field(min_length=1)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)


class PackExemption(_Model):
    """A door that is open on purpose: a shell pattern over the door's name, and who answers."""

    door: Text
    reason: Text
    owner: Text
    until: date


class PackSuppression(_Model):
    """A finding that is accepted for a time; `resource` is a shell pattern."""

    rule: Text
    resource: Text
    reason: Text
    until: date


class PackSettings(_Model):
    """Everything that `--policy-pack-config` may say to this pack."""

    non_production: tuple[Text, ...] = THIS_REPOSITORY
    """Stack names (shell patterns) that are not production; every other stack is."""

    exemptions: tuple[PackExemption, ...] = ()
    suppressions: tuple[PackSuppression, ...] = ()
    harmless: tuple[Text, ...] = ()
    """Backends that serve no model, as `Service ns/name`."""

    versions: dict[str, Text] = {}
    """Versions that the stack does not state, by the version table's names."""

    controllers: tuple[Text, ...] = ISTIO_CONTROLLERS
    """Gateway controllers that Kuadrant serves on this cluster."""

    def judged(self, stack: str, stated: Mapping[str, str], today: date) -> Settings:
        """How to judge `stack`, which states the versions `stated`."""
        return Settings(
            environment="production"
            if is_production(stack, self.non_production)
            else "non-production",
            assume={**self.versions, **stated},
            exemptions=tuple(
                Exemption(item.door, item.reason, item.owner, item.until)
                for item in self.exemptions
            ),
            today=today,
            harmless=frozenset(self.harmless),
            controllers=self.controllers,
            installed=True,
        )

    @property
    def accepted(self) -> tuple[Suppression, ...]:
        return tuple(
            Suppression(item.rule, item.resource, item.reason, item.until)
            for item in self.suppressions
        )


def read(raw: Mapping[str, Any]) -> PackSettings:
    """The pack's configuration. Raises ConfigurationError with the place and what is allowed."""
    try:
        return PackSettings.model_validate(dict(raw))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigurationError(
            f"policy pack configuration, {where}: {first['msg']}",
            f"it takes {', '.join(schema())}",
        ) from None


def schema() -> dict[str, dict[str, Any]]:
    """The JSON schema of the configuration, a property each, for Pulumi to check first."""
    made = PackSettings.model_json_schema()
    definitions = made.get("$defs", {})
    return {name: _inlined(item, definitions) for name, item in made["properties"].items()}


def _inlined(node: Any, definitions: Mapping[str, Any]) -> Any:
    if isinstance(node, Mapping):
        if "$ref" in node:
            return _inlined(definitions[str(node["$ref"]).rpartition("/")[2]], definitions)
        return {
            key: _inlined(value, definitions) for key, value in node.items() if key != "default"
        }
    return [_inlined(item, definitions) for item in node] if isinstance(node, list) else node


def stated_versions(platform: str) -> dict[str, str]:
    """Versions in a stack's `modelgate:platform` (JSON text); empty for another program's stack."""
    if not platform:
        return {}
    try:
        raw = TypeAdapter(dict[str, Any]).validate_json(platform)
        return dict(load(raw, "", "modelgate:platform", ("*",)).assumptions)
    except (ConfigurationError, ValidationError):
        return {}
