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

import yaml

from modelgate.engine.project import Project
from modelgate.engine.settings_yaml import read_mapping
from modelgate.errors import ConfigurationError

FOLDER = ".modelgate"
PASSPHRASE, PASSPHRASE_FILE = "PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"
SALT = "encryptionsalt"
NOT_COPIED = ("main", "config", "stackConfigDir", "backend")
CLOUD, RELATIVE = ("https://", "http://"), ("file://./", "file://../")


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


def prepare(project: Project, stack: str, state: Path, say: Callable[[str], None]) -> Workspace:
    """Make the folders, copies and variables for `stack`; `state` is the `.modelgate` folder.

    Raises ConfigurationError.
    """
    backend = os.environ.get("PULUMI_BACKEND_URL") or _own_backend(project)
    local = not backend
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = state / "work" / stack.replace("/", "-")
    folder.mkdir(parents=True, exist_ok=True)
    salted = _copy_settings(project, stack, folder)
    env = {"PULUMI_SKIP_UPDATE_CHECK": "true", "PULUMI_DISABLE_REGISTRY_RESOLVE": "true"}
    store = state / "state" if local else None
    if store:
        store.mkdir(mode=0o700, exist_ok=True)
        backend = store.as_uri()
    env["PULUMI_BACKEND_URL"] = backend
    home = _home(state, backend)
    env["PULUMI_HOME"] = str(home)
    own = local and not salted
    env.update(_passphrase(project.stack_file(stack), state, backend, own, say))
    owner = _secret_file(state / "owner") if local else hashlib.sha256(backend.encode()).hexdigest()
    return Workspace(folder=folder, home=home, store=store, owner=owner, env=env)


def users_home() -> Path:
    """The user's own PULUMI_HOME."""
    return Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")


def _own_backend(project: Project) -> str:
    backend = project.settings.get("backend")
    url = str(backend.get("url") or "") if isinstance(backend, dict) else ""
    if url.startswith(RELATIVE):  # relative to Pulumi.yaml, of which the command line gets a copy
        return (project.root / url.removeprefix("file://")).resolve().as_uri()
    return url


def _home(state: Path, backend: str) -> Path:
    """Credentials of Pulumi Cloud are in the user's own PULUMI_HOME; nothing else needs it."""
    if backend.startswith(CLOUD):
        return users_home()
    home = state / "pulumi"
    home.mkdir(mode=0o700, exist_ok=True)
    return home


def _copy_settings(project: Project, stack: str, folder: Path) -> bool:
    """Copies of Pulumi.yaml and of the stack's settings; a salt that was made before is kept.

    True where the stack's own settings hold a salt.
    """
    kept = {key: value for key, value in project.settings.items() if key not in NOT_COPIED}
    config = project.settings.get("config")
    if isinstance(config, dict):
        kept["config"] = config
    text = yaml.safe_dump(kept, sort_keys=False, allow_unicode=True)
    (folder / "Pulumi.yaml").write_text(text, encoding="utf-8")
    source = project.stack_file(stack)
    copy = folder / f"Pulumi.{stack.rpartition('/')[2]}{source.suffix}"
    text, salted = source.read_text(encoding="utf-8"), SALT in read_mapping(source)
    if copy.is_file() and not salted:
        salt = read_mapping(copy).get(SALT)
        text += f"\n{SALT}: {salt}\n" if salt else ""
    copy.write_text(text, encoding="utf-8")
    return salted


def _passphrase(
    source: Path, state: Path, backend: str, own: bool, say: Callable[[str], None]
) -> dict[str, str]:
    """The variables that open the stack's secrets; what the user has set is left alone.

    `own`: nothing is encrypted yet with a passphrase that only the user knows.
    """
    elsewhere = read_mapping(source).get("secretsprovider", "passphrase") != "passphrase"
    if PASSPHRASE in os.environ or PASSPHRASE_FILE in os.environ:
        return {}
    if elsewhere or backend.startswith(CLOUD):
        return {}
    if not own:
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
