"""Files of text, searched as whoever receives them could read them: pages, JSON, notebooks, CSV, plain text.

A page is read twice over, the text that shows and then what its tags hold; a table cell by cell.
"""

from __future__ import annotations

import base64
import binascii
import csv
import json
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from html import unescape
from pathlib import Path
from urllib.parse import unquote

from etabli.disclosure.seen import Cell, Seen, identity_columns, leaves, line, seen_in, seen_in_cells
from etabli.personal_data import concealed

BLOCK = 4_000_000
"""Characters of a text file that are read at once: a delivery may be larger than memory."""


def plain_file(path: Path) -> Iterator[Seen]:
    """Search a text, told by its lines."""
    before = 0
    for block in _blocks(path):
        yield from seen_in(block, lambda place, _, block=block, before=before: line(  # type: ignore[misc]
            before + block.count("\n", 0, place) + 1
        ))  # fmt: skip
        before += block.count("\n")


def _blocks(path: Path) -> Iterator[str]:
    """Yield a text file in blocks of whole lines, as UTF-8 when it is, else as Latin-1: every byte is a letter."""
    encoding = _encoding(path)
    try:
        with path.open(encoding=encoding, newline="\n") as file:
            for _ in iter(lambda: file.read(BLOCK), ""):
                pass
    except UnicodeDecodeError:
        encoding = "latin-1"
    with path.open(encoding=encoding, newline="\n") as file:
        while lines := file.readlines(BLOCK):
            yield "".join(lines)


def _encoding(path: Path) -> str:
    """Return the Unicode encoding that the first bytes tell: a mark, or every second byte empty."""
    with path.open("rb") as opened:
        head = opened.read(400)
    if head[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return "utf-16"
    half = len(head) // 2
    if half and head[1::2].count(0) * 2 > half:
        return "utf-16-le"
    if half and head[0::2].count(0) * 2 > half:
        return "utf-16-be"
    return "utf-8-sig"


_IMAGE = re.compile(r"(data:(?!text/|application/json|image/svg)[\w/+.;=-]*;base64,)[A-Za-z0-9+/=\s]+")
_TEXT = re.compile(r"data:(?:text/[\w+.-]+|application/json|image/svg\+xml)[\w;=-]*;base64,([A-Za-z0-9+/=\s]+)")
_INLINE = re.compile(
    r"</?(?:a|abbr|b|code|em|font|i|mark|q|small|span|strong|sub|sup|tspan|u|wbr)\b[^>]*>", re.IGNORECASE
)
_BREAK = re.compile(r"<br\b[^>]*>", re.IGNORECASE)
_TAG = re.compile(r"<!--|-->|</?[A-Za-z!?][^>]*>")


def read_page(raw: str) -> tuple[str, str]:
    r"""Return a page's text as its reader sees it, and what its tags hold.

    >>> read_page('<p title="a">06 <b>12</b></p>')
    ('\n06 12\n', '<p title="a">')
    """
    embedded = [_decoded(match[1]) for match in _TEXT.finditer(raw)]
    bare = _TEXT.sub("", _IMAGE.sub(r"\1", raw))
    shown = unescape(_TAG.sub("\n", _BREAK.sub(" ", _INLINE.sub("", bare))))
    tags = unescape("\n".join(dict.fromkeys(each for each in _TAG.findall(bare) if len(each) > _BARE_TAG)))
    return "\n".join((shown, *embedded)), unquote(tags)


_BARE_TAG = 12
"""Characters under which a tag holds nothing but its own name."""


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text).decode("utf-8", "replace")
    except binascii.Error:
        return ""


def page(path: Path) -> Iterator[Seen]:
    """Search a page, told by the lines of its source where the datum stands there to the letter."""
    raw = "".join(_blocks(path))

    def where(_: int, datum: str) -> str:
        place = raw.find(datum)
        return line(raw.count("\n", 0, place) + 1) if place >= 0 else ""

    for text in read_page(raw):
        yield from seen_in(text, where)


def json_file(path: Path) -> Iterator[Seen]:
    """Search a JSON file or a notebook, told by the way to each string."""
    yield from _strings(json.loads("".join(_blocks(path))))


def json_lines(path: Path) -> Iterator[Seen]:
    """Search a file of one JSON value a line; a line that a kill cut short is searched as it stands."""
    for number, text in enumerate("".join(_blocks(path)).split("\n"), start=1):
        if text.strip():
            try:
                tree = json.loads(text)
            except (ValueError, RecursionError):
                yield from seen_in_cells([Cell(text, line(number), "")])
            else:
                yield from _strings(tree, f"{line(number)}, ")


def _strings(tree: object, prefix: str = "") -> Iterator[Seen]:
    yield from seen_in_cells(
        Cell(part, prefix + _way(way), str(way[-1]) if way else "")
        for way, text in leaves(tree)
        for part in _parts(text)
    )


def _parts(text: str) -> tuple[str, ...]:
    """Return a string of a JSON file as it stands, and as a page when it is one (the output of a notebook)."""
    if "<" in text and _TAG.search(text):
        return read_page(text)
    if ";base64," in text:
        return (_IMAGE.sub(r"\1", text), *(_decoded(match[1]) for match in _TEXT.finditer(text)))
    return (text,)


def _way(way: tuple[object, ...]) -> str:
    """Say where a string of a JSON file stands; in a notebook, by its cell.

    A key of the file is shown only when it is a plain word: it may be a person as well.
    """
    if way[:1] == ("cells",) and len(way) > 1 and isinstance(way[1], int):
        part = {"source": "source", "outputs": "sortie"}.get(str(way[2]) if len(way) > 2 else "", "métadonnées")
        return f"cellule {way[1] + 1}, {part}"
    return ".".join(_shown(str(each)) for each in way)


@lru_cache(4096)
def _shown(key: str) -> str:
    return concealed(key) if re.fullmatch(r"[\w-]{1,30}", key) else "…"


def delimited(path: Path) -> Iterator[Seen]:
    """Search a table in text cell by cell, told by its lines; as plain text where it is none (a quote left open)."""
    head = "".join(next(_blocks(path), "").splitlines(keepends=True)[:20])
    separator = max(";\t,|", key=lambda each: (head.partition("\n")[0].count(each), head.count(each)))
    header = next(csv.reader(head.splitlines()[:1], delimiter=separator), [])
    yield from identity_columns(header)
    try:
        yield from _rows(path, separator, header)
    except csv.Error:
        yield from plain_file(path)


def _rows(path: Path, separator: str, header: list[str]) -> Iterator[Seen]:
    lines = (each for block in _blocks(path) for each in block.splitlines(keepends=True))
    reader = csv.reader(lines, delimiter=separator)
    cells: list[Cell] = []
    size = first = 0
    for row in reader:
        told = line(first + 1)
        first = reader.line_num
        names = header if len(row) == len(header) else [""] * len(row)
        cells += [Cell(text, told, name) for text, name in zip(row, names, strict=True) if len(text) >= _SHORTEST]
        size += sum(map(len, row))
        if size > BLOCK:
            yield from seen_in_cells(cells)
            cells, size = [], 0
    yield from seen_in_cells(cells)


_SHORTEST = 5
"""Characters of the shortest cell that may hold a datum: « M. Ba »."""


def name_of_file(shown: str) -> Iterator[Seen]:
    """Search a file's name and its folders, « DUPONT_Marie.csv » read as two words."""
    parts: Iterable[str] = {shown, shown.replace("_", " ")}
    for text in sorted(parts):
        yield from seen_in(text.replace("/", "\n"), lambda *_: "nom du fichier")
