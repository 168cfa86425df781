"""Strings that a regular expression admits, to find a witness; never to prove an absence."""

import re
from collections.abc import Iterator
from re import _parser
from typing import Any

import re2

_MOST = 6


def samples(pattern: str) -> list[str]:
    """A few short strings in which `pattern` matches; empty where none is found."""
    try:
        parsed = _parser.parse(pattern)
    except (re.error, RecursionError, OverflowError):
        return []
    found: dict[str, None] = {}
    for text in _sequence(list(parsed), 0):
        try:
            if re2.search(pattern, text) is not None:
                found[text] = None
        except re2.error:
            return []
        if len(found) >= _MOST:
            break
    return sorted(found, key=len)


def _sequence(items: list[Any], depth: int) -> Iterator[str]:
    if depth > 8:
        return
    if not items:
        yield ""
        return
    for head in _item(items[0], depth):
        for tail in _sequence(items[1:], depth + (depth > 0)):
            yield head + tail


def _item(item: Any, depth: int) -> Iterator[str]:
    name, value = str(item[0]), item[1]
    match name:
        case "LITERAL":
            yield chr(value)
        case "NOT_LITERAL" | "ANY":
            yield "x" if name == "ANY" or value != ord("x") else "y"
        case "IN":
            yield from _member(value)
        case "BRANCH":
            for branch in value[1]:
                yield from _sequence(list(branch), depth + 1)
        case "SUBPATTERN":
            yield from _sequence(list(value[3]), depth + 1)
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            yield from _repeat(value, depth)
        case "AT":
            yield ""


def _repeat(value: Any, depth: int) -> Iterator[str]:
    least, most, inner = value
    for count in dict.fromkeys((int(least), min(int(least) + 1, int(most)))):
        for text in _sequence(list(inner), depth + 1):
            yield text * count
            break


def _member(members: list[Any]) -> Iterator[str]:
    if str(members[0][0]) == "NEGATE":
        pattern = [(str(name), value) for name, value in members[1:]]
        yield next((char for char in "xyz019-_/" if not _contains(pattern, char)), "x")
        return
    for name, value in members[:2]:
        if str(name) == "LITERAL":
            yield chr(value)
        elif str(name) == "RANGE":
            yield chr(value[0])
        elif str(name) == "CATEGORY":
            yield {"CATEGORY_DIGIT": "1", "CATEGORY_SPACE": " "}.get(str(value), "x")


def _contains(members: list[tuple[str, Any]], char: str) -> bool:
    code = ord(char)
    for name, value in members:
        if name == "LITERAL" and value == code:
            return True
        if name == "RANGE" and value[0] <= code <= value[1]:
            return True
        if name == "CATEGORY" and (char.isdigit() or char.isalpha() or char == "_"):
            return True
    return False
