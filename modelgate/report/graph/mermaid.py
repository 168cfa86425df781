"""A picture that GitHub and GitLab draw from text; whatever a name holds, it stays a name."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from modelgate.report.graph.colours import INK, LINE, LOOKS, PAPER
from modelgate.report.graph.geometry import shortened
from modelgate.report.graph.nodes import Edge, Graph, Node, graph
from modelgate.report.graph.picture import Picture
from modelgate.report.safe import plain

MOST_EDGES: Final = 500
"""Mermaid draws no more (its `maxEdges`)."""
MOST_CHARACTERS: Final = 50_000
"""Nor a longer text (its `maxTextSize`)."""
_PLAIN: Final = re.compile(r"[^\w ./:*✖?○✔…-]")


def text(picture: Picture) -> str:
    """The flow chart, from left to right."""
    return "\n".join(_chart(graph(picture)))


def too_big(picture: Picture, drawn: str) -> bool:
    """Whether a code host shows an error in its place."""
    return len(drawn) > MOST_CHARACTERS or len(graph(picture).edges) > MOST_EDGES


def _chart(found: Graph) -> Iterator[str]:
    names = {node.key: f"n{index}" for index, node in enumerate(found.nodes)}
    yield "flowchart LR"
    for node in found.nodes:
        yield f"  {names[node.key]}{_shape(node)}:::{node.style}"
    styled: dict[str, list[str]] = {}
    for index, edge in enumerate(found.edges):
        yield f"  {_edge(edge, names)}"
        styled.setdefault(edge.style, []).append(str(index))
    for verdict, look in LOOKS.items():
        name, dash = str(verdict).lower(), f",stroke-dasharray:{look.dash}" if look.dash else ""
        line = f"stroke:{look.line},stroke-width:{look.width}px{dash}"
        yield f"  classDef {name} fill:{look.fill},color:{INK},{line}"
        if name in styled:
            yield f"  linkStyle {','.join(styled[name])} {line}"
    yield f"  classDef part fill:{PAPER},color:{INK},stroke:{LINE}"
    yield f"  classDef none fill:{PAPER},color:{INK},stroke-dasharray:4 3"


def _shape(node: Node) -> str:
    """A door has round corners, all else is a box."""
    said = "<br/>".join(_encoded(shortened(plain(line), 60)) for line in node.lines)
    return f'("{said}")' if node.key[0] == "door" else f'["{said}"]'


def _edge(edge: Edge, names: Mapping[tuple[object, ...], str]) -> str:
    arrow = "-. asks .->" if edge.style == "asks" else "-->"
    return f"{names[edge.start]} {arrow} {names[edge.end]}"


def _encoded(value: str) -> str:
    """Every character that could mean something as Mermaid's own code for it."""
    return _PLAIN.sub(lambda found: f"#{ord(found[0])};", value)
