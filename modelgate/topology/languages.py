"""Regular expressions as languages: the exact partition of all strings by several of them.

Each language is a non-deterministic automaton over printable ASCII; walking all of them at once
finds, for every combination of membership that any string has, the shortest such string. What
cannot be an automaton (look-around, back references) or grows too large is refused, never guessed.
"""

import re
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from re import _parser
from typing import Any

MOST_STATES = 20_000
MOST_COPIES = 64
PATH_CHARS = frozenset(chr(code) for code in range(0x21, 0x7F)) - set("?#")
TEXT_CHARS = frozenset(chr(code) for code in range(0x20, 0x7F))
_PREFERRED = "x/abcdefghijklmnopqrstuvwyz0123456789-_."


class NotRegularError(ValueError):
    """The expression has no automaton here, or the partition grows too large."""


@dataclass(slots=True)
class Language:
    """An automaton: state 0 starts, `end` accepts. Epsilon edges may be guarded by `^` or `$`."""

    moves: list[list[tuple[frozenset[str], int]]] = field(default_factory=lambda: [[]])
    free: list[list[tuple[int, str]]] = field(default_factory=lambda: [[]])
    end: int = 0

    def state(self) -> int:
        self.moves.append([])
        self.free.append([])
        return len(self.moves) - 1

    def link(self, start: int, end: int, guard: str = "") -> None:
        self.free[start].append((end, guard))

    def closure(self, states: Iterable[int], guards: str) -> frozenset[int]:
        found, waiting = set(states), list(states)
        while waiting:
            for target, guard in self.free[waiting.pop()]:
                if target not in found and (not guard or guard in guards):
                    found.add(target)
                    waiting.append(target)
        return frozenset(found)

    def accepts(self, states: frozenset[int], at_start: bool) -> bool:
        return self.end in self.closure(states, "^$" if at_start else "$")


