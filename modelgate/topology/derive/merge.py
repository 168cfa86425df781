"""One specification from a service and its baseRefs: later wins, templates are rendered.

Follows KServe's config_merge.go: a strategic merge, then Go templates over the whole result. What
this does not know to render becomes UNKNOWN, never a guess.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from modelgate.topology.objects import UNKNOWN, Unknown

Section = Mapping[str, Any] | Unknown | None

_MERGE_KEYS = {
    "containers": "name",
    "initContainers": "name",
    "env": "name",
    "volumes": "name",
    "imagePullSecrets": "name",
    "volumeMounts": "mountPath",
    "ports": "containerPort",
}
"""Lists that Kubernetes merges by a key (k8s.io/api/core/v1, patchMergeKey); others replace."""

_ACTION = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}")
_CHILD = re.compile(r"^ChildName\s+\.(?:ObjectMeta\.)?Name\s+[`\"]([^`\"]*)[`\"]$")
_TLS = re.compile(
    r"\{\{-?\s*if \.GlobalConfig\.EnableTLS\s*-?\}\}(.*?)"
    r"(?:\{\{-?\s*else\s*-?\}\}.*?)?\{\{-?\s*end\s*-?\}\}"
)


def section(parent: Section, key: str) -> Section:
    """`parent[key]` if it is a mapping (an empty one included) or UNKNOWN; None otherwise."""
    if isinstance(parent, Unknown):
        return UNKNOWN
    value = None if parent is None else parent.get(key)
    return value if isinstance(value, Mapping | Unknown) else None


def either(value: Any, default: Any) -> Any:
    """`value`, or `default` where it is absent or empty; UNKNOWN stays."""
    return value if isinstance(value, Unknown) or value else default


def merged(base: Any, patch: Any, key: str = "") -> Any:
    """`patch` over `base`; `key` is the field that holds them."""
    if isinstance(base, Mapping) and isinstance(patch, Mapping):
        result = dict(base)
        for name, value in patch.items():
            result[name] = merged(base[name], value, name) if name in base else value
        return result
    if isinstance(base, list) and isinstance(patch, list) and key in _MERGE_KEYS:
        return _by_key(base, patch, _MERGE_KEYS[key])
    return base if patch is None else patch


def _by_key(base: list[Any], patch: list[Any], key: str) -> list[Any]:
    result = list(base)
    places = {_key_of(item, key): place for place, item in enumerate(base)}
    for item in patch:
        place = places.get(_key_of(item, key))
        if place is None:
            result.append(item)
        else:
            result[place] = merged(base[place], item)
    return result


def _key_of(item: Any, key: str) -> Any:
    value = item.get(key) if isinstance(item, Mapping) else None
    return value if isinstance(value, str | int) else id(item)


def rendered(value: Any, known: Mapping[str, Any], child: Callable[[str], str]) -> Any:
    """`value` with Go template actions replaced in every text below it.

    `known` maps `.ObjectMeta.Name` and the like to values, `child` gives `ChildName .Name suffix`.
    """
    if isinstance(value, Mapping):
        return {key: rendered(item, known, child) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [rendered(item, known, child) for item in value]
    if isinstance(value, str) and "{{" in value:
        return _text(value, known, child)
    return value


def _text(text: str, known: Mapping[str, Any], child: Callable[[str], str]) -> Any:
    text = _TLS.sub(r"\1", text)
    parts = _ACTION.split(text)
    for place in range(1, len(parts), 2):
        call = _CHILD.match(parts[place])
        value = child(call[1]) if call else known.get(parts[place])
        if not isinstance(value, str):
            return UNKNOWN
        parts[place] = value
    return "".join(parts)


def found(names: Sequence[Any], find: Callable[[str], Section]) -> tuple[list[Any], list[str]]:
    """The specifications of configurations by name, and the names for which there is none."""
    specs: list[Any] = []
    missing: list[str] = []
    for item in names:
        name = item.get("name") if isinstance(item, Mapping) else item
        spec = find(name) if isinstance(name, str) else None
        if isinstance(spec, Mapping):
            specs.append(spec)
        else:
            missing.append(name if isinstance(name, str) else "UNKNOWN")
    return specs, missing
