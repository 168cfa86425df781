"""The judge's input and output values: a request, its answer, a door, a report."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from modelgate.findings import Finding, Verdict


class Outcome(StrEnum):
    """What becomes of one request (design: `modelgate trace`)."""

    REACHES_MODEL = "reaches-model"
    UNDECIDED = "undecided"
    ANSWERED = "answered"
    REFUSED = "refused"
    NO_ROUTE = "no-route"

    @property
    def rank(self) -> int:
        """0 for the worst outcome; where several are possible the worst is given."""
        return list(Outcome).index(self)


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it is sent. `path` holds the query; `gateway` is `ns/name` or empty for any.

    `sni` empty means the host without its port; header names are lower-case. `body` is only read
    by a trace, for its `model`, and never shown.
    """

    host: str
    method: str = "GET"
    scheme: str = "https"
    port: int = 443
    path: str = "/"
    headers: Mapping[str, str] = field(default_factory=dict)
    gateway: str = ""
    sni: str = ""
    body: str = field(default="", repr=False)

    def as_json(self) -> dict[str, Any]:
        path, _, query = self.path.partition("?")
        pairs = [pair.partition("=") for pair in query.split("&") if pair]
        return {
            **({"sni": self.sni} if self.sni else {}),
            "method": self.method,
            "scheme": self.scheme,
            "host": self.host,
            "port": self.port,
            "path": path,
            "headers": dict(self.headers),
            "query": {key: value for key, _, value in pairs},
        }


@dataclass(frozen=True, slots=True)
class Step:
    """One station of a request's way: where (`gateway`, `route`, ...), which object, what."""

    at: str
    object: str
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What one request meets. `rule` and `match` count from 0; `status` 0 means not known."""

    outcome: Outcome
    reason: str
    status: int = 0
    authenticated: bool = False
    gateway: str = ""
    listener: str = ""
    route: str = ""
    rule: int | None = None
    match: int | None = None
    backend: str = ""
    through_picker: bool = False
    policies: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Door:
    """One way in: gateway, listener, hostname, route, rule, match, ending at a backend.

    Every EXPOSED door carries the `request` that gets in. `opened_by` names the object that
    opened it (or is missing), `source` where it is declared, `remedy` the way out.
    """

    verdict: Verdict
    reason: str
    gateway: str = ""
    listener: str = ""
    hostname: str = ""
    route: str = ""
    rule: int | None = None
    match: int | None = None
    backend: str = ""
    policies: tuple[str, ...] = ()
    request: Request | None = None
    opened_by: str = ""
    source: str = ""
    remedy: str = ""
    derived_from: str = ""
    depends_on_version: str = ""
    assumptions: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """One line that names the door; exemptions match against it."""
        rule = "" if self.rule is None else f" rule {self.rule} match {self.match or 0}"
        host = (self.hostname or "*") if self.gateway else self.hostname
        parts = (self.gateway, self.listener, host, f"{self.route}{rule}", self.backend)
        return " > ".join(dict.fromkeys(part for part in parts if part))


@dataclass(frozen=True, slots=True)
class GatewayRow:
    """One gateway beside the others; `doors` counts its doors by verdict."""

    gateway: str
    purpose: str
    serves_models: bool
    credentials: str
    through_picker: bool
    doors: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Report:
    """All that `check` says of one set of objects, worst doors first."""

    environment: str
    doors: tuple[Door, ...]
    findings: tuple[Finding, ...]
    assumptions: tuple[str, ...] = ()
    inside_only: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    gateways: tuple[GatewayRow, ...] = ()

    @property
    def verdict(self) -> Verdict:
        return Verdict.worst(door.verdict for door in self.doors)
