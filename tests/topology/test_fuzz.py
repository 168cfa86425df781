"""Whatever stands in a manifest, it is judged or refused in words: nothing raises."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelgate.errors import ConfigurationError
from modelgate.topology import UNKNOWN, Object, Request, analyze, read, trace
from policies.judgement import report
from tests.topology import platforms
from tests.topology.case_files import BASE, sides

SEEDS = [obj for side in sides() for obj in side.objects]
KINDS = sorted({obj.kind for obj in SEEDS})
TEXTS = sorted({side.text for side in sides()})
Place = tuple[str | int, ...]

some = settings(
    derandomize=True,
    deadline=None,
    max_examples=120,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
STRANGE = st.one_of(
    st.sampled_from([None, True, 0, -1, 12.0, 1e400, 10**30, [], {}, UNKNOWN]),
    st.sampled_from(["", "x", "*", "[", "(?<a>", "\x1b[2J", "é" * 5000]),
    st.sampled_from([[None], ["x"], {"x": None}, [[]], {"": {}}, [UNKNOWN], {"x": UNKNOWN}]),
)


def places(value: Any, at: Place = ()) -> Iterator[Place]:
    """Every place in a manifest, the whole included."""
    yield at
    inner = value.items() if isinstance(value, dict) else ()
    for key, item in enumerate(value) if isinstance(value, list) else inner:
        yield from places(item, (*at, key))


def put(body: Any, at: Place, value: Any) -> Any:
    if not at:
        return value
    changed = copy.copy(body)
    changed[at[0]] = put(body[at[0]], at[1:], value)
    return changed


@st.composite
def mutated(draw: st.DrawFn) -> Object:
    kind = draw(st.sampled_from(KINDS))
    obj = draw(st.sampled_from([seed for seed in SEEDS if seed.kind == kind]))
    body: Any = obj.body
    for _ in range(draw(st.integers(1, 3))):
        found = [at for at in places(body) if at and at[0] not in ("apiVersion", "kind")]
        if found:
            body = put(body, draw(st.sampled_from(found)), draw(STRANGE))
    return Object(obj.api_version, obj.kind, obj.namespace, obj.name, body)


REQUESTS = [
    Request("maas.example.com", path="/llm/llama/v1/models"),
    Request("", method="", scheme="", port=0, path=""),
    Request("::1", path="//..%2f?&=&", headers={"": "", "authorization": "Bearer x"}),
    Request("x:y:1", path="http://", gateway="ingress/maas", sni="\x00"),
]


@some
@given(changed=st.lists(mutated(), min_size=1, max_size=3), replacing=st.booleans())
def test_no_manifest_breaks_the_judge(changed: list[Object], replacing: bool) -> None:
    others = [platforms.auth_policy()]
    objects = platforms.base(*others, *changed) if replacing else [*platforms.base(), *changed]
    analysis = analyze(objects, platforms.settings())
    assert all(door.reason for door in analysis.doors)
    assert report(analysis).environment == "production"
    assert len(trace(objects, platforms.settings(), REQUESTS)) == len(REQUESTS)


def general(at: Place) -> Place:
    return tuple(0 if isinstance(part, int) else part for part in at)


def fields(kind: str) -> list[tuple[Object, Place]]:
    """Every field that some case gives to an object of this kind, with such an object."""
    found: dict[Place, tuple[Object, Place]] = {}
    for obj in (seed for seed in SEEDS if seed.kind == kind):
        for at in places(obj.body):
            if at and at[0] not in ("apiVersion", "kind"):
                found.setdefault(general(at), (obj, at))
    return list(found.values())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", [None, float("inf"), "x", [None], {}, UNKNOWN])
def test_no_type_in_any_field_breaks_the_judge(kind: str, value: Any) -> None:
    for seed, at in fields(kind):
        body = put(seed.body, at, value)
        changed = Object(seed.api_version, kind, seed.namespace, seed.name, body)
        objects = platforms.base(platforms.auth_policy(), changed)
        analysis = analyze(objects, platforms.settings())
        assert report(analysis).doors == analysis.doors


def told(text: str) -> list[Object] | ConfigurationError:
    try:
        return read(text, "file.yaml")
    except ConfigurationError as error:
        return error


PIECES = st.sampled_from(["", "{", "]", ":", "- ", "\n", "\t", "&a ", "*a", "!!x ", '"'])


@some
@given(text=st.sampled_from(TEXTS), cuts=st.data())
def test_no_text_breaks_the_reader(text: str, cuts: st.DataObject) -> None:
    for _ in range(cuts.draw(st.integers(1, 4))):
        at = cuts.draw(st.integers(0, len(text)))
        text = text[:at] + cuts.draw(PIECES) + text[at + cuts.draw(st.integers(0, 3)) :]
    found = told(text)
    if isinstance(found, ConfigurationError):
        assert found.message.startswith("file.yaml")
        assert found.exit_code == 2
        assert found.hint
    else:
        assert all(obj.kind and obj.source.startswith("file.yaml:") for obj in found)


@some
@given(text=st.text(alphabet="{}[]:,-#&*!|>'\"%@` \n\tab1~<=?", max_size=60))
def test_no_string_breaks_the_reader(text: str) -> None:
    found = told(text)
    assert isinstance(found, list) or found.message.startswith("file.yaml")


LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join([f'*{chr(97 + i)}'] * 10)}]\n" for i in range(9)
)
OBJECT = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "file.yaml:2: not YAML"),
        (f"{OBJECT}---\nkind: ]\n", "file.yaml:5: not YAML"),
        (f"{OBJECT}kind: Service\n", "file.yaml:4: the key 'kind' stands twice"),
        (
            "apiVersion: v1\nkind: List\nitems:\n- kind: List\n  items: []\n",
            "file.yaml:4: a List in a List",
        ),
        ("apiVersion: v1\nkind: List\nitems: 3\n", "items of a List must be a list, not a number"),
        (LAUGHS, "its anchors expand to more than a cluster would take"),
        ("just text", "file.yaml:1: not a Kubernetes object but text"),
        (f"{OBJECT}---\n- a\n", "file.yaml:5: not a Kubernetes object but a list"),
        ("kind: Pod\n", "file.yaml:1: not a Kubernetes object: apiVersion is missing"),
        ("apiVersion: v1\nkind: 3\n", "file.yaml:1: kind must be text, not a number"),
        ("apiVersion: v1\nkind: Pod\nmetadata: []\n", "metadata must be a mapping, not a list"),
        (
            "apiVersion: v1\nkind: Pod\nmetadata: {name: 1.5}\n",
            "metadata.name must be text, not a number",
        ),
        ("? [a]\n: b\n", "file.yaml:1: a key that is not text"),
        ("a: &a\n  b: *a\n", "its anchors expand"),
        ("[" * 5000, "file.yaml"),
        ("a: !!python/object:os.system x\n", "file.yaml:1: not YAML"),
        ("a: \x00", "file.yaml"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_line(text: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        read(text, "file.yaml")
    assert said in raised.value.message


@pytest.mark.parametrize("text", ["", "---\n", "# nothing\n", "---\n---\n", "null\n"])
def test_nothing_is_no_object(text: str) -> None:
    assert read(text, "file.yaml") == []


def test_numbers_stay_numbers_and_dates_stay_text() -> None:
    (obj,) = read(f"{OBJECT}spec: {{a: 12.0, b: 2026-01-01, 3: yes, <<: {{c: 1}}}}\n", "file.yaml")
    assert obj.spec == {"a": 12.0, "b": "2026-01-01", "3": True, "c": 1}


def test_a_large_file_is_read() -> None:
    text = "---\n".join(BASE for _ in range(300))
    assert len(read(text, "file.yaml")) == 300 * 7
