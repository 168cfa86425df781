"""Two versions of an object, field by field; what is secret or not known is never shown."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from modelgate.topology.objects import UNKNOWN, Object

HIDDEN: Final = "(secret, or not known before the update)"
NOT_SHOWN: Final = "(differs; what it is is not shown)"
_LONGEST: Final = 120
_PLAIN: Final = re.compile(r"[\w-]+")


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One path; None where it is absent. Values are JSON, or the reason why they are not shown."""

    path: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class ResourceChange:
    """What happens to one resource: `operation` is Pulumi's word for it.

    `what` is `Kind ns/name`, or type and name. `deleted_first`: the old resource of a replacement
    goes before the new one comes. `left_out`: an update has begun it and not made it.
    """

    operation: str
    what: str
    fields: tuple[FieldChange, ...] = ()
    deleted_first: bool = False
    left_out: bool = False


def object_changes(before: Iterable[Object], after: Iterable[Object]) -> list[ResourceChange]:
    """What differs between two versions, without an engine: nothing is ever a replacement."""
    old = {_identity(obj): obj for obj in before}
    changes = []
    for obj in after:
        was = old.pop(_identity(obj), None)
        if was is None:
            changes.append(ResourceChange("create", obj.ref))
        elif found := tuple(fields(was.body, obj.body)):
            changes.append(ResourceChange("update", obj.ref, found))
    changes += [ResourceChange("delete", obj.ref) for obj in old.values()]
    return changes


def fields(before: Any, after: Any, path: str = "") -> Iterator[FieldChange]:
    """Every leaf that differs. Entries of a list that all have a name are paired by it."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from _pairs(before, after, lambda key: _below(path, key))
    elif isinstance(before, list) and isinstance(after, list):
        old, new = _named(before), _named(after)
        if old is None or new is None:
            old, new = dict(enumerate(before)), dict(enumerate(after))
        yield from _pairs(old, new, lambda key: f"{path}[{key}]")
    elif before != after or isinstance(before, bool) != isinstance(after, bool):
        yield FieldChange(path, _shown(before), _shown(after))


def _pairs(
    before: Mapping[Any, Any], after: Mapping[Any, Any], path: Callable[[Any], str]
) -> Iterator[FieldChange]:
    for key in dict.fromkeys([*before, *after]):
        inner = path(key)
        if key not in before:
            yield FieldChange(inner, None, _shown(after[key]))
        elif key not in after:
            yield FieldChange(inner, _shown(before[key]), None)
        else:
            yield from fields(before[key], after[key], inner)


def _below(path: str, key: str) -> str:
    if not _PLAIN.fullmatch(key):
        return f'{path}["{key}"]'
    return f"{path}.{key}" if path else key


def _named(entries: Sequence[Any]) -> dict[Any, Any] | None:
    names = [entry.get("name") for entry in entries if isinstance(entry, Mapping)]
    whole = len(names) == len(entries) == len({name for name in names if isinstance(name, str)})
    return dict(zip(names, entries, strict=True)) if whole else None


def _shown(value: Any) -> str:
    if value is UNKNOWN:
        return HIDDEN
    text = json.dumps(value, default=lambda _unknown: HIDDEN, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text)} characters)"


def _identity(obj: Object) -> tuple[str, str, str, str]:
    return (obj.group, obj.kind, obj.namespace, obj.name)
