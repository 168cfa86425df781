"""A Pulumi project on disk, read without Pulumi: nothing that is encrypted is ever decrypted.

The files' own rules: pulumi/pulumi sdk/go/common/workspace (project.go, paths.go).
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modelgate.engine.settings_yaml import read_mapping
from modelgate.errors import ConfigurationError
from modelgate.topology.objects import UNKNOWN

EXTENSIONS = (".yaml", ".yml", ".json")


@dataclass(frozen=True, slots=True)
class Project:
    """Pulumi.yaml: where the program is and what it asks of the engine."""

    root: Path
    name: str
    main: Path
    stack_dir: Path
    required_pulumi_version: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def stacks(self) -> list[str]:
        """The names of the stacks that have a settings file, sorted."""
        found = {
            path.name[len("Pulumi.") : -len(extension)]
            for extension in EXTENSIONS
            for path in self.stack_dir.glob(f"Pulumi.?*{extension}")
        }
        return sorted(found)

    def stack_file(self, stack: str) -> Path:
        """The settings file of `stack` (a plain name, or `organization/project/stack`).

        Raises ConfigurationError naming the stacks there are.
        """
        name = stack.rpartition("/")[2]
        for extension in EXTENSIONS:
            path = self.stack_dir / f"Pulumi.{name}{extension}"
            if path.is_file():
                return path
        known = ", ".join(self.stacks()) or "none"
        raise ConfigurationError(
            f"there is no stack `{stack}` in {self.root}: Pulumi.{name}.yaml does not exist",
            f"the stacks here are: {known}",
        )


@dataclass(frozen=True, slots=True)
class StackConfig:
    """The configuration of one stack.

    `values`: full key (`project:name`) to plain data, UNKNOWN where it is encrypted.
    `program`: what the program gets: strings, structured values as JSON, encrypted leaves as
    `seal`, a text made up for this one reading that stands for every secret. `elsewhere`: more
    of it comes from Pulumi ESC.
    """

    values: Mapping[str, Any]
    program: Mapping[str, str]
    secret_keys: frozenset[str]
    seal: str
    elsewhere: bool = False


def read_project(root: Path) -> Project:
    """Read Pulumi.yaml in `root`. Raises ConfigurationError."""
    root = root.resolve()
    for extension in EXTENSIONS:
        path = root / f"Pulumi{extension}"
        if path.is_file():
            settings = read_mapping(path)
            break
    else:
        raise ConfigurationError(
            f"there is no Pulumi project in {root}: Pulumi.yaml does not exist",
            "run this in the folder that holds Pulumi.yaml",
        )
    name = settings.get("name")
    if not isinstance(name, str) or not name:
        raise ConfigurationError(f"{path}: `name` is missing", "name the project: `name: maas`")
    config = settings.get("config")
    stack_dir = config if isinstance(config, str) else settings.get("stackConfigDir") or "."
    return Project(
        root=root,
        name=name,
        main=_main_file(root, str(settings.get("main") or ".")),
        stack_dir=root / str(stack_dir),
        required_pulumi_version=str(settings.get("requiredPulumiVersion") or ""),
        settings=settings,
    )


def read_stack(project: Project, stack: str) -> StackConfig:
    """Read the configuration of `stack`, project defaults included. Raises ConfigurationError."""
    path = project.stack_file(stack)
    settings = read_mapping(path)
    raw = {**_project_defaults(project), **_stack_values(path, settings, project.name)}
    seal = f"modelgate-sealed-{secrets.token_hex(24)}"
    return StackConfig(
        values={key: _replace_secure(value, UNKNOWN) for key, value in raw.items()},
        program={key: _as_text(_replace_secure(value, seal)) for key, value in raw.items()},
        secret_keys=frozenset(key for key, value in raw.items() if _has_secure(value)),
        seal=seal,
        elsewhere=bool(settings.get("environment")),
    )


def _main_file(root: Path, main: str) -> Path:
    path = (root / main).resolve()
    return path / "__main__.py" if path.is_dir() else path


def _project_defaults(project: Project) -> dict[str, Any]:
    config = project.settings.get("config")
    if not isinstance(config, Mapping):
        return {}
    defaults = {}
    for key, entry in config.items():
        value = entry.get("value", entry.get("default")) if isinstance(entry, Mapping) else entry
        if value is not None:
            defaults[_full_key(str(key), project.name)] = value
    return defaults


def _stack_values(path: Path, settings: Mapping[str, Any], project: str) -> dict[str, Any]:
    config = settings.get("config") or {}
    if not isinstance(config, Mapping):
        raise ConfigurationError(f"{path}: `config` must be a mapping")
    return {
        _full_key(str(key), project): "" if value is None else value
        for key, value in config.items()
    }


def _full_key(key: str, project: str) -> str:
    return key if ":" in key else f"{project}:{key}"


def _is_secure(value: Any) -> bool:
    return isinstance(value, Mapping) and list(value) == ["secure"]


def _has_secure(value: Any) -> bool:
    if isinstance(value, Mapping):
        return _is_secure(value) or any(_has_secure(item) for item in value.values())
    return isinstance(value, list) and any(_has_secure(item) for item in value)


def _replace_secure(value: Any, replacement: Any) -> Any:
    if _is_secure(value):
        return replacement
    if isinstance(value, Mapping):
        return {str(key): _replace_secure(item, replacement) for key, item in value.items()}
    if isinstance(value, list):
        return [_replace_secure(item, replacement) for item in value]
    return value


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
