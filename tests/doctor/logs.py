"""Logs as pods write them."""

from collections.abc import Iterable

from modelgate.doctor.access_log import Line
from modelgate.doctor.snapshot import PickerLog


def access_log(lines: Iterable[Line], query: str = "") -> str:
    """Istio's default text format; `query` stands behind every path."""
    return "".join(f"{_line(one, query)}\n" for one in lines)


def _line(one: Line, query: str) -> str:
    time = one.time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return (
        f'[{time}] "{one.method} {one.path}{query} HTTP/2" {one.status} {one.flags or "-"}'
        f' {one.details or "-"} - "-" {one.received} {one.sent} {one.duration} 693'
        f' "198.51.100.7" "curl/8.1" "51d0c7d0" "{one.authority}" "{one.pod or "-"}"'
        f" {one.cluster or '-'} 10.128.0.5:33333 10.128.0.5:443 198.51.100.7:5555"
        f" {one.authority} {one.route or '-'}"
    )


def picker_log(log: PickerLog) -> str:
    """A picker's structured log, with the time that the API adds to each line."""
    since = (log.since or log.received[0]).isoformat()
    listening = '{"level":"info","msg":"gRPC server listening","name":"ext-proc","port":9002}'
    lines = [f"{since} {listening}"] if log.listening else []
    received = '{"level":"Level(-2)","msg":"EPP received request","x-request-id":"51d0c7d0"}'
    lines += [f"{one.isoformat()} {received}" for one in log.received]
    return "".join(f"{line}\n" for line in lines)
