"""Topologies are put to the lab one batch after the other."""

from collections.abc import Iterator

import pytest

from modelgate.local.lab import Lab
from tests.lab.execution import Executor


@pytest.fixture
def executor(lab: Lab) -> Iterator[Executor]:
    executor = Executor(lab)
    yield executor
    executor.close()
