"""The workbook of a report, read back: refused when its sheets are not all that it holds.

`read` refuses bytes that are not, to the last one, those that `write` makes of what it read. So nothing else can be in
a workbook that is read: no formula, comment, hidden sheet or column, link, property, name, date or leftover of whoever
saved it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache
from io import BytesIO
from itertools import count
from xml.etree.ElementTree import Element, fromstring
from zipfile import ZIP_STORED, BadZipFile, ZipFile

from etabli.disclosure.seen import Cell, Seen, seen_in_cells
from etabli.disclosure.workbook import DECLARATION, HEAD_ROW, MOST_DIGITS, UNITS, Book, Number, Sheet, shown, write
from etabli.personal_data import concealed

MOST_BYTES = 32 << 20
"""A workbook is read in memory; that of a report of a hundred tables takes two million."""


@lru_cache(2)
def read(content: bytes) -> Book:
    """Return what a workbook holds; the same one is read once, although several guards look at it.

    Raises
    ------
    ValueError
        It is not, to the byte, what `write` makes of a book; the message says so in French.
    """
    try:
        book = _book(content)
        written = write(book)
    except _UNREADABLE:
        raise ValueError(STRANGE) from None
    if written != content:
        raise ValueError(STRANGE)
    return book


STRANGE = "un classeur qui n’est pas, à l’octet près, celui qu’etabli fait de ces feuilles"
_UNREADABLE = (
    ArithmeticError,
    BadZipFile,
    LookupError,
    NotImplementedError,
    RecursionError,
    SyntaxError,  # that of XML is one
    TypeError,
    ValueError,
)
"""What zipfile, XML and openpyxl raise of bytes that are no such workbook."""

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_PLACE = re.compile(r"([A-Z]{1,3})([1-9]\d{0,6})", re.ASCII)

Values = dict[int, dict[str, str | Number]]
"""The values of a sheet, by line, then by the letters of their column."""


def _book(content: bytes) -> Book:
    """Return what stands in the cells; whatever else there may be, `read` finds by writing the book again."""
    if len(content) > MOST_BYTES:
        raise ValueError(STRANGE)
    with ZipFile(BytesIO(content)) as archive:
        if any(entry.compress_type != ZIP_STORED for entry in archive.infolist()):
            raise ValueError(STRANGE)
        parts = {name: archive.read(name) for name in archive.namelist()}
    roots = {name: _root(part) for name, part in parts.items()}
    formats = _number_formats(roots["xl/styles.xml"])
    names = [each.attrib["name"] for each in roots["xl/workbook.xml"].iter(f"{_MAIN}sheet")]
    found = (roots[f"xl/worksheets/sheet{number}.xml"] for number in range(1, len(names) + 1))
    return Book(tuple(_sheet(name, _values(root, formats)) for name, root in zip(names, found, strict=True)))


def _root(part: bytes) -> Element:
    if not part.startswith(DECLARATION.encode()) or b"<!" in part:  # no entity, no comment, no other encoding
        raise ValueError(STRANGE)
    return fromstring(part)  # noqa: S314  # it declares no entity


def _number_formats(styles: Element) -> list[str]:
    """Return the number format of each style that a cell may have."""
    codes = {each.attrib["numFmtId"]: each.attrib["formatCode"] for each in styles.iter(f"{_MAIN}numFmt")}
    used = styles.find(f"{_MAIN}cellXfs")
    return (
        []
        if used is None
        else [codes.get(each.attrib["numFmtId"], _BUILT_IN[each.attrib["numFmtId"]]) for each in used]
    )


_BUILT_IN = defaultdict(str, {"3": "#,##0", "4": "#,##0.00"})


def _values(root: Element, formats: list[str]) -> Values:
    found: Values = defaultdict(dict)
    for cell in root.iter(f"{_MAIN}c"):
        place = _PLACE.fullmatch(cell.attrib["r"])
        if place is None:
            raise ValueError(STRANGE)
        is_text = cell.attrib["t"] == "inlineStr"
        found[int(place[2])][place[1]] = (
            cell.findtext(f"{_MAIN}is/{_MAIN}t", "")
            if is_text
            else _read_number(cell.findtext(f"{_MAIN}v", ""), formats[int(cell.attrib["s"])])
        )
    return found


def _read_number(text: str, code: str) -> Number:
    unit = _FORMATS[code]
    return Number(f"{Decimal(text).scaleb(UNITS[unit][1]):f}".replace(".", ","), unit)


_FORMATS = {shown(unit, digits): unit for unit in UNITS for digits in range(MOST_DIGITS + 1)}


def _sheet(name: str, values: Values) -> Sheet:
    head = values[HEAD_ROW]
    end = next(line for line in count(HEAD_ROW + 1) if line not in values)
    notes = [values[line]["A"] for line in sorted(values) if line > end]
    return Sheet(
        name,
        _words(values[1]["A"]),
        tuple(_words(each) for each in head.values()),
        tuple(tuple(values[line].get(letters, "") for letters in head) for line in range(HEAD_ROW + 1, end)),
        tuple(map(_words, notes)),
    )


def _words(value: str | Number) -> str:
    if isinstance(value, Number):
        raise TypeError(STRANGE)
    return value


def seen_in_workbook(content: bytes) -> Iterator[Seen]:
    """Yield the personal data of a report's workbook.

    Raises
    ------
    ValueError
        As for `read`.
    """
    yield from seen_in_cells(
        Cell(text, f"feuille « {concealed(sheet.name)} »", head)
        for sheet in read(content).sheets
        for head, text in _texts(sheet)
    )


def _texts(sheet: Sheet) -> Iterator[tuple[str, str]]:
    for text in (sheet.name, sheet.title, *sheet.head, *sheet.notes):
        yield "", text
    for row in sheet.rows:
        for head, value in zip(sheet.head, row, strict=True):
            yield head, value.text if isinstance(value, Number) else value
