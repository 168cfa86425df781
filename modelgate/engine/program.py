"""A user's program runs as if it had the process to itself, and leaves no trace behind.

`pulumi` starts a process per run; here several runs share one, so modules of the program,
`sys.path`, the working folder and standard output are put back afterwards.
"""

import contextlib
import json
import os
import runpy
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pulumi
from pulumi.runtime.config import get_config

from modelgate.engine.project import Project, StackConfig
from modelgate.errors import ConfigurationError, ModelgateError
from modelgate.topology.objects import UNKNOWN

OWN_PACKAGE = "modelgate"
SECRETS_STAY_SHUT = (
    "encrypted values stay encrypted here: a made-up text stands for each of them; encrypt the "
    "leaves of a structure (`pulumi config set --secret --path KEY.leaf`), not the whole"
)


def require_main(project: Project) -> None:
    """Raises ConfigurationError when the program is not there or not Python."""
    runtime = project.settings.get("runtime")
    name = runtime.get("name") if isinstance(runtime, dict) else runtime
    if name != "python":
        raise ConfigurationError(
            f"{project.root}: the program's runtime is `{name}`; only `python` can be run here"
        )
    if not project.main.is_file():
        raise ConfigurationError(
            f"there is no program in {project.root}: {project.main.name} does not exist",
            "write it, or name it with `main` in Pulumi.yaml",
        )


def run_main(project: Project) -> None:
    """Run the program's main file; to be called inside `isolated`."""
    runpy.run_path(str(project.main), run_name="__main__")


@contextlib.contextmanager
def isolated(project: Project) -> Iterator[None]:
    """The program's surroundings: its folder first on `sys.path` and as working folder.

    What it prints goes to standard error: standard output belongs to the command's answer.
    """
    folder = project.main.parent
    hidden = _take_modules(_top_level_names(folder))
    path, bytecode = list(sys.path), sys.dont_write_bytecode
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode = True
    try:
        with contextlib.chdir(project.root), contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        _take_modules(_top_level_names(folder))
        sys.modules.update(hidden)
        sys.path[:], sys.dont_write_bytecode = path, bytecode


def secret_texts(config: StackConfig) -> frozenset[str]:
    """What must not be read by anyone: the decrypted configuration of the running program.

    To be called where the program runs; where nothing is decrypted it is the seal.
    """
    found: set[str] = set()
    for key in config.secret_keys:
        text = get_config(key)
        value = text
        if isinstance(text, str) and config.values[key] is not UNKNOWN:
            with contextlib.suppress(ValueError):
                value = json.loads(text)
        found.update(_at_unknowns(value, config.values[key]))
    return frozenset(text for text in found if len(text) > 3)


def hide(message: str, secrets: Iterable[str]) -> str:
    """`message` without the texts in `secrets`."""
    for text in sorted(secrets, key=len, reverse=True):
        message = message.replace(text, "[secret]")
    return message


def describe(
    error: BaseException,
    project: Project,
    stack: str,
    config: StackConfig,
    secrets: Iterable[str] = (),
) -> ModelgateError:
    """What a person reads when the program of `stack` failed."""
    if isinstance(error, ModelgateError):
        return error
    if isinstance(error, SystemExit):
        return ModelgateError(f"the program of stack {stack} called exit({error.code!r})")
    where = _place(error, project.root)
    if isinstance(error, pulumi.ConfigMissingError):
        return ConfigurationError(
            f"stack {stack}: the configuration lacks `{error.key}`{where}",
            f"set it in {project.stack_file(stack).name}",
        )
    shut = SECRETS_STAY_SHUT if config.secret_keys and config.seal in secrets else ""
    if isinstance(error, pulumi.ConfigTypeError):
        return ConfigurationError(
            f"stack {stack}: the configuration value of `{error.key}` is not a valid "
            f"{error.expect_type}{where}",
            shut if error.key in config.secret_keys else "",
        )
    text = hide(" ".join(str(error).split()), secrets)
    return ModelgateError(
        f"the program of stack {stack} failed: {type(error).__name__}: {text}{where}", shut
    )


def _at_unknowns(value: Any, shape: Any) -> Iterator[str]:
    """The texts in `value` at the places where `shape` is UNKNOWN."""
    if shape is UNKNOWN:
        yield str(value)
    elif isinstance(shape, Mapping) and isinstance(value, Mapping):
        for key, inner in shape.items():
            yield from _at_unknowns(value.get(key), inner)
    elif isinstance(shape, list) and isinstance(value, list):
        for item, inner in zip(value, shape, strict=False):
            yield from _at_unknowns(item, inner)


def _top_level_names(folder: Path) -> set[str]:
    names = {path.stem for path in folder.glob("*.py")}
    names |= {path.parent.name for path in folder.glob("*/*.py")}
    return names - {OWN_PACKAGE, "__main__"}


def _take_modules(names: set[str]) -> dict[str, ModuleType]:
    """Remove the modules of these packages from `sys.modules` and return them."""
    taken = [name for name in sys.modules if name.partition(".")[0] in names]
    return {name: sys.modules.pop(name) for name in taken}


def _place(error: BaseException, root: Path) -> str:
    """The last line of the program itself in the traceback, as ` (file:line)`."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(root)]
    own = [frame for frame in own if "site-packages" not in frame.filename]
    if not own:
        return ""
    return f" ({os.path.relpath(own[-1].filename, root)}:{own[-1].lineno})"
