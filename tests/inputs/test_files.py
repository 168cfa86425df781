"""What is named is read whole and once, or refused with a sentence; nothing is dropped silently."""

import io
from pathlib import Path

import pytest

from modelgate.errors import ConfigurationError, ModelgateError
from modelgate.inputs import files


def names(*paths: Path | str) -> list[str]:
    return [text.name for text in files.read([str(path) for path in paths])]


def write(path: Path, content: str | bytes = "a: 1\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_a_folder_is_read_with_all_below_it_in_order(tmp_path: Path) -> None:
    for name in ("b/z.yml", "b/a.json", "a.yaml", "readme.md", "c/d/e.yaml"):
        write(tmp_path / name)
    expected = ["a.yaml", "b/a.json", "b/z.yml", "c/d/e.yaml"]
    assert names(tmp_path) == [str(tmp_path / name) for name in expected]


def test_a_file_is_read_once_however_often_it_is_named(tmp_path: Path) -> None:
    file = write(tmp_path / "a.yaml")
    (tmp_path / "link.yaml").symlink_to(file)
    assert names(file, tmp_path, tmp_path / "link.yaml") == [str(file)]


def test_folders_that_link_in_a_circle_end(tmp_path: Path) -> None:
    write(tmp_path / "in" / "a.yaml")
    (tmp_path / "in" / "again").symlink_to(tmp_path)
    assert names(tmp_path) == [str(tmp_path / "in" / "a.yaml")]


def test_a_linked_folder_is_read(tmp_path: Path) -> None:
    write(tmp_path / "elsewhere" / "a.yaml")
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "link").symlink_to(tmp_path / "elsewhere")
    assert names(tmp_path / "here") == [str(tmp_path / "here" / "link" / "a.yaml")]


def test_a_hidden_folder_is_passed_over_and_told(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml")
    write(tmp_path / ".git" / "b.yaml")
    assert names(tmp_path) == [str(tmp_path / "a.yaml")]
    assert files.passed_over([str(tmp_path)]) == [str(tmp_path / ".git")]


@pytest.mark.parametrize(
    "content",
    ["größe: 1\n".encode(), "größe: 1\n".encode("utf-8-sig"), "größe: 1\n".encode("utf-16")],
)
def test_a_byte_order_mark_says_the_encoding(tmp_path: Path, content: bytes) -> None:
    file = write(tmp_path / "a.yaml", content)
    assert [text.content for text in files.read([str(file)])] == ["größe: 1\n"]


def test_stdin_is_a_dash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"a: 1\n")))
    assert list(files.read(["-"])) == [files.Text("stdin", "a: 1\n")]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("missing.yaml", None, "cannot read it: No such file or directory"),
        ("a.yaml", b"\xff\xff\x00", "not a text in UTF-8: byte 0 is 0xff"),
        ("a.yaml", b"#" * (files.MAX_BYTES + 1), "larger than 64 MB"),
    ],
    ids=["missing", "binary", "large"],
)
def test_what_cannot_be_read_is_refused_by_name(
    tmp_path: Path, name: str, content: bytes | None, words: str
) -> None:
    if content is not None:
        write(tmp_path / name, content)
    with pytest.raises(ConfigurationError, match=f"{name}: {words}"):
        names(tmp_path / name)


def test_a_folder_without_manifests_is_no_clean_run(tmp_path: Path) -> None:
    write(tmp_path / "readme.md")
    with pytest.raises(ModelgateError, match="nothing was judged") as raised:
        names(tmp_path)
    assert raised.value.exit_code == 3
