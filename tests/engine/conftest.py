"""Small Pulumi projects, so that the engine's tests depend on no other part."""

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

Write = Callable[..., Path]

PULUMI_YAML = """\
name: toy
runtime: python
requiredPulumiVersion: ">=3.200.0"
"""


@pytest.fixture
def project(tmp_path: Path) -> Write:
    """Write a project: `main` is its program, other files by name (`__` in a name is a dot)."""

    def write(main: str, **files: str) -> Path:
        root = tmp_path / "project with spaces"
        root.mkdir(exist_ok=True)
        (root / "Pulumi.yaml").write_text(PULUMI_YAML)
        (root / "Pulumi.dev.yaml").write_text("config: {}\n")
        (root / "__main__.py").write_text(dedent(main))
        for name, text in files.items():
            path = root / name.replace("__", ".")
            path.write_text(dedent(text))
        return root

    return write
