"""No condition, however it is written, hides a request that gets in from the proof."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelgate.findings import Verdict
from modelgate.topology import Door, Outcome, Request, Settings, analyze, trace
from tests.topology import platforms
from tests.topology.platforms import auth_policy, base, http_route, rule

ASSUMED: Settings = platforms.settings()
HOST = "maas.example.com"


def door(*conditions: str, prefix: str = "/llm") -> Door:
    objects = base(http_route(rule(prefix)), auth_policy(when=conditions))
    return next(item for item in analyze(objects, ASSUMED).doors if item.listener)


@pytest.mark.parametrize(
    "condition",
    [
        "!(request.path.startsWith('/llm/files/') && request.path.endsWith('.json'))",
        (
            "!(request.path.contains('one') && request.path.contains('two') "
            "&& request.path.contains('three') && request.path.contains('four') "
            "&& request.path.contains('five'))"
        ),
        "!(request.path.contains('/a') && request.path.endsWith('b') && request.path != '/llm/ab')",
        (
            "!('x-a' in request.headers && request.headers['x-a'].startsWith('pub') "
            "&& request.headers['x-a'] != 'pub' && request.headers['x-a'].endsWith('lic'))"
        ),
        "request.query != 'debug'",
        "!request.query.contains('debug=1')",
        "!request.query.startsWith('public')",
        "request.path != '/llm/health?full=1'",
        "!request.path.contains('h?full')",
        "request.path != '/llm/health?'",
        "request.method != 'm-search'",
        "!(request.method.startsWith('PRO') && request.method != 'PROPFIND')",
        "request['path'] != '/llm/health'",
        "request.referer != 'https://inside.example.com/'",
        "request.useragent != 'kube-probe/1.31'",
        "request.headers.referer != 'x' || !has(request.headers.referer)",
        (
            "!('x9' in request.headers && request.headers['x9'] != 'x9' "
            "&& request.headers['x9'] != 'x' && request.headers['x9'] != '')"
        ),
        "!['/llm/a', '/llm/b'].exists(item, request.path.startsWith(item))",
        "!(request.path.lowerAscii() == '/llm/health' && request.path != '/llm/health')",
        "!(request.path in [request.headers['x-path']])",
        "!(request.headers[request.method] == 'x')",
        "!(request.path == request.headers['x-path'])",
        "request['host'] != 'public.example.com'",
        "[request].exists(r, r.host != 'public.example.com')",
        "request.headers[':path'] != '/llm/health'",
        "request.headers[':authority'] != 'public.example.com'",
        "request.scheme == 'https'",
        "!request.path.matches('^/llm/(health|ready)$')",
        "request.path.size() < 100",
        "!request.query.matches('^debug$')",
        "!request.method.matches('^X-[A-Z]+$')",
        "!request.headers['x-a'].matches('^in') || !('x-a' in request.headers)",
        "!request.url_path.matches('^/llm/[a-c]{3}$')",
        (
            "!(request.url_path.matches('a.c') && request.url_path.endsWith('/z') "
            "&& request.url_path.contains('q'))"
        ),
        "!(request.headers.exists(h, h.startsWith('x-') && request.headers[h] == 'on'))",
    ],
)
def test_a_condition_with_a_gap_is_never_a_proof(condition: str) -> None:
    assert door(condition).verdict in (Verdict.EXPOSED, Verdict.UNDECIDED)


@pytest.mark.parametrize(
    ("condition", "path"),
    [
        ("!(request.path.startsWith('/llm/f/') && request.path.endsWith('.js'))", "/llm/f/x.js"),
        ("request.path != '/llm/health?full=1'", "/llm/health?full=1"),
        ("request.query != 'debug'", "/llm?debug"),
        ("!(request.path.contains('a') && request.path.contains('b'))", "/llm/xaxbx"),
    ],
)
def test_the_gap_is_shown(condition: str, path: str) -> None:
    found = door(condition)
    assert found.request is not None
    assert found.request.path == path


@pytest.mark.parametrize(
    "condition",
    [
        "request.path.startsWith('/llm')",
        "request.path != '/healthz' && request.path != '/readyz'",
        "request.method in ['GET', 'POST'] || request.method != 'GET'",
        "!(request.path.startsWith('/a/') && request.path.contains('b'))",
        "!request.url_path.matches('^/metrics$')",
        "has(request.headers.x) || !has(request.headers.x)",
    ],
)
def test_a_condition_without_a_gap_is_proved(condition: str) -> None:
    assert door(condition).verdict is Verdict.PROTECTED


WORDS = st.sampled_from(
    ["/llm/", "/llm/a", "a", "b", "ab", "x", "/x9", "GET", "a?b", "?", "a=b", ""]
)
ATTRIBUTES = st.sampled_from(
    [
        "request.path",
        "request.url_path",
        "request.query",
        "request.method",
        "request.headers['x-a']",
        "request.headers['x-b']",
    ]
)


@st.composite
def atoms(draw: st.DrawFn) -> str:
    attribute, word = draw(ATTRIBUTES), draw(WORDS)
    how = draw(st.sampled_from(["==", "!=", "startsWith", "endsWith", "contains", "in"]))
    if how == "in":
        return f"{attribute} in ['{word}', '{draw(WORDS)}']"
    if how in ("==", "!="):
        return f"{attribute} {how} '{word}'"
    return f"{attribute}.{how}('{word}')"


def joined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("({} && {})".format, inner, inner),
        st.builds("({} || {})".format, inner, inner),
        st.builds("!({})".format, inner),
    )


CONDITIONS = st.recursive(atoms(), joined, max_leaves=5)
PIECES = st.lists(WORDS, max_size=4).map("".join)


@st.composite
def requests(draw: st.DrawFn) -> Request:
    path, query = draw(PIECES).replace("?", "/"), draw(PIECES)
    names = draw(st.sets(st.sampled_from(["x-a", "x-b"])))
    return Request(
        host=HOST,
        method=draw(st.sampled_from(["GET", "POST", "ab", "xGET", "GETa"])),
        path=f"/llm/{path}" + draw(st.sampled_from(["", "?", f"?{query}"])),
        headers={name: draw(PIECES) for name in sorted(names)},
    )


@settings(derandomize=True, deadline=None, max_examples=150)
@given(condition=CONDITIONS, asked=st.lists(requests(), min_size=1, max_size=25))
def test_no_request_gets_in_through_a_door_that_is_proved(
    condition: str, asked: list[Request]
) -> None:
    objects = base(http_route(rule("/llm")), auth_policy(when=[condition]))
    inside = [
        request
        for request, answer in zip(asked, trace(objects, ASSUMED, asked), strict=True)
        if answer.outcome is Outcome.REACHES_MODEL
    ]
    found = door(condition)
    if found.verdict is Verdict.PROTECTED:
        assert inside == []
    if found.request:
        assert trace(objects, ASSUMED, [found.request])[0].outcome is Outcome.REACHES_MODEL
