"""One file that a browser opens anywhere: a click on a door tells its request and its reason.

There is no script in it, and its policy forbids every one and every connection: what a door says is
a part of the page that its link makes visible.
"""

from collections.abc import Iterator
from typing import Final

from modelgate.report import words
from modelgate.report.graph import svg
from modelgate.report.graph.colours import INK, LINE, LOOKS, PAPER, QUIET
from modelgate.report.graph.picture import SYMBOLS, Picture, Way
from modelgate.report.safe import html
from modelgate.report.words import Line

_STYLE: Final = f"""\
body {{ margin: 0; background: {PAPER}; color: {INK}; font: 14px/1.5 system-ui, sans-serif; }}
main {{ overflow-x: auto; padding-bottom: 60vh; }}
main svg {{ display: block; max-width: 100%; min-width: 1200px; height: auto; }}
a {{ cursor: pointer; }}
a:hover rect, a:focus rect {{ filter: brightness(0.94); }}
a:focus {{ outline: none; }}
a:focus-visible rect {{ stroke: {INK}; stroke-width: 4; }}
aside {{ display: none; position: fixed; inset: auto 0 0 0; max-height: 55vh; overflow: auto;
  box-sizing: border-box; padding: 14px 20px; background: {PAPER};
  border-top: 4px solid {LINE}; box-shadow: 0 -4px 18px #0003; }}
aside:target {{ display: block; }}
aside h2 {{ margin: 0 40px 8px 0; font-size: 16px; overflow-wrap: anywhere; }}
aside .close {{ position: absolute; top: 10px; right: 18px; font-size: 20px; color: {QUIET};
  text-decoration: none; }}
dl {{ display: grid; grid-template-columns: max-content 1fr; gap: 4px 16px; margin: 0; }}
dt {{ color: {QUIET}; }}
dd {{ margin: 0; overflow-wrap: anywhere; }}
pre {{ margin: 0; padding: 6px 10px; background: #f6f8fa; overflow-x: auto; user-select: all; }}
p {{ color: {QUIET}; margin: 0 20px; }}"""
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"


def text(picture: Picture, title: str) -> str:
    """The page: the drawing, and for each door what a click on it shows."""
    return "\n".join(_page(picture, title))


def _page(picture: Picture, title: str) -> Iterator[str]:
    yield "<!doctype html>"
    yield '<html lang="en"><head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{html(_POLICY)}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{html(title)}</title>"
    yield f"<style>\n{_STYLE}\n{_chosen(len(picture.ways))}</style></head><body>"
    yield f"<main>\n{svg.text(picture, title, links=True)}"
    yield "<p>A door tells its request and its reason when it is clicked.</p></main>"
    for index, way in enumerate(picture.ways):
        yield from _aside(index, way)
    yield "</body></html>"


def _chosen(count: int) -> str:
    """The door whose words are shown stands out, and so does its line."""
    return "\n".join(
        f'body:has(#door-{index}:target) a[href="#door-{index}"] rect {{ stroke-width: 5; }}\n'
        f'body:has(#door-{index}:target) path[data-door="{index}"] {{ stroke-width: 5; }}'
        for index in range(count)
    )


def _aside(index: int, way: Way) -> Iterator[str]:
    door = way.door
    colour = LOOKS[door.verdict].line
    yield f'<aside id="door-{index}" style="border-color: {colour}">'
    yield '<a class="close" href="#none" aria-label="close">&times;</a>'
    yield f"<h2>{SYMBOLS[door.verdict]} {door.verdict} {html(words.title(door))}</h2><dl>"
    for line in [*words.details(door), Line("asks for", way.match)]:
        said = f"<pre>{html(line.text)}</pre>" if line.literal else html(line.text)
        yield f"<dt>{html(line.label)}</dt><dd>{said}</dd>"
    yield "</dl></aside>"
