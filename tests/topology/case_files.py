"""Cases in files: topologies beside what their requests meet and what their doors are called."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from modelgate.topology import Door, Object, Outcome, Request, Settings, read

FOLDER = Path(__file__).parent / "cases"
BASE = (FOLDER / "base.yaml").read_text("utf-8")
ASSUMED = {"kuadrant": "1.5.2", "gateway-api": "1.4", "openshift-ai": "3.4"}


@dataclass(frozen=True, eq=False)
class Side:
    """One side of a case: `bad` stands open or undecided, `good` beside it is closed."""

    name: str
    text: str
    objects: list[Object]
    settings: Settings
    requests: list[tuple[Request, Outcome]]
    doors: Mapping[str, str]


def sides() -> Iterator[Side]:
    for path in sorted(FOLDER.glob("*.yaml")):
        if path.name == "base.yaml":
            continue
        told = yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
        for side in ("bad", "good"):
            for suffix, content in _variants(told.get(side)):
                yield _side(f"{path.stem}:{side}{suffix}", content)


def _variants(content: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(content, list):
        yield from ((str(index), item) for index, item in enumerate(content))
    elif content is not None:
        yield "", content


def _side(name: str, content: Mapping[str, Any]) -> Side:
    text = yaml.dump_all(content.get("objects", ()), Dumper=yaml.CSafeDumper, sort_keys=False)
    own = read(text, name)
    given = {obj.ref for obj in own} | set(content.get("without", ()))
    base = [obj for obj in read(BASE, "base.yaml") if obj.ref not in given]
    assume = {**ASSUMED, **content.get("assume", {})}
    return Side(
        name=name,
        text=text,
        objects=[*base, *own],
        settings=Settings(assume=assume),
        requests=[(_request(line), Outcome(said)) for line, said in content["requests"].items()]
        if "requests" in content
        else [],
        doors=content.get("doors", {}),
    )


def _request(line: str) -> Request:
    """`POST https://host:port/path?query name=value sni=name` as a request."""
    method, url, *rest = line.split()
    pairs = dict(item.split("=", 1) for item in rest)
    scheme, _, address = url.partition("://")
    host, slash, path = address.partition("/")
    sni, port = pairs.pop("sni", ""), int(pairs.pop("port", 443 if scheme == "https" else 80))
    return Request(
        host=host,
        method=method,
        scheme=scheme,
        port=port,
        path=pairs.pop("target", slash + path or "/"),
        headers=pairs,
        gateway=pairs.pop("gateway", ""),
        sni=sni,
    )


def called(door: Door) -> str:
    """A door as the cases name it: `https HTTPRoute llm/llama 0`, or its route alone."""
    parts = (door.listener, door.route, "" if door.rule is None else str(door.rule))
    return " ".join(part for part in parts if part)
