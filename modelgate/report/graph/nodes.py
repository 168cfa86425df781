"""The picture as nodes and edges, each once, for languages that place them on their own."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from modelgate.report.graph.picture import NO_LISTENER, NO_POLICY, SYMBOLS, Picture, Way


@dataclass(frozen=True, slots=True)
class Node:
    """One thing: its lines, and its looks: a verdict in lower case, `none` or `part`."""

    key: tuple[object, ...]
    lines: tuple[str, ...]
    style: str = "part"


@dataclass(frozen=True, slots=True)
class Edge:
    """From one node to the next; `style` as of a Node, or `asks` for a pool and its picker."""

    start: tuple[object, ...]
    end: tuple[object, ...]
    style: str = "part"


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes from left to right; keys of edges are keys of nodes."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


def graph(picture: Picture) -> Graph:
    """Every part of `picture`."""
    nodes: dict[tuple[object, ...], Node] = {}
    edges: dict[Edge, None] = {}
    for index, way in enumerate(picture.ways):
        chain = list(_chain(index, way))
        nodes.update((node.key, node) for node in chain if node.key not in nodes)
        for start, end in pairwise(chain):
            edges[Edge(start.key, end.key, chain[-2].style if end is chain[-1] else "part")] = None
    for backend in picture.backends:
        for name, style in ((backend.picker, "asks"), *((one, "part") for one in backend.services)):
            if name:
                nodes.setdefault(("backend", name), Node(("backend", name), (name,)))
                edges[Edge(("backend", backend.name), ("backend", name), style)] = None
    for key in picture.idle:
        nodes[(key,)] = Node((key,), (key, "no door to a model"))
    return Graph(tuple(nodes.values()), tuple(edges))


def _chain(index: int, way: Way) -> Iterator[Node]:
    """One way from its gateway to its backend."""
    path = way.path
    yield Node(path[:1], (f"Gateway {way.gateway}" if way.door.gateway else way.gateway,))
    if way.door.gateway:  # past every gateway there is neither listener nor policy
        yield Node(path[:2], way.listener or (NO_LISTENER,))
        yield Node(path[:3], way.policies or (NO_POLICY,), "part" if way.policies else "none")
    yield Node(path[:4], (way.route,))
    verdict = way.door.verdict
    said = (f"{SYMBOLS[verdict]} {verdict}", way.match)
    yield Node(("door", index), said, str(verdict).lower())
    yield Node(("backend", way.door.backend or "unknown"), (way.door.backend or "unknown",))
