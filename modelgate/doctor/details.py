"""What lists do not hold: tails of logs, certificates, names of fields in API keys.

Each is bounded: a few pods of a gateway, a few thousand lines, the Secrets that gateways name.
Of a picker's log only times and known phrases are kept, because it may hold prompts.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final, TypeVar

from modelgate.doctor import access_log, admin, certificate
from modelgate.doctor.access_log import Line
from modelgate.doctor.api import Api, RefusedError, UnreachableError
from modelgate.doctor.keys import secret_values, selectors
from modelgate.doctor.kinds import SECRET
from modelgate.doctor.reading import read_object
from modelgate.doctor.snapshot import Certificate, PickerLog, Snapshot, Upstream
from modelgate.doctor.view import View, certificate_refs, place
from modelgate.topology.objects import Object
from modelgate.topology.values import mapping

LINES: Final = 2000
PODS: Final = 2
"""Pods of one gateway, or of one picker, whose logs are read."""

PROXY: Final = "istio-proxy"
_BYTES: Final = 4_000_000
_AT_ONCE: Final = 8
_RECEIVED: Final = "EPP received request"
_ANSWERED: Final = "EPP sent request body response(s) to proxy"
_LISTENING: Final = re.compile(r"gRPC server listening\W+name\W+ext-proc\b")
"""Its health server says the same of itself, and sooner."""

_OF_A_REQUEST: Final = '"x-request-id"'
_ERROR: Final = ('"level":"error"', '"level":"fatal"', "panic:", "flag provided but not defined")
_FAULTS: Final = 3

T = TypeVar("T")


def add(
    api: Api, snapshot: Snapshot, view: View, deep: bool = False
) -> tuple[Snapshot, frozenset[str]]:
    """`snapshot` with its details, and the secret values that came into sight on the way.

    With `deep` Envoy's own counts are among them, through the API's port-forward.
    """
    unread = dict(snapshot.unread)
    gateways = [pod for one in view.gateways for pod in view.gateway_pods(one)[:PODS]]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        lines = pool.map(lambda pod: _try(lambda: _access(api, pod)), gateways)
        logs = pool.map(lambda pod: _try(lambda: _picker(api, pod)), view.picker_pods)
        access = _sorted_out(gateways, lines, "pods/log", unread)
        pickers = _sorted_out(view.picker_pods, logs, "pods/log", unread)
    certificates, secrets, values = {}, snapshot.objects, frozenset[str]()
    if SECRET.resource not in unread:
        certificates = dict(_certificates(api, view))
        keys, values = _keys(api, view)
        known = {obj.ref: obj for obj in keys}
        secrets = tuple(known.get(obj.ref, obj) for obj in snapshot.objects)
    full = replace(
        snapshot,
        objects=secrets,
        unread=unread,
        access=access,
        pickers=pickers,
        certificates=certificates,
        upstreams=_upstreams(api, view, gateways, unread) if deep else None,
    )
    return full, values


def _upstreams(
    api: Api, view: View, pods: Sequence[Object], unread: dict[str, str]
) -> dict[str, tuple[Upstream, ...]]:
    """One pod after the other: a port-forward changes the client that it uses."""
    found: dict[str, tuple[Upstream, ...]] = {}
    for pod in pods:
        try:
            found[place(pod)] = admin.upstreams(api, pod, view.picker_hosts)
        except UnreachableError as error:
            unread[f"pods/portforward {place(pod)}"] = str(error)
    return found


def _try(read: Callable[[], T]) -> T | RefusedError | UnreachableError:
    try:
        return read()
    except (RefusedError, UnreachableError) as error:
        return error


def _sorted_out(
    pods: Iterable[Object],
    answers: Iterable[T | RefusedError | UnreachableError],
    right: str,
    unread: dict[str, str],
) -> dict[str, T]:
    """Answers by pod; a refused right is noted once, for all pods."""
    found: dict[str, T] = {}
    for pod, answer in zip(pods, answers, strict=True):
        if isinstance(answer, RefusedError) and answer.status == HTTPStatus.FORBIDDEN:
            unread.setdefault(right, f"you may not get {right}")
        elif isinstance(answer, RefusedError | UnreachableError):
            unread[f"{right} {place(pod)}"] = f"the log of Pod {place(pod)} answered {answer}"
        else:
            found[place(pod)] = answer
    return found


def log_path(pod: Object) -> str:
    return f"/api/v1/namespaces/{pod.namespace}/pods/{pod.name}/log"


def _access(api: Api, pod: Object) -> tuple[Line, ...]:
    texts = api.lines(log_path(pod), container=PROXY, tailLines=LINES, limitBytes=_BYTES)
    parsed = (access_log.parse(line) for line in texts)
    return tuple(line for line in parsed if line)


def _picker(api: Api, pod: Object) -> PickerLog:
    texts = api.lines(
        log_path(pod), container="main", tailLines=LINES, limitBytes=_BYTES, timestamps="true"
    )
    return picker_log(texts)


def picker_log(lines: Iterable[str]) -> PickerLog:
    """What a picker's log says; each line begins with its time, as the API adds it."""
    since: datetime | None = None
    received: list[datetime] = []
    answered: list[datetime] = []
    faults: list[str] = []
    listening = False
    for line in lines:
        stamp, _, said = line.partition(" ")
        at = _time(stamp)
        since = since or at
        if _RECEIVED in said and at:
            received.append(at)
        if _ANSWERED in said and at:
            answered.append(at)
        listening = listening or _LISTENING.search(said) is not None
        of_server = any(mark in said for mark in _ERROR) and _OF_A_REQUEST not in said
        if of_server and len(faults) < _FAULTS:
            faults.append(_message(said))
    return PickerLog(since, tuple(received), tuple(answered), listening, tuple(faults))


def _time(stamp: str) -> datetime | None:
    """RFC 3339 with nanoseconds, of which Python reads six digits."""
    try:
        return datetime.fromisoformat(stamp)
    except ValueError:
        return None


def _message(said: str) -> str:
    """The fixed part of a structured log line: its other fields may hold what a user sent."""
    _, found, rest = said.partition('"msg":"')
    return rest.partition('"')[0] if found else said.partition(":")[0]


def _certificates(api: Api, view: View) -> Iterator[tuple[str, Certificate]]:
    for place_ in sorted({one for gateway in view.gateways for one in certificate_refs(gateway)}):
        namespace, _, name = place_.partition("/")
        try:
            body = api.get(f"/api/v1/namespaces/{namespace}/secrets/{name}")
        except (RefusedError, UnreachableError) as error:
            if isinstance(error, RefusedError) and error.status == HTTPStatus.NOT_FOUND:
                continue
            yield place_, Certificate(fault=f"reading it answered {error}")
            continue
        yield place_, certificate.of_secret(mapping(body.get("data")))


def _keys(api: Api, view: View) -> tuple[list[Object], frozenset[str]]:
    """The API-key Secrets with the names of their fields, and the values, to be erased."""
    found: list[Object] = []
    values: set[str] = set()
    for selector in sorted(selectors(view)):
        path = f"/api/v1/namespaces/{view.kuadrant_namespace}/secrets"
        try:
            answer: dict[str, Any] = api.get(path, labelSelector=selector)
        except (RefusedError, UnreachableError):
            continue
        for item in answer["items"] or []:
            values |= secret_values(item)
            found.append(read_object("v1", "Secret", item))
    return found, frozenset(values)
