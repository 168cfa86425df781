"""A cluster is read once, each kind with one list; what could not be read is noted, never absent.

Nothing is written, and nothing is retried: `--wait` looks again at the whole.
"""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final

from modelgate.doctor.api import JSON, METADATA, Api, RefusedError, UnreachableError
from modelgate.doctor.cleaning import clean
from modelgate.doctor.kinds import METADATA_ONLY, OPERATOR, WANTED, Kind
from modelgate.doctor.snapshot import Snapshot
from modelgate.topology.objects import Object

_AT_ONCE: Final = 8
_ABSENT: Final = (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED)
_ONLY: Final[Mapping[Kind, Mapping[str, str]]] = {OPERATOR: {"labelSelector": "!olm.copiedFrom"}}
"""OLM copies each ClusterServiceVersion into every namespace."""


@dataclass(frozen=True, slots=True)
class _Served:
    """A kind and the versions in which it is served, best first."""

    kind: Kind
    versions: tuple[str, ...]

    @property
    def path(self) -> str:
        version = self.versions[0]
        root = f"/apis/{self.kind.group}/{version}" if self.kind.group else f"/api/{version}"
        return f"{root}/{self.kind.plural}"

    @property
    def api_version(self) -> str:
        version = self.versions[0]
        return f"{self.kind.group}/{version}" if self.kind.group else version


def read(api: Api) -> Snapshot:
    """Everything that the API lists of the wanted kinds. Never fails: `fault` says what did."""
    at = datetime.now(UTC)
    try:
        groups = api.get("/apis")["groups"]
    except (RefusedError, UnreachableError, KeyError, TypeError) as error:
        return Snapshot(api.name, at, fault=_no_answer(api, error))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        served, faults = _discover(api, groups, pool)
        listed = list(pool.map(lambda one: _list(api, one), served))
    objects: list[Object] = []
    unread: dict[str, str] = {}
    for one, answer in zip(served, listed, strict=True):
        if isinstance(answer, list):
            objects += answer
        elif isinstance(answer, RefusedError):
            unread[one.kind.resource] = _refusal(one.kind, answer)
        else:
            faults.append(f"{one.kind.resource}: {answer}")
    return Snapshot(
        cluster=api.name,
        at=at,
        objects=tuple(objects),
        served={one.kind: one.versions for one in served},
        unread=unread,
        fault=f"it stopped answering: {faults[0]}" if faults else "",
    )


def _no_answer(api: Api, error: Exception) -> str:
    if isinstance(error, RefusedError):
        return f"it answers {error}: log in again, or check the context {api.name}"
    if isinstance(error, UnreachableError):
        return str(error)
    return "what answers there is no Kubernetes API"


def _refusal(kind: Kind, error: RefusedError) -> str:
    if error.status == HTTPStatus.FORBIDDEN:
        return f"you may not list {kind}"
    return f"listing {kind} answered {error}"


def _discover(
    api: Api, groups: Iterable[Mapping[str, Any]], pool: ThreadPoolExecutor
) -> tuple[list[_Served], list[str]]:
    """Every wanted kind that is served, and what went wrong on the way."""
    wanted = [("", "v1")] + [
        (group["name"], version)
        for group in sorted(groups, key=lambda group: str(group["name"]))
        if group["name"] in WANTED
        for version in _versions(group)
    ]
    documents = pool.map(lambda one: _document(api, *one), wanted)
    found: dict[Kind, list[str]] = {}
    faults: list[str] = []
    for (group, version), document in zip(wanted, documents, strict=True):
        if isinstance(document, str):
            faults.append(document)
        else:
            for kind in _kinds(group, document):
                found.setdefault(kind, []).append(version)
    return [_Served(kind, tuple(versions)) for kind, versions in found.items()], faults


def _versions(group: Mapping[str, Any]) -> list[str]:
    """The preferred one first: it is what `kubectl get` shows."""
    best = group["preferredVersion"]["version"]
    return list(dict.fromkeys([best, *(found["version"] for found in group["versions"])]))


def _document(api: Api, group: str, version: str) -> Mapping[str, Any] | str:
    try:
        return api.get(f"/apis/{group}/{version}" if group else f"/api/{version}")
    except RefusedError as error:
        # A group whose server is away must not hide the others.
        return {} if error.status in _ABSENT else f"{group}/{version}: {error}"
    except UnreachableError as error:
        return str(error)


def _kinds(group: str, document: Mapping[str, Any]) -> Iterator[Kind]:
    names = WANTED[group]
    for resource in document.get("resources") or []:
        whole = "/" not in resource["name"] and "list" in resource["verbs"]
        if whole and (names is None or resource["kind"] in names):
            yield Kind(resource["kind"], group, resource["name"])


def _list(api: Api, one: _Served) -> list[Object] | RefusedError | UnreachableError:
    metadata_only = one.kind in METADATA_ONLY
    accept = METADATA if metadata_only else JSON
    try:
        answer = api.get(one.path, accept, **_ONLY.get(one.kind, {}))
    except RefusedError as error:
        return [] if error.status in _ABSENT else error
    except UnreachableError as error:
        return error
    return [read_object(one.api_version, one.kind.name, item) for item in answer["items"] or []]


def read_object(api_version: str, kind: str, item: Mapping[str, Any]) -> Object:
    """An object of a list, which does not repeat what it is a list of; cleaned."""
    body = clean({**item, "apiVersion": api_version, "kind": kind})
    metadata = body["metadata"]
    return Object(api_version, kind, metadata.get("namespace", ""), metadata["name"], body)
