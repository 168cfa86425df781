"""One lab for the whole session, where its controllers are already built."""

from collections.abc import Iterator

import pytest

from modelgate.local import lab as controllers
from modelgate.local.lab import Lab
from modelgate.local.lab.running import TOOLS
from tests.plugins.built import needs
from tests.plugins.control_plane import Told


@pytest.fixture(scope="session")
def lab(told: Told) -> Iterator[Lab]:
    """The lab that `make prove` builds. Without it these tests say so and do not run.

    It is shared by all tests, so each takes away what it put there.
    """
    needs(TOOLS)
    with controllers.lab(told) as running:
        yield running
