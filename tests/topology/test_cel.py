"""CEL in three values: what is understood is right, what fails fails, the rest is unsure."""

from typing import Any

import pytest

from modelgate.topology.cel import CelError, Unsure, evaluate, holds
from modelgate.topology.cel_syntax import CelSyntaxError, free_names, parse

ENV = {
    "request": {
        "method": "GET",
        "path": "/a/b?c=d",
        "headers": {"x-a": "one", "x-b": "two"},
    },
    "source": Unsure("source"),
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 1 == 2", "unsure"),
        ("'a' + 'b'", "ab"),
        ("['a'] + ['b'] == ['a', 'b']", True),
        ("size('abc') == 3 && size(['a']) == 1 && {'a': 1}.size() == 1", True),
        ("'GET' in ['GET', 'POST']", True),
        ("!('PUT' in ['GET', 'POST'])", True),
        ("'x-a' in request.headers && !('x-c' in request.headers)", True),
        ("request.headers['x-a'] == request['headers'].x_a", "error"),
        ("request.headers['x-a'] != 'two'", True),
        ("request.path.startsWith('/a/') && request.path.endsWith('=d')", True),
        ("request.path.contains('b?c') && !request.path.contains('z')", True),
        ("request.path.matches('^/a/[a-z]')", True),
        ("request.path.matches('(')", "error"),
        ("request.method.lowerAscii() == 'get' && 'é'.upperAscii() == 'é'", True),
        ("'a' < 'b' && 'b' <= 'b' && 2 > 1 && 2 >= 2", True),
        ("true == 1", False),
        ("has(request.method) && !has(request.nothing)", True),
        ("has(source.address)", "unsure"),
        ("['a', 'b'].exists(x, x == 'b')", True),
        ("['a', 'b'].exists(x, x == 'c')", False),
        ("['a', 'b'].all(x, x != 'c')", True),
        ("['a', 'b'].all(x, x != 'b')", False),
        ("['a', 'b'].exists_one(x, x == 'b')", True),
        ("['b', 'b'].exists_one(x, x == 'b')", False),
        ("['a', 'b'].filter(x, x == 'b')", ["b"]),
        ("['a', 'b'].map(x, x + '!')", ["a!", "b!"]),
        ("request.headers.exists(h, request.headers[h] == 'two')", True),
        ("request.path.exists(x, true)", "error"),
        ("source.exists(x, true)", "unsure"),
        ("request.method == 'GET' ? 'yes' : 'no'", "yes"),
        ("source.x == 'a' ? 'yes' : 'no'", "unsure"),
        ("['a', 'b'][1]", "b"),
        ("['a', 'b'][2]", "error"),
        ("{'a': 'b'}['a'] + {'a': 'b'}.a", "bb"),
        ("request.nothing", "error"),
        ("nothing", "error"),
        ("request.path.split('/')", "unsure"),
        ("source.address == '10.0.0.1'", "unsure"),
        ("'\\x41\\u0042\\103\\n' == 'ABC\\n'", True),
        ("r'\\d' == '\\\\d' && \"\"\"a\"\"\" == 'a'", True),
        ("null == null", True),
    ],
)
def test_expressions(text: str, value: Any) -> None:
    found = evaluate(parse(text), ENV)
    kinds = {CelError: "error", Unsure: "unsure"}
    assert kinds.get(type(found), found) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("request.nothing == 'a' || true", True),
        ("true || request.nothing == 'a'", True),
        ("request.nothing == 'a' && false", False),
        ("false && source.x == 'a'", False),
        ("request.nothing == 'a' || false", "error"),
        ("source.x == 'a' || request.nothing == 'a'", "unsure"),
        ("request.path", "error"),
        ("'text'", "unsure"),
        ("request.path && true", "error"),
        ("size('a') || false", "unsure"),
        ("!request.path", "unsure"),
    ],
)
def test_predicates(text: str, value: Any) -> None:
    found = holds(parse(text), ENV)
    kinds = {CelError: "error", Unsure: "unsure"}
    assert kinds.get(type(found), found) is value or kinds.get(type(found)) == value


@pytest.mark.parametrize("text", ["request.path ==", "'\\d'", "b'bytes'", "a b", "'", ""])
def test_what_is_no_cel(text: str) -> None:
    with pytest.raises(CelSyntaxError):
        parse(text)


def test_names_that_a_macro_declares_are_not_free() -> None:
    assert free_names(parse("[a].exists(x, x == b && y)")) == {"a", "b", "y"}
    assert free_names(parse("x + [1].map(x, x)")) == {"x"}
