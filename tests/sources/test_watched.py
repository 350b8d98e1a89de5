"""What stops the reading of a file that is looked at while it is read, wherever its blocks end."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pandas as pd
import pytest

from etabli.sources import delimited, fast_pass
from etabli.sources.checks import read_tidy
from etabli.sources.codebook import SourceCodebook
from etabli.sources.watched import Unusual, WatchedFile, line_feeds

Book = Callable[..., SourceCodebook]
SIZES = [1, 2, 3, 5, 100]


def watched(text: bytes, size: int, *, ascii_only: bool = False) -> WatchedFile:
    """Return a file of one header line, read to its end in blocks of a size."""
    offset = text.index(b"\n") + 1
    file = BytesIO(text)
    found = WatchedFile(file, file.read(offset + 2), offset, ascii_only=ascii_only)
    while found.read(size):
        pass
    return found


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("text", [b"a\n1\n2\n", b"a\r\n1\r\n2\r\n", "a\né\n€ 𝄞\n".encode(), b"a\nx0\n0 x\n"])
def test_ordinary_file_is_read_to_its_end(text: bytes, size: int) -> None:
    found = watched(text, size)
    assert (found.line_feeds, found.tail) == (2, text[text.index(b"\n") + 1 :])


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "text",
    [
        b"a\n1\r2\n3\n", b"a\n1\n2\r", b"a\r\n1\r\r\n2\n", b"a\n1\n\xe9 2\n", b"a\n1\n2\xc3",
        "é\n1\n".encode("latin-1"), b'a\n1\n"2"\n', b"a\n1\n2\0\n", b"a\n1\n0x1F\n", b"a\n1\n0X\n", b'"a"\n1\n',
    ],
)  # fmt: skip
def test_what_only_the_whole_file_tells_stops_the_reading(text: bytes, size: int) -> None:
    with pytest.raises(Unusual):
        watched(text, size)


@pytest.mark.parametrize("text", ["a\né\n", "é\n1\n"])
def test_letter_beyond_ascii_stops_where_another_encoding_is_declared(text: str) -> None:
    with pytest.raises(Unusual):
        watched(text.encode(), 100, ascii_only=True)


def test_line_feeds_are_those_after_a_place() -> None:
    text = b"a\nb\n" * 100_000
    assert (line_feeds(text), line_feeds(text, 2), line_feeds(b"a", 1)) == (200_000, 199_999, 0)


@pytest.mark.parametrize("block", [64, 1_000])
@pytest.mark.parametrize(
    ("last", "rows"), [(b"", 500), (b"12", 501), (b"12\r\n\r\n", 501), (b";\r\n", 500), (b"\r\n7;a\r\n", 501)]
)
def test_file_of_many_blocks_is_read_as_the_whole_of_it(
    last: bytes, rows: int, block: int, make_book: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows cut anywhere, a last one of bare separators, a blank one between others: as when the file is read whole."""
    book = make_book({"separator": ";", "encoding": "utf-8"}, number={"type": "integer", "required": False},
                     name={"type": "text", "required": False})  # fmt: skip
    last = last + b";" if last == b"12" else last.replace(b"12\r", b"12;\r")
    path = tmp_path / "rows.csv"
    path.write_bytes(b"number;name\r\n" + b"".join(b"%d;n\r\n" % row for row in range(500)) + last)
    monkeypatch.setattr(fast_pass, "_READ", block)
    monkeypatch.setattr(delimited, "_SAMPLE", 100)
    found = read_tidy(path, book, shown="rows.csv")
    monkeypatch.setattr(delimited, "_flowing", lambda *_: None)
    pd.testing.assert_frame_equal(found, read_tidy(path, book, shown="rows.csv"))
    assert len(found) == rows


@pytest.mark.parametrize("sample", [1, 2, 8, 9, 100])
def test_header_beyond_the_first_look_is_read_with_the_whole_file(
    sample: int, make_book: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its first letter, or one in its middle, is cut in two."""
    book = make_book({"separator": ";", "encoding": "utf-8"}, place={"type": "text", "column": "été"},
                     number={"type": "integer", "column": "âge"})  # fmt: skip
    path = tmp_path / "rows.csv"
    path.write_text("été;âge\nHaÿ;1\n", encoding="utf-8")
    monkeypatch.setattr(delimited, "_SAMPLE", sample)
    assert read_tidy(path, book, shown="rows.csv")["number"].tolist() == [1]


def test_ordinary_file_is_not_read_again(make_book: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("number\n1\n2\n", encoding="utf-8")
    monkeypatch.setattr(delimited, "as_utf8", None)
    found = read_tidy(path, make_book({"encoding": "utf-8"}, number={"type": "integer"}), shown="rows.csv")
    assert found["number"].tolist() == [1, 2]
