"""Manifests of others, on which no rule may fail; not part of this repository."""

import os
from pathlib import Path

import pytest
import yaml

from modelgate.topology import Object, read
from tests.derive.conftest import filled

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared"


@pytest.fixture(scope="session")
def executed() -> list[list[Object]]:
    """The topologies whose requests were put to the real operator, filter and Authorino."""
    folder = Path(os.environ.get("MODELGATE_VECTORS", SHARED / "vectors"))
    files = sorted(folder.glob("*.yaml"))
    if not files:
        pytest.skip("no executed topologies: set MODELGATE_VECTORS to a folder that holds them")
    return [read(file.read_text(encoding="utf-8"), file.name) for file in files]


@pytest.fixture(scope="session")
def presets() -> list[list[Object]]:
    """The presets of the releases as their vendor publishes them, filled in for a sample."""
    folder = Path(os.environ.get("MODELGATE_REFERENCE", SHARED / "reference")) / "presets"
    files = sorted(folder.glob("*.yaml"))
    if not files:
        pytest.skip("no reference presets: set MODELGATE_REFERENCE to a folder with presets/")
    return [read(yaml.safe_dump(filled(file.read_text())), file.name) for file in files]
