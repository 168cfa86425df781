"""Real API servers for tests: one for each set of definitions, for the whole session."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import pytest

from modelgate import local
from modelgate.builds import crd_files
from modelgate.cli.progress import ProgressLine
from modelgate.local import Status
from modelgate.local.crds import install_crds

ControlPlane = Callable[..., Status]


class Told:
    """A Progress that pytest's capturing does not swallow: a first build takes minutes."""

    def __init__(self, config: pytest.Config) -> None:
        self._capture = config.pluginmanager.getplugin("capturemanager")
        self._line = ProgressLine()

    def __call__(self, what: str, elapsed_s: float, left_s: float | None, detail: str) -> None:
        with ExitStack() as stack:
            if self._capture:
                stack.enter_context(self._capture.global_and_fixture_disabled())
            self._line(what, elapsed_s, left_s, detail)


@pytest.fixture(scope="session")
def told(request: pytest.FixtureRequest) -> Told:
    """A Progress for whatever may take long."""
    return Told(request.config)


@pytest.fixture(scope="session")
def control_plane(told: Told) -> Iterator[ControlPlane]:
    """`control_plane()` is a bare one, `control_plane("kserve-0.20")` has that profile's kinds.

    Each is started when it is first asked for and shared by all tests, so a test works in
    namespaces of its own.
    """
    with ExitStack() as stack:

        @cache
        def started(profile: str | None = None) -> Status:
            status = stack.enter_context(local.control_plane(told))
            if profile:
                install_crds(status.kubeconfig, crd_files(profile, told), told)
            return status

        yield started
