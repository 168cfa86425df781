"""A gateway's access log, line by line; what a client sent as query, name or address is dropped.

Istio's default text format and its JSON form (istio/istio, pilot/pkg/model/telemetry_logging.go).
A line of another format is no line: it is counted, never guessed at. Where a picker or a filter of
Kuadrant answers itself, Envoy writes nothing at all for the details, not `-`.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

_START: Final = (
    r'\[(?P<time>[^\]]+)\] "(?P<method>\S+) (?P<path>.*?) (?P<protocol>HTTP/[\d.]+|-)" '
    r"(?P<status>\d+) (?P<flags>\S+) (?P<details>\S*) (?P<termination>\S+) "
    r'"(?P<reason>[^"]*)" (?P<received>\d+) (?P<sent>\d+) (?P<duration>\d+) \S+ '
)
_END: Final = (
    r'.*"(?P<authority>[^"]*)" "(?P<pod>[^"]*)" (?P<cluster>\S+) \S+ (?P<local>\S+) \S+ '
    r"(?P<sni>\S+) (?P<route>\S+)(?P<more>.*)"
)
_TEXT: Final = re.compile(_START + _END)
_SEEN: Final = re.compile(r"went[-_]into[-_]resp[-_]headers", re.IGNORECASE)
"""The response header that pickers set, in the name of a field (see docs/doctor.md)."""

_JSON: Final = {
    "time": "start_time",
    "method": "method",
    "path": "path",
    "status": "response_code",
    "flags": "response_flags",
    "details": "response_code_details",
    "termination": "connection_termination_details",
    "reason": "upstream_transport_failure_reason",
    "received": "bytes_received",
    "sent": "bytes_sent",
    "duration": "duration",
    "authority": "authority",
    "pod": "upstream_host",
    "cluster": "upstream_cluster",
    "local": "downstream_local_address",
    "sni": "requested_server_name",
    "route": "route_name",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One request as the gateway logged it; sizes in bytes, `duration` in milliseconds.

    Empty texts stand for `-`. `pod` is `ip:port`; `picked` says whether the line itself proves
    that a picker took part (None: its format does not tell). The request's header that names a pod
    tells nothing: where no picker overwrites it, it is the client's.
    """

    time: datetime
    method: str
    path: str
    status: int
    flags: str = ""
    details: str = ""
    termination: str = ""
    reason: str = ""
    received: int = 0
    sent: int = 0
    duration: int = 0
    authority: str = ""
    pod: str = ""
    cluster: str = ""
    local: str = ""
    sni: str = ""
    route: str = ""
    picked: bool | None = None


def parse(text: str) -> Line | None:
    """The request of one log line; None where it is no access log line in a known form."""
    text = text.strip()
    try:
        if text.startswith("{"):
            return _from_json(json.loads(text))
        match = _TEXT.fullmatch(text)
        return _line(match.groupdict()) if match else None
    except (ValueError, KeyError, TypeError):
        return None


def _from_json(document: Mapping[str, Any]) -> Line:
    fields = {name: document.get(key) for name, key in _JSON.items()}
    known = [key for key in document if _SEEN.search(key)]
    fields["picked"] = document[known[0]] == "true" if known else None
    return _line(fields)


def _line(fields: Mapping[str, Any]) -> Line:
    path = _text(fields["path"])
    return Line(
        time=_time(str(fields["time"])),
        method=_text(fields["method"]),
        path=path.partition("?")[0],
        status=int(fields["status"]),
        flags=_text(fields["flags"]),
        details=_text(fields["details"]),
        termination=_text(fields["termination"]),
        reason=_text(fields["reason"]),
        received=int(fields["received"] or 0),
        sent=int(fields["sent"] or 0),
        duration=int(fields["duration"] or 0),
        authority=_text(fields["authority"]),
        pod=_text(fields["pod"]),
        cluster=_text(fields["cluster"]),
        local=_text(fields["local"]),
        sni=_text(fields["sni"]),
        route=_text(fields["route"]),
        picked=fields.get("picked"),
    )


def _text(value: Any) -> str:
    return "" if value in (None, "-") else str(value)


def _time(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
