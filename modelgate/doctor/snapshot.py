"""All that a check may look at, as plain data: a bundle holds it and replays to the same answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from modelgate.doctor.access_log import Line
from modelgate.doctor.kinds import Kind
from modelgate.topology.objects import Object
from modelgate.topology.settings import Settings

NEVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a TLS Secret says of itself; `fault` where it cannot be read as a certificate."""

    names: tuple[str, ...] = ()
    not_before: datetime | None = None
    not_after: datetime | None = None
    fault: str = ""


@dataclass(frozen=True, slots=True)
class PickerLog:
    """What the tail of a picker's log says, without its text.

    `since` is the time of the oldest line that was read; `received` the times at which a request
    arrived, `answered` those at which the gateway got its pod; `listening` whether it said that it
    serves; `faults` what it said at level error, but of single requests.
    """

    since: datetime | None = None
    received: tuple[datetime, ...] = ()
    answered: tuple[datetime, ...] = ()
    listening: bool = False
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Upstream:
    """What one gateway pod's Envoy counted for one endpoint of a cluster (admin `/clusters`).

    An Envoy cluster without endpoints has one entry with an empty `host` and no counts.
    """

    cluster: str
    host: str
    connected: int = 0
    connect_failed: int = 0
    requests: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Probed:
    """One request that was sent on purpose, and its answer; `status` 0 means none came.

    `verdict` is the door's, `expected` the outcome that the judge expects of this request.
    `reached` says that the model server itself answered, `picked` that a picker took part.
    """

    door: str
    verdict: str
    what: str
    expected: str
    status: int = 0
    reached: bool = False
    picked: bool = False
    through_pool: bool = False
    with_key: bool = False
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Declared:
    """What a stack declares, and the versions that its settings state."""

    stack: str
    objects: tuple[Object, ...]
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One look at a cluster.

    `served`: versions of each kind, best first. `unread`: kinds, logs and ports that were not
    read, and why. `fault`: why the API gave no answer, or stopped to. `access`, `upstreams` by
    gateway pod (`ns/pod`), `pickers` by picker pod, `certificates` by Secret. `upstreams` and
    `probed` are None where they were not asked for.
    """

    cluster: str = ""
    at: datetime = NEVER
    objects: tuple[Object, ...] = ()
    served: Mapping[Kind, tuple[str, ...]] = field(default_factory=dict)
    unread: Mapping[str, str] = field(default_factory=dict)
    fault: str = ""
    settings: Settings = field(default_factory=Settings)
    declared: Declared | None = None
    access: Mapping[str, tuple[Line, ...]] = field(default_factory=dict)
    pickers: Mapping[str, PickerLog] = field(default_factory=dict)
    certificates: Mapping[str, Certificate] = field(default_factory=dict)
    upstreams: Mapping[str, tuple[Upstream, ...]] | None = None
    probed: tuple[Probed, ...] | None = None
