"""Logs as pods write them."""

from collections.abc import Iterable

from modelgate.doctor.access_log import Line
from modelgate.doctor.snapshot import PickerLog
from tests.picker.evidence import recorded

_SAYS = {
    "listening": '"name":"ext-proc"',
    "received": "EPP received request",
    "answered": "EPP sent request body response(s) to proxy",
}
_WRITTEN = [line.partition(" ")[2] for line in recorded("picked").picker.splitlines()]
PICKER = {what: next(one for one in _WRITTEN if words in one) for what, words in _SAYS.items()}
"""What a picker wrote, without the time before it."""


def access_log(lines: Iterable[Line], query: str = "") -> str:
    """Istio's default text format; `query` stands behind every path."""
    return "".join(f"{_line(one, query)}\n" for one in lines)


def _line(one: Line, query: str) -> str:
    time = one.time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return (
        f'[{time}] "{one.method} {one.path}{query} HTTP/2" {one.status} {one.flags or "-"}'
        f' {one.details} - "-" {one.received} {one.sent} {one.duration} 693'
        f' "198.51.100.7" "curl/8.1" "51d0c7d0" "{one.authority}" "{one.pod or "-"}"'
        f" {one.cluster or '-'} 10.128.0.5:33333 10.128.0.5:443 198.51.100.7:5555"
        f" {one.authority} {one.route or '-'}"
    )


def picker_log(log: PickerLog) -> str:
    """Lines that a picker wrote, each with another time before it."""
    stamps = [("listening", log.since or log.received[0])] if log.listening else []
    stamps += [("received", one) for one in log.received]
    stamps += [("answered", one) for one in log.answered]
    return "".join(f"{at.isoformat()} {PICKER[what]}\n" for what, at in stamps)
