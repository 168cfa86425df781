"""A lab for each test: pods, a picker and a real Envoy, all gone when it ends.

`lab` runs every test twice, before the scripted picker and before the real one; `scripted_lab` is
for what the real one cannot be told to do.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache, partial
from pathlib import Path

import pytest

from modelgate.local.lab.running import POD_PROGRAMS
from tests.picker.certificates import Certificates, make
from tests.picker.labs import Lab, RealLab, ScriptedLab
from tests.picker.pods import Pods
from tests.picker.real import Epp, Pool, Simulator
from tests.plugins.built import envoy, needs
from tests.plugins.control_plane import ControlPlane, Told


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """The picker's own, and one that knows nothing of it; skips where there is no openssl."""
    return make(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def model_pods(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pods]:
    """Pods for which the simulator answers."""
    needs(POD_PROGRAMS)
    with ExitStack() as stack:
        simulator = stack.enter_context(Simulator(tmp_path_factory.mktemp("simulator")))
        yield stack.enter_context(Pods(simulator.port))


@pytest.fixture(scope="session")
def pool(model_pods: Pods, control_plane: ControlPlane, told: Told) -> Iterator[Pool]:
    """An InferencePool of these pods on a real API server."""
    pool = Pool(control_plane().kubeconfig, model_pods.port, told)
    yield pool
    pool.remove()


@pytest.fixture(scope="session")
def epps(pool: Pool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Epp]]:
    """Real pickers by their arguments, each started when it is first asked for."""
    with ExitStack() as stack:

        @cache
        def started(*arguments: str) -> Epp:
            folder = tmp_path_factory.mktemp("epp")
            return stack.enter_context(Epp(pool, folder, arguments))

        yield started


@pytest.fixture
def scripted_lab(tmp_path: Path, certificates: Certificates) -> Iterator[ScriptedLab]:
    envoy()
    with ExitStack() as stack:
        yield ScriptedLab(tmp_path, stack, stack.enter_context(Pods()), certificates)


@pytest.fixture
def real_lab(
    tmp_path: Path,
    certificates: Certificates,
    model_pods: Pods,
    pool: Pool,
    epps: Callable[..., Epp],
) -> Iterator[RealLab]:
    envoy()
    model_pods.received.clear()
    with ExitStack() as stack:
        fresh = partial(Epp, pool, tmp_path)
        yield RealLab(tmp_path, stack, model_pods, certificates, pool, epps, fresh)


@pytest.fixture(params=["scripted", "real"])
def lab(request: pytest.FixtureRequest) -> Lab:
    found: Lab = request.getfixturevalue(f"{request.param}_lab")
    return found
