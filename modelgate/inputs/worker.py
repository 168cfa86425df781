"""Evaluates stacks of one version of a program; runs as a script, in a process for each version.

The folder of that version is first on the path, so it is its own components that run. What it
prints is on standard error; the answer goes to a file.
"""

import json
import sys
from pathlib import Path
from typing import Any

from modelgate.errors import ModelgateError
from modelgate.inputs import Selection, gather
from modelgate.topology.objects import UNKNOWN

UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""Pulumi's own text for a string that is not known (sdk/go/common/resource/plugin/rpc.go)."""


def main(root: str, answer: str, stacks: list[str]) -> None:
    """Write what each of `stacks` in `root` declares, or why it could not be had, to `answer`."""
    found = {stack: _evaluated(Path(root), stack) for stack in stacks}
    Path(answer).write_text(json.dumps(found, default=_encoded), encoding="utf-8")


def _evaluated(root: Path, stack: str) -> dict[str, Any]:
    try:
        view = gather(Selection(project=root, stack=stack))
    except ModelgateError as error:
        return {"error": error.message, "hint": error.hint, "exit_code": error.exit_code}
    objects = [
        [obj.api_version, obj.kind, obj.namespace, obj.name, obj.source, obj.body]
        for obj in view.objects
    ]
    return {"objects": objects, "versions": dict(view.versions), "notes": list(view.notes)}


def _encoded(value: object) -> str:
    if value is not UNKNOWN:
        raise TypeError(f"{type(value).__name__} is no plain data")
    return UNKNOWN_TEXT


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
