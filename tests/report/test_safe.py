"""Nothing from a manifest can act on a terminal, a Markdown page or an HTML page."""

import io
import json
import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rich.console import Console

from modelgate.report import as_json, junit, markdown, safe, sarif, terminal, text
from tests.report.samples import ATTACK

OWN_HTML = re.compile(r"<details><summary>[^<>]*</summary>|</details>|<br>")
PARSER = MarkdownIt("commonmark").enable("table")


@given(st.text())
def test_plain_text_is_one_printable_line(value: str) -> None:
    assert safe.plain(value).isprintable()


@given(st.text().filter(str.isprintable))
def test_plain_text_leaves_printable_text_alone(value: str) -> None:
    assert safe.plain(value) == value


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("\x9b2J", "\\x9b2J"),
        ("abc\u202edef", "abc\\u202edef"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("lone \ud800", "lone \\ud800"),
        ("größe 模型", "größe 模型"),
    ],
)
def test_what_cannot_be_seen_is_spelled_out(value: str, shown: str) -> None:
    assert safe.plain(value) == shown


@given(st.text(alphabet="ab`|\\<>&*_[]()!#@\n -~:/.", min_size=1))
def test_markdown_text_stays_text(value: str) -> None:
    inline = PARSER.parse(f"x {safe.markdown(value)} y")[1]
    assert inline.children is not None
    assert {token.type for token in inline.children} <= {"text", "text_special"}


@given(st.text(alphabet="ab`|\\<>\n ", min_size=1))
def test_a_code_span_holds_in_a_table(value: str) -> None:
    page = f"| a | b |\n|---|---|\n| {safe.code(value)} | end |\n"
    cells = [token for token in PARSER.parse(page) if token.type == "inline"][2:]
    assert [cell.content for cell in cells][-1] == "end"
    assert cells[0].children is not None
    assert "html_inline" not in {token.type for token in cells[0].children}
    assert len(cells) == 2


@given(st.text(alphabet="ab`~<>\n ", min_size=1))
def test_a_block_ends_where_it_should(value: str) -> None:
    tokens = PARSER.parse(f"{safe.block(value)}\n\nend\n")
    assert [token.type for token in tokens][:2] == ["fence", "paragraph_open"]


@given(st.text())
def test_html_text_opens_no_tag(value: str) -> None:
    assert not re.search(r"[<>\"']", safe.html(value))


def test_a_mention_reaches_nobody() -> None:
    assert "@team" not in safe.markdown("ask @team")


@pytest.mark.parametrize("render", [text.check, markdown.check, as_json.check, junit.check])
def test_no_report_carries_an_escape(render: object) -> None:
    assert callable(render)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", render(ATTACK))


def test_no_terminal_report_carries_an_escape() -> None:
    console = Console(file=io.StringIO(), width=200, color_system=None)
    terminal.check(ATTACK, console)
    assert isinstance(console.file, io.StringIO)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", console.file.getvalue())


def test_a_pull_request_page_holds_only_our_own_html() -> None:
    html = [
        token.content.strip()
        for block in PARSER.parse(markdown.check(ATTACK))
        for token in [block, *(block.children or [])]
        if token.type in {"html_block", "html_inline"}
    ]
    assert html
    assert "".join(OWN_HTML.sub("", found) for found in html) == ""


def test_a_pull_request_page_holds_no_link_and_no_image() -> None:
    kinds = {
        token.type
        for block in PARSER.parse(markdown.check(ATTACK))
        for token in block.children or []
    }
    assert not kinds & {"link_open", "image"}


def test_machine_forms_stay_well_formed() -> None:
    json.loads(as_json.check(ATTACK))
    json.loads(sarif.check(ATTACK, {}, "0.1.0", "Pulumi.yaml"))
    assert ET.fromstring(junit.check(ATTACK)).tag == "testsuites"
