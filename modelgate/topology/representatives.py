"""One text for each way in which comparisons with literals can turn out, the plainest first.

Between a head and a tail stands a mark that occurs in no literal, so that the text begins with
exactly the literals that the head begins with, ends likewise, and contains what was put between.
"""

from collections.abc import Collection, Iterable, Iterator
from itertools import combinations

from modelgate.topology.asked import Tests
from modelgate.topology.languages import NotRegularError

MOST_CONTAINED = 6
_MARKS = "xyzqjkvwu0987654321gpbmfcdhlnrtsioeaXYZQJKVWU_~-"


def mark(words: Iterable[str]) -> str:
    """A character that occurs in none of `words`. Raises NotRegularError where there is none."""
    used = set().union(*words)
    for char in _MARKS:
        if char not in used:
            return char
    raise NotRegularError("the literals use every character")


def representatives(tests: Tests, head: str = "") -> list[str]:
    """Texts that begin with `head`, one for each way in which `tests` can turn out for them.

    Texts that equal a literal come too, whether they begin with `head` or not. Raises
    NotRegularError where `tests` hold a pattern, or too many words that may be contained.
    """
    if tests.patterns or len(tests.contains) > MOST_CONTAINED:
        raise NotRegularError("more than comparisons with a few literals")
    heads = {head, *(word for word in tests.starts if word.startswith(head))}
    between = mark([head, *tests.equal, *tests.starts, *tests.ends, *tests.contains])
    found = {
        between.join((first, *inner, last))
        for first in heads
        for inner in _subsets(tests.contains)
        for last in {"", *tests.ends}
    }
    return sorted({*tests.equal, *found}, key=lambda text: (len(text), text))


def _subsets(words: Collection[str]) -> Iterator[tuple[str, ...]]:
    ordered = sorted(words)
    for size in range(len(ordered) + 1):
        yield from combinations(ordered, size)
