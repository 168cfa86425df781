"""`modelgate logs`: a gateway's access log in words."""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from queue import Queue
from threading import Thread
from typing import Any, Final

import click

from modelgate.cli import output
from modelgate.doctor import access_log
from modelgate.doctor.access_log import Line
from modelgate.doctor.limits import Limits
from modelgate.doctor.view import GATEWAY_NAME
from modelgate.errors import ConfigurationError, ModelgateError
from modelgate.report import doctor_logs

STDIN: Final = "-"
_PROXY: Final = "istio-proxy"
_LIMITS: Final = {
    "RateLimitPolicy": "/apis/kuadrant.io/v1/ratelimitpolicies",
    "TokenRateLimitPolicy": "/apis/kuadrant.io/v1alpha1/tokenratelimitpolicies",
}


@click.command()
@click.argument("files", nargs=-1)
@click.option("--live", is_flag=True, help="Read the gateways' logs from the cluster.")
@click.option("--follow", is_flag=True, help="Go on as lines come; Ctrl-C ends it and sums up.")
@click.option("--gateway", default="", metavar="NS/NAME", help="The logs of this gateway only.")
@click.option("--context", help="The kubeconfig context for --live.")
@click.option("--tail", default=500, show_default=True, help="Lines of each pod to begin with.")
@click.option("-o", "--output", "form", type=click.Choice(["table", "json"]), default="table")
def logs(
    files: tuple[str, ...],
    live: bool,
    follow: bool,
    gateway: str,
    context: str | None,
    tail: int,
    form: str,
) -> int:
    """A gateway's access log in words: which way each request took, and what its status means.

    Reads FILES, or stdin (also as `-`), or with --live the cluster; then sums up.
    """
    if (follow or gateway or context) and not live:
        raise ConfigurationError("--follow, --gateway and --context are for --live")
    if live and files:
        raise ConfigurationError("--live reads the cluster: give no files with it")
    if not live:
        return _tell(_parsed(_read(files or (STDIN,))), Limits(), form)
    cluster = _Cluster(context, gateway)
    found = cluster.following(tail) if follow else cluster.tails(tail)
    return _tell(found, cluster.limits(), form)


def _tell(found: Iterable[Line | None], limits: Limits, form: str) -> int:
    total = doctor_logs.Sum()
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    try:
        for one in found:
            total.add(one)
            if one is None:
                continue
            named = limits.on(one)
            output.answer(
                doctor_logs.line_json(one, named)
                if form == "json"
                else doctor_logs.line(one, named, colour)
            )
    except KeyboardInterrupt:
        pass
    output.answer(total.json() if form == "json" else f"\n{total.text()}")
    return 0


def _parsed(lines: Iterable[str]) -> Iterator[Line | None]:
    return (access_log.parse(line) for line in lines if line.strip())


def _read(files: Sequence[str]) -> Iterator[str]:
    for name in files:
        try:
            with click.open_file(name, encoding="utf-8", errors="replace") as file:
                yield from file
        except OSError as error:
            raise ConfigurationError(f"{name}: cannot read it: {error.strerror}") from None


class _Cluster:
    """The gateway pods of a cluster, and their logs."""

    def __init__(self, context: str | None, gateway: str) -> None:
        from modelgate.doctor.api import Api, RefusedError, UnreachableError
        from modelgate.inputs import cluster

        connected = cluster.connect(context)
        self._api = Api(connected.name, connected.client)
        self._failures = (RefusedError, UnreachableError)
        namespace, _, name = gateway.partition("/")
        if gateway and not name:
            raise ConfigurationError(f"--gateway {gateway} is not NAMESPACE/NAME")
        scope = f"/namespaces/{namespace}" if namespace else ""
        label = f"{GATEWAY_NAME}={name}" if name else GATEWAY_NAME
        self._pods = self._items(f"/api/v1{scope}/pods", labelSelector=label)
        if not self._pods:
            raise ModelgateError(
                f"cluster {connected.name} has no pod of {gateway or 'any gateway'}",
                "`modelgate doctor` says why",
            )

    def _items(self, path: str, **query: str) -> list[dict[str, Any]]:
        try:
            return list(self._api.get(path, **query)["items"] or [])
        except self._failures as error:
            raise ModelgateError(f"cluster {self._api.name}: {path} answered {error}") from None

    def limits(self) -> Limits:
        """The policies that may answer 429; none where they cannot be read."""
        found = Limits()
        for kind, path in _LIMITS.items():
            try:
                found = found.with_(kind, self._items(path))
            except ModelgateError as error:
                output.note(error.message)
        return found

    def tails(self, tail: int) -> list[Line | None]:
        """The last lines of every pod, in the order of their times."""
        found = [one for pod in self._pods for one in _parsed(self._lines(pod, tail))]
        requests = [one for one in found if one is not None]
        other: list[Line | None] = [None] * (len(found) - len(requests))
        return [*sorted(requests, key=lambda one: one.time), *other]

    def following(self, tail: int) -> Iterator[Line | None]:
        """Lines of all pods as they come, until every log has ended."""
        queue: Queue[str | ModelgateError | None] = Queue()
        for pod in self._pods:
            Thread(target=self._feed, args=(pod, tail, queue), daemon=True).start()
        left = len(self._pods)
        while left:
            item = queue.get()
            if item is None:
                left -= 1
            elif isinstance(item, ModelgateError):
                output.note(item.message)
            elif item.strip():
                yield access_log.parse(item)

    def _feed(
        self, pod: dict[str, Any], tail: int, queue: "Queue[str | ModelgateError | None]"
    ) -> None:
        try:
            for text in self._lines(pod, tail, follow=True):
                queue.put(text)
        except ModelgateError as error:
            queue.put(error)
        finally:
            queue.put(None)

    def _lines(self, pod: dict[str, Any], tail: int, follow: bool = False) -> Iterator[str]:
        metadata = pod["metadata"]
        path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}/log"
        try:
            yield from self._api.lines(path, follow, container=_PROXY, tailLines=tail)
        except self._failures as error:
            name = f"{metadata['namespace']}/{metadata['name']}"
            raise ModelgateError(f"the log of Pod {name} answered {error}") from None
