"""A verdict is told apart by colour, by line and by word: who sees no colours misses nothing.

The hues follow Okabe and Ito ("Color universal design", 2008). Those of EXPOSED and UNDECIDED
differ in lightness as well: without red or green cones their hues are one.
"""

from dataclasses import dataclass
from typing import Final

from modelgate.findings import Verdict


@dataclass(frozen=True, slots=True)
class Look:
    """How a verdict is drawn: the line's colour, the box's, the line's dashes, its width."""

    line: str
    fill: str
    dash: str
    width: float


LOOKS: Final = {
    Verdict.EXPOSED: Look("#c0392b", "#fbe0dc", "", 3.0),
    Verdict.UNDECIDED: Look("#c28000", "#fff0c2", "7 4", 2.0),
    Verdict.EXEMPT: Look("#0058a3", "#d6e8f8", "2 4", 2.0),
    Verdict.PROTECTED: Look("#009e73", "#d9f2ea", "", 1.5),
}
INK: Final = "#1b1f24"
QUIET: Final = "#57606a"
LINE: Final = "#8c959f"
PAPER: Final = "#ffffff"
BOX: Final = "#f6f8fa"