def full(pattern: str, chars: frozenset[str] = PATH_CHARS) -> Language:
    """Strings that `pattern` matches as a whole. Raises NotRegularError."""
    try:
        parsed = _parser.parse(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise NotRegularError(str(error)) from error
    if parsed.state.flags & ~re.UNICODE:
        raise NotRegularError("flags")
    language = Language()
    language.end = _sequence(language, list(parsed), 0, chars)
    return language


def search(pattern: str, chars: frozenset[str] = PATH_CHARS) -> Language:
    """Strings in which `pattern` matches somewhere."""
    return full(f"(?:.*)(?:{pattern})(?:.*)", chars)


def exact(text: str, chars: frozenset[str] = PATH_CHARS) -> Language:
    return full(re.escape(text), chars)


def starts(prefix: str) -> Language:
    return full(f"{re.escape(prefix)}.*")


def below(prefix: str) -> Language:
    """Paths of whole segments under `prefix`, as Envoy matches a PathPrefix."""
    stem = re.escape(prefix.rstrip("/"))
    return full(f"{stem}(?:/.*)?" if stem else "/.*")


def partition(region: Language, others: Sequence[Language]) -> list[str]:
    """The shortest string of `region` for each way in which `others` contain or lack it.

    Raises NotRegularError where there are too many states to walk.
    """
    languages = [region, *others]
    alphabet = _alphabet(languages)
    start = tuple(language.closure([0], "^") for language in languages)
    seen, waiting = {start}, deque([(start, "")])
    found: dict[tuple[bool, ...], str] = {}
    while waiting:
        states, text = waiting.popleft()
        flags = [one.accepts(own, not text) for one, own in zip(languages, states, strict=True)]
        if flags[0]:
            found.setdefault(tuple(flags[1:]), text)
        for char in alphabet:
            after = tuple(
                _step(language, own, char) for language, own in zip(languages, states, strict=True)
            )
            if after[0] and after not in seen:
                if len(seen) >= MOST_STATES:
                    raise NotRegularError("the partition has too many states")
                seen.add(after)
                waiting.append((after, text + char))
    return list(found.values())


def _step(language: Language, states: frozenset[int], char: str) -> frozenset[int]:
    reached = {
        target for state in states for chars, target in language.moves[state] if char in chars
    }
    return language.closure(reached, "")


def _alphabet(languages: Sequence[Language]) -> list[str]:
    """One character for each class that no automaton tells apart, the plainest of each."""
    sets = {chars for one in languages for moves in one.moves for chars, _ in moves}
    universe = sorted(frozenset().union(*sets), key=_preference)
    classes: dict[tuple[bool, ...], str] = {}
    ordered = list(sets)
    for char in universe:
        classes.setdefault(tuple(char in chars for chars in ordered), char)
    return list(classes.values())


def _preference(char: str) -> tuple[int, str]:
    place = _PREFERRED.find(char)
    return (place if place >= 0 else len(_PREFERRED), char)


def _sequence(language: Language, items: list[Any], state: int, chars: frozenset[str]) -> int:
    for item in items:
        state = _item(language, str(item[0]), item[1], state, chars)
    return state


def _item(language: Language, name: str, value: Any, state: int, chars: frozenset[str]) -> int:
    if name in ("LITERAL", "NOT_LITERAL", "ANY", "IN"):
        after = language.state()
        language.moves[state].append((_class(name, value, chars), after))
        return after
    if name == "AT":
        return _anchor(language, str(value), state)
    if name == "BRANCH":
        after = language.state()
        for branch in value[1]:
            first = language.state()
            language.link(state, first)
            language.link(_sequence(language, list(branch), first, chars), after)
        return after
    if name == "SUBPATTERN" and not value[1] and not value[2]:
        return _sequence(language, list(value[3]), state, chars)
    if name in ("MAX_REPEAT", "MIN_REPEAT"):
        return _repeat(language, value, state, chars)
    raise NotRegularError(f"{name} is not regular")


def _anchor(language: Language, where: str, state: int) -> int:
    guards = {"AT_BEGINNING": "^", "AT_BEGINNING_STRING": "^", "AT_END": "$", "AT_END_STRING": "$"}
    if where not in guards:
        raise NotRegularError(where)
    after = language.state()
    language.link(state, after, guards[where])
    return after


def _repeat(language: Language, value: Any, state: int, chars: frozenset[str]) -> int:
    least, most, inner = int(value[0]), int(value[1]), list(value[2])
    endless = most == int(_parser.MAXREPEAT)
    if least > MOST_COPIES or (not endless and most > MOST_COPIES):
        raise NotRegularError("too many repetitions")
    for _ in range(least):
        state = _sequence(language, inner, state, chars)
    after = language.state()
    language.link(state, after)
    if endless:
        loop = language.state()
        language.link(state, loop)
        language.link(_sequence(language, inner, loop, chars), loop)
        language.link(loop, after)
        return after
    for _ in range(most - least):
        state = _sequence(language, inner, state, chars)
        language.link(state, after)
    return after


_DIGITS = frozenset("0123456789")
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_CATEGORIES = {
    "CATEGORY_DIGIT": _DIGITS,
    "CATEGORY_WORD": _DIGITS | _LETTERS | {"_"},
    "CATEGORY_SPACE": frozenset(" \t\n\r\f\v"),
}


def _class(name: str, value: Any, chars: frozenset[str]) -> frozenset[str]:
    if name == "ANY":
        return chars
    if name == "LITERAL":
        return chars & {chr(value)}
    if name == "NOT_LITERAL":
        return chars - {chr(value)}
    members = [(str(kind), item) for kind, item in value]
    negated = members[0][0] == "NEGATE"
    found = frozenset().union(*(_members(kind, item) for kind, item in members[negated:]))
    return chars - found if negated else chars & found


def _members(kind: str, value: Any) -> frozenset[str]:
    if kind == "LITERAL":
        return frozenset(chr(value))
    if kind == "RANGE":
        return frozenset(chr(code) for code in range(value[0], min(value[1], 0x7F) + 1))
    if kind == "CATEGORY":
        category = str(value)
        if category in _CATEGORIES:
            return _CATEGORIES[category]
        return TEXT_CHARS - _CATEGORIES[category.replace("_NOT_", "_")]
    raise NotRegularError(kind)
