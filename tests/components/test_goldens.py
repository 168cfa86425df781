"""What is declared, whole: the committed stacks, the ten lines on each release, everything."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.stack import ModelStack
from modelgate.engine.in_process import evaluate
from tests.components.recording import SECRET, objects, record
from tests.components.samples import API_KEYS, RELEASES, everything, ten_lines

ROOT = Path(__file__).resolve().parents[2]
Golden = Callable[[str, str], None]


class _Readable(yaml.SafeDumper):
    """Texts of several lines as blocks."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Readable.add_representer(str, _text)


def as_yaml(bodies: list[dict[str, Any]]) -> str:
    return yaml.dump_all(bodies, Dumper=_Readable, sort_keys=True, width=100).rstrip()


def hidden(value: Any) -> Any:
    """The same with `(secret)` for secrets, and whole numbers as such."""
    if isinstance(value, dict):
        if SECRET in value:
            return "(secret)"
        return {key: hidden(item) for key, item in value.items()}
    if isinstance(value, list):
        return [hidden(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


@pytest.mark.parametrize("stack", ["dev", "guide", "lab", "prod"])
def test_a_committed_stack(stack: str, golden: Golden) -> None:
    bodies = {one.ref: dict(one.body) for one in evaluate(ROOT, stack).objects}
    golden(f"stack-{stack}.yaml", as_yaml([bodies[ref] for ref in sorted(bodies)]))


@pytest.mark.parametrize("release", RELEASES)
def test_ten_lines(release: str, golden: Golden) -> None:
    found = objects(record(lambda: ModelStack("platform", ten_lines(release))))
    bodies = [hidden(found[label].inputs) for label in sorted(found)]
    golden(f"ten-lines-{release}.yaml", as_yaml(bodies))


@pytest.mark.parametrize("release", ["3.2", "3.5", "kserve-0.16"])
def test_everything(release: str, golden: Golden) -> None:
    found = objects(record(lambda: ModelStack("platform", everything(release), API_KEYS)))
    text = as_yaml([hidden(found[label].inputs) for label in sorted(found)])
    assert "sk-alice" not in text
    golden(f"everything-{release}.yaml", text)
