"""Names and values from manifests can inject neither terminal escapes nor Markdown nor HTML.

Everything a manifest may hold passes through one of these functions before it is printed:
a namespace called `\\x1b[2J` must not clear the screen of the person who judges it, and one
called `</details>` must not close the pull request comment around it.
"""

import html as _html
import re
from typing import Final

_PUNCTUATION: Final = re.compile(r"([!\"#$%'()*+,\-./:;=?@\[\\\]^_`{|}~])")
_MERMAID: Final = frozenset('#;<>%"`&{}[]|\\')
_ZERO_WIDTH_SPACE: Final = "&#8203;"


def plain(value: str) -> str:
    """`value` on one line: control, bidirectional and invisible characters become `\\xNN`."""
    if value.isprintable():
        return value
    return "".join(char if char.isprintable() else _escape(char) for char in value)


def lines(value: str) -> list[str]:
    """The lines of a text of our own that holds values of others, each of them plain."""
    return [plain(line) for line in value.split("\n")]


def markdown(value: str) -> str:
    """`value` as running Markdown text: no link, no emphasis, no HTML, no mention."""
    text = _html.escape(plain(value), quote=False)
    pieces = re.split(r"(&(?:amp|lt|gt);)", text)
    escaped = "".join(
        piece if index % 2 else _PUNCTUATION.sub(r"\\\1", piece)
        for index, piece in enumerate(pieces)
    )
    return escaped.replace("\\@", f"\\@{_ZERO_WIDTH_SPACE}")


def code(value: str) -> str:
    """`value` as a Markdown code span that also holds inside a table cell.

    A pipe becomes `\\x7c`: GitHub splits the cell before it reads the span, and the backslash
    that should prevent that can itself be escaped by one in the value.
    """
    text = plain(value).replace("|", "\\x7c")
    fence = "`" * (_longest_run(text) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}" if text else ""


def block(value: str, language: str = "text") -> str:
    """`value` as a fenced Markdown block; the fence is longer than any run inside it."""
    text = "\n".join(lines(value))
    fence = "`" * max(3, _longest_run(text) + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def html(value: str) -> str:
    """`value` as HTML text or as the value of a quoted attribute."""
    return _html.escape(plain(value), quote=True)


def mermaid(value: str) -> str:
    """`value` as text of a Mermaid diagram: nothing in it ends the text or starts an entity."""
    return "".join(char if char not in _MERMAID else f"#{ord(char)};" for char in plain(value))


def folded(title: str, inner: str) -> str:
    """Markdown that a reader unfolds; `title` is of others, `inner` is Markdown of ours."""
    told = html(title).replace("@", f"@{_ZERO_WIDTH_SPACE}")
    return f"<details><summary>{told}</summary>\n\n{inner}\n\n</details>"


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall(r"`+", text)), default=0)
