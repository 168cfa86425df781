"""A picture for Graphviz, and for whatever else reads its language."""

from collections.abc import Iterator
from typing import Final

from modelgate.findings import Verdict
from modelgate.report.graph.colours import INK, LINE, LOOKS, Look
from modelgate.report.graph.nodes import Graph, graph
from modelgate.report.graph.picture import Picture
from modelgate.report.safe import plain

_STYLES: Final = {
    Verdict.EXPOSED: "bold",
    Verdict.UNDECIDED: "dashed",
    Verdict.EXEMPT: "dotted",
    Verdict.PROTECTED: "solid",
}


def text(picture: Picture, title: str) -> str:
    """The directed graph, from left to right."""
    return "\n".join(_graph(graph(picture), title))


def _graph(found: Graph, title: str) -> Iterator[str]:
    names = {node.key: f"n{index}" for index, node in enumerate(found.nodes)}
    yield f"digraph {_quoted(title)} {{"
    yield f'  rankdir=LR; node [shape=box, style=rounded, fontname=monospace, color="{LINE}"];'
    for node in found.nodes:
        label = f"label={_quoted(*node.lines)}"
        yield f"  {names[node.key]} [{', '.join([label, *_node(node.style)])}];"
    for edge in found.edges:
        yield f"  {names[edge.start]} -> {names[edge.end]}{_edge(edge.style)};"
    yield "}"


def _look(style: str) -> tuple[Look, str] | None:
    """How a verdict is drawn, and Graphviz's word for its line."""
    for verdict, look in LOOKS.items():
        if str(verdict).lower() == style:
            return look, _STYLES[verdict]
    return None


def _node(style: str) -> list[str]:
    found = _look(style)
    if found is None:
        return ['style="rounded,dashed"'] if style == "none" else []
    look, line = found
    return [
        f'style="rounded,filled,{line}"',
        f'color="{look.line}"',
        f'fillcolor="{look.fill}"',
        f'fontcolor="{INK}"',
    ]


def _edge(style: str) -> str:
    found = _look(style)
    if found is None:
        return " [style=dashed, label=asks]" if style == "asks" else ""
    look, line = found
    return f' [color="{look.line}", style={line}]'


def _quoted(*lines: str) -> str:
    """A quoted string; a backslash of a name is none of Graphviz's."""
    escaped = (plain(line).replace("\\", "\\\\").replace('"', '\\"') for line in lines)
    return '"' + "\\n".join(escaped) + '"'
