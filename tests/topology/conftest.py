"""Topologies with executed answers; not part of this repository."""

import os
from pathlib import Path

import pytest

from tests.topology.vectors import Vector, load

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def vectors() -> list[Vector]:
    """Every topology whose requests were put to the real operator, filter and Authorino."""
    folder = Path(os.environ.get("MODELGATE_VECTORS", ROOT.parent / "shared" / "vectors"))
    found = [load(path) for path in sorted(folder.glob("*.json"))]
    if not found:
        pytest.skip("no executed topologies: set MODELGATE_VECTORS to a folder that holds them")
    return found
