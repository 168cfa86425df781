"""Reading foreign manifests never fails: a wrong type is absent, an UNKNOWN stays visible.

The field table reports wrong types before anything is judged; these accessors only make sure
that no later step trips over one.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from typing import Any

from modelgate.topology.objects import UNKNOWN


def mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def items(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else ()


def mappings(value: Any) -> Iterator[Mapping[str, Any]]:
    return (item for item in items(value) if isinstance(item, Mapping))


def text(value: Any, default: str = "") -> str:
    return value if isinstance(value, str) else default


def number(value: Any, default: int = 0) -> int:
    if isinstance(value, float) and isfinite(value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def labels(value: Any) -> dict[str, str]:
    return {key: text(item) for key, item in mapping(value).items()}


def unknown_paths(value: Any, prefix: str) -> Iterator[str]:
    """The path of every UNKNOWN leaf below `value`, as `spec.listeners[0].hostname`."""
    if value is UNKNOWN:
        yield prefix
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from unknown_paths(item, f"{prefix}.{key}" if prefix else str(key))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from unknown_paths(item, f"{prefix}[{index}]")


def selects(selector: Any, labelled: Mapping[str, str]) -> bool:
    """Whether a Kubernetes LabelSelector selects an object with these labels. Empty selects all."""
    selector = mapping(selector)
    wanted = mapping(selector.get("matchLabels"))
    if any(labelled.get(key) != value for key, value in wanted.items()):
        return False
    return all(
        _holds(expression, labelled) for expression in mappings(selector.get("matchExpressions"))
    )


def selected_by(selector: Any) -> set[str]:
    """The names of the labels that a LabelSelector asks for."""
    expressions = mappings(mapping(selector).get("matchExpressions"))
    return {*mapping(mapping(selector).get("matchLabels"))} | {
        text(expression.get("key")) for expression in expressions
    }


def _holds(expression: Mapping[str, Any], labelled: Mapping[str, str]) -> bool:
    key, values = text(expression.get("key")), items(expression.get("values"))
    match expression.get("operator"):
        case "In":
            return labelled.get(key) in values
        case "NotIn":
            return labelled.get(key) not in values
        case "Exists":
            return key in labelled
        case "DoesNotExist":
            return key not in labelled
    return False
