"""Executed topologies, and what the judge must answer to their requests."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelgate.topology import Object, Outcome, Request, read

Asked = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Vector:
    """One topology: its objects and, for each request, the outcome in the worst order."""

    name: str
    objects: list[Object]
    exposed: bool
    expected: list[tuple[Request, Outcome]]
    pruned: list[tuple[Request, Outcome]]
    """Requests whose outcome differs where the CRDs prune rule names (Gateway API 1.3)."""


def load(path: Path) -> Vector:
    told = json.loads(path.read_text("utf-8"))
    reverse = {_key(item): item for item in told.get("reverse_order", ())}
    return Vector(
        name=path.stem,
        objects=read(path.with_suffix(".yaml").read_text("utf-8"), path.stem),
        exposed=told["exposed_in_some_order"],
        expected=[
            (_request(item), _outcome(item, reverse.get(_key(item)))) for item in told["requests"]
        ],
        pruned=[
            (_request(item), _outcome(item, None))
            for item in told.get("gateway_api_1_3_standard", {}).get("differs", ())
        ],
    )


def _key(item: Asked) -> str:
    return json.dumps(item["request"], sort_keys=True)


def _request(item: Asked) -> Request:
    return Request(**item["request"])


def _outcome(item: Asked, reverse: Asked | None) -> Outcome:
    seen = set(_seen(item)) | set(_seen(reverse) if reverse else ())
    if "pass" in seen:
        redirected = (item["routed_to"] or {}).get("action") == "redirect"
        return Outcome.ANSWERED if redirected else Outcome.REACHES_MODEL
    return Outcome.NO_ROUTE if seen == {"no-route"} else Outcome.REFUSED


def _seen(item: Asked) -> Iterator[str]:
    yield from item.get("unstable") or [item["outcome"]]
