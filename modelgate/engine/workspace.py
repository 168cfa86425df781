"""Where runs keep their things: `.modelgate/`, so that a committed file is never written.

The command line writes a salt into the settings of a stack; it gets copies to write into. A stack's
state belongs to the user: where PULUMI_BACKEND_URL or Pulumi.yaml says.
"""

import hashlib
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from modelgate.engine.project import Project
from modelgate.errors import ConfigurationError

FOLDER = ".modelgate"
PASSPHRASE, PASSPHRASE_FILE = "PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"
SALT = "encryptionsalt"
NOT_COPIED = ("main", "config", "stackConfigDir", "backend")
CLOUD = ("https://", "http://")


@dataclass(frozen=True, slots=True)
class Workspace:
    """What the command line gets for one stack.

    `store` is the folder of the local state, None where the user's own backend holds it.
    `owner` is a text that all runs with the same state share, and no others.
    """

    folder: Path
    home: Path
    store: Path | None
    owner: str
    env: dict[str, str] = field(repr=False)


def prepare(
    project: Project, stack: str, state: Path, context: str, say: Callable[[str], None]
) -> Workspace:
    """Make the folders, copies and variables for `stack`; `state` is the `.modelgate` folder.

    Raises ConfigurationError.
    """
    backend = os.environ.get("PULUMI_BACKEND_URL") or _own_backend(project)
    local = not backend
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = state / "work" / stack.replace("/", "-")
    folder.mkdir(parents=True, exist_ok=True)
    settings = _copy_settings(project, stack, folder, context)
    env = {"PULUMI_SKIP_UPDATE_CHECK": "true", "PULUMI_DISABLE_REGISTRY_RESOLVE": "true"}
    store = state / "state" if local else None
    if store:
        store.mkdir(mode=0o700, exist_ok=True)
        backend = store.as_uri()
    env["PULUMI_BACKEND_URL"] = backend
    home = _home(state, backend)
    env["PULUMI_HOME"] = str(home)
    env.update(_passphrase(project.stack_file(stack), settings, state, backend, local, say))
    owner = _secret_file(state / "owner") if local else hashlib.sha256(backend.encode()).hexdigest()
    return Workspace(folder=folder, home=home, store=store, owner=owner, env=env)


def users_home() -> Path:
    """The user's own PULUMI_HOME."""
    return Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")


def _own_backend(project: Project) -> str:
    backend = project.settings.get("backend")
    return str(backend.get("url") or "") if isinstance(backend, dict) else ""


def _home(state: Path, backend: str) -> Path:
    """Credentials of Pulumi Cloud are in the user's own PULUMI_HOME; nothing else needs it."""
    if backend.startswith(CLOUD):
        return users_home()
    home = state / "pulumi"
    home.mkdir(mode=0o700, exist_ok=True)
    return home


def _copy_settings(project: Project, stack: str, folder: Path, context: str) -> dict[str, Any]:
    """Copies of Pulumi.yaml and of the stack's settings; a salt that was made before is kept."""
    kept = {key: value for key, value in project.settings.items() if key not in NOT_COPIED}
    config = project.settings.get("config")
    if isinstance(config, dict):
        kept["config"] = config
    _write(folder / "Pulumi.yaml", kept)
    source = project.stack_file(stack)
    settings: dict[str, Any] = yaml.safe_load(source.read_text(encoding="utf-8")) or {}
    copy = folder / f"Pulumi.{stack.rpartition('/')[2]}.yaml"
    if copy.is_file() and SALT not in settings:
        before = yaml.safe_load(copy.read_text(encoding="utf-8")) or {}
        settings = {**{key: before[key] for key in (SALT,) if key in before}, **settings}
    if context:
        values = settings.get("config") or {}
        settings = {**settings, "config": {**values, "kubernetes:context": context}}
    _write(copy, settings)
    return settings


def _write(path: Path, data: object) -> None:
    path.write_text(yaml.safe_dump(data, sort_keys=False, allow_unicode=True), encoding="utf-8")


def _passphrase(
    source: Path,
    settings: dict[str, Any],
    state: Path,
    backend: str,
    local: bool,
    say: Callable[[str], None],
) -> dict[str, str]:
    """The variables that open the stack's secrets; what the user has set is left alone."""
    elsewhere = settings.get("secretsprovider", "passphrase") != "passphrase"
    if PASSPHRASE in os.environ or PASSPHRASE_FILE in os.environ:
        return {}
    if elsewhere or backend.startswith(CLOUD):
        return {}
    committed = yaml.safe_load(source.read_text(encoding="utf-8")) or {}
    if not local or SALT in committed:
        raise ConfigurationError(
            f"{source.name} and the stack's state are encrypted with a passphrase that is not set",
            f"set {PASSPHRASE} or {PASSPHRASE_FILE}",
        )
    file = state / "passphrase"
    if not file.exists():
        say(f"secrets in the local state are encrypted with a new passphrase, kept in {file}")
    _secret_file(file)
    return {PASSPHRASE_FILE: str(file)}


def _secret_file(path: Path) -> str:
    """The text in `path`, for its owner's eyes only; made up where there is none."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="utf-8")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text := secrets.token_hex(32))
    return text
