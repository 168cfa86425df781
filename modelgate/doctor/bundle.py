"""A bundle holds what the doctor saw, without secrets, and replays to the same answer.

One gzipped tar file with one JSON document in it, to be read by people before they share it.
"""

import io
import json
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from modelgate.doctor.access_log import Line
from modelgate.doctor.cleaning import Eraser, clean
from modelgate.doctor.kinds import Kind
from modelgate.doctor.snapshot import (
    Certificate,
    Declared,
    PickerLog,
    Probed,
    Snapshot,
    Upstream,
)
from modelgate.errors import ConfigurationError, ModelgateError
from modelgate.topology.objects import UNKNOWN, Object
from modelgate.topology.settings import Settings

SCHEMA: Final = "modelgate/bundle/v2"
_MEMBER: Final = "modelgate-doctor/snapshot.json"
_UNKNOWN: Final = {"modelgate/unknown": True}
_LARGEST: Final = 512 * 1024 * 1024

_PLAIN: Final[Mapping[str, TypeAdapter[Any]]] = {
    "cluster": TypeAdapter(str),
    "at": TypeAdapter(datetime),
    "served": TypeAdapter(list[tuple[Kind, tuple[str, ...]]]),
    "unread": TypeAdapter(dict[str, str]),
    "fault": TypeAdapter(str),
    "settings": TypeAdapter(Settings),
    "access": TypeAdapter(dict[str, tuple[Line, ...]]),
    "pickers": TypeAdapter(dict[str, PickerLog]),
    "certificates": TypeAdapter(dict[str, Certificate]),
    "upstreams": TypeAdapter(dict[str, tuple[Upstream, ...]]),
    "probed": TypeAdapter(tuple[Probed, ...]),
}
"""Every field of a snapshot that is not made of Kubernetes objects."""


def save(snapshot: Snapshot, path: Path, secrets: Iterable[str] = ()) -> None:
    """Write `snapshot` to `path`; `secrets` are values to be erased wherever they stand.

    Raises ModelgateError where it cannot be written.
    """
    document = Eraser(secrets).data(_document(snapshot))
    content = json.dumps(document, indent=1).encode()
    entry = tarfile.TarInfo(_MEMBER)
    entry.size, entry.mtime, entry.mode = len(content), int(snapshot.at.timestamp()), 0o600
    try:
        with tarfile.open(path, "w:gz") as archive:
            archive.addfile(entry, io.BytesIO(content))
        path.chmod(0o600)
    except OSError as error:
        raise ModelgateError(f"{path}: cannot be written: {error.strerror}") from error


def load(path: Path) -> Snapshot:
    """The snapshot in the bundle at `path`. Raises ConfigurationError where there is none."""
    try:
        with tarfile.open(path, "r:gz") as archive:
            return _snapshot(json.loads(_content(archive)))
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (
        tarfile.TarError,
        EOFError,
        KeyError,
        TypeError,
        ValueError,
        AttributeError,
        ValidationError,
    ):
        raise ConfigurationError(
            f"{path}: no bundle of this version", "`modelgate doctor --bundle FILE` writes one"
        ) from None


def _content(archive: tarfile.TarFile) -> bytes:
    member = archive.getmember(_MEMBER)
    file = archive.extractfile(member)
    if file is None or member.size > _LARGEST:
        raise ValueError(_MEMBER)
    return file.read()


def _document(snapshot: Snapshot) -> dict[str, Any]:
    values = {name: getattr(snapshot, name) for name in _PLAIN}
    values["served"] = list(snapshot.served.items())
    plain = {
        name: None if value is None else _PLAIN[name].dump_python(value, mode="json")
        for name, value in values.items()
    }
    declared = snapshot.declared
    return {
        "schema": SCHEMA,
        **plain,
        "declared": declared
        and {
            "stack": declared.stack,
            "versions": dict(declared.versions),
            "objects": [_object(obj) for obj in declared.objects],
        },
        "objects": [_object(obj) for obj in snapshot.objects],
    }


def _snapshot(document: Mapping[str, Any]) -> Snapshot:
    if document["schema"] != SCHEMA:
        raise ValueError(SCHEMA)
    values: dict[str, Any] = {
        name: None if document[name] is None else one.validate_python(document[name])
        for name, one in _PLAIN.items()
    }
    values["served"] = dict(values["served"])
    declared = document["declared"]
    return Snapshot(
        **values,
        objects=tuple(_as_object(one) for one in document["objects"]),
        declared=declared
        and Declared(
            declared["stack"],
            tuple(_as_object(one) for one in declared["objects"]),
            declared["versions"],
        ),
    )


def _object(obj: Object) -> dict[str, Any]:
    own = {one.name: getattr(obj, one.name) for one in fields(obj) if one.name != "body"}
    return {**own, "body": _without_unknown(clean(obj.body))}


def _as_object(one: Mapping[str, Any]) -> Object:
    return Object(**{**one, "body": _with_unknown(one["body"])})


def _without_unknown(value: Any) -> Any:
    if value is UNKNOWN:
        return _UNKNOWN
    if isinstance(value, Mapping):
        return {key: _without_unknown(item) for key, item in value.items()}
    return [_without_unknown(item) for item in value] if isinstance(value, list | tuple) else value


def _with_unknown(value: Any) -> Any:
    if value == _UNKNOWN:
        return UNKNOWN
    if isinstance(value, dict):
        return {key: _with_unknown(item) for key, item in value.items()}
    return [_with_unknown(item) for item in value] if isinstance(value, list) else value
