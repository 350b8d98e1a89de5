"""The workbook of a report: what may be in it, and how it is written.

A `Book` is all that it may hold; `write` makes the same bytes of the same book, everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from io import BytesIO
from textwrap import wrap
from typing import TYPE_CHECKING
from xml.etree.ElementTree import canonicalize
from zipfile import ZIP_STORED, ZipFile, ZipInfo

if TYPE_CHECKING:
    from openpyxl.styles import NamedStyle
    from openpyxl.worksheet.worksheet import Worksheet

WORKBOOK = "tableaux.xlsx"
"""Its name in the folder of a report."""

CONTENTS, NOTES = "Sommaire", "Notes"
CONTENTS_HEAD, NOTES_HEAD = ("Feuille", "Titre", "Champ"), ("Rubrique", "Texte")
OF_NOTES = ("Édition, destinataires, secret statistique, sources et citation", "Ensemble du rapport")
"""What the contents say of the notes."""
WARNING, TO_CITE = "Avertissement", "Pour citer"
BACK = "Retour au sommaire"

OWN_WORDS = frozenset({CONTENTS, NOTES, *CONTENTS_HEAD, *NOTES_HEAD, *OF_NOTES, WARNING, TO_CITE, ""})
"""Words that a workbook may say although the page of its report does not."""


@dataclass(frozen=True)
class Number:
    """A number as printed (« 50,8 »), with its unit: one of `UNITS`."""

    text: str
    unit: str = ""

    @property
    def digits(self) -> int:
        return len(self.text.partition(",")[2])


UNITS = {
    "": ("#,##0{}", 0),
    "%": ('0{}"\N{NO-BREAK SPACE}"%', 2),
    "±%": ('+0{}"\N{NO-BREAK SPACE}"%;-0{}"\N{NO-BREAK SPACE}"%;0{}"\N{NO-BREAK SPACE}"%', 2),
    "points": (
        '+0{}"\N{NO-BREAK SPACE}points";-0{}"\N{NO-BREAK SPACE}points";0{}"\N{NO-BREAK SPACE}points"',
        0,
    ),
    "€": ('#,##0{}"\N{NO-BREAK SPACE}€"', 0),
}
"""How a number is shown, by its unit, and by how many places its value stands below what is shown: percentages are
real ones. A spreadsheet shows the separators of its reader's language."""

MOST_DIGITS = 4


@dataclass(frozen=True)
class Sheet:
    """One sheet: a title, a row of headings, rows, then notes."""

    name: str
    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str | Number, ...], ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Book:
    """A workbook: its contents, one sheet a table, its notes."""

    sheets: tuple[Sheet, ...]


HEAD_ROW = 3
"""Above it: the title, and the way back to the contents."""

_NUMBER = re.compile(r"-?\d+(,\d{1,4})?", re.ASCII)


def number(text: str, unit: str) -> str | Number:
    """Return a value of a table as a number when it is one, else as the words or the sign that it is.

    >>> number("50,8", "%"), number("///", "%")
    (Number(text='50,8', unit='%'), '///')
    """
    return Number(text, unit) if _NUMBER.fullmatch(text) else text


# Writing ---------------------------------------------------------------------------------------------


def write(book: Book) -> bytes:
    """Return the bytes of a workbook.

    Text is text, whatever it begins with. Parts are written in one form of XML, not compressed, under one date: the
    same book is the same bytes with any version of zlib or lxml.
    """
    from openpyxl import Workbook

    opened = Workbook()
    opened.remove(opened.worksheets[0])
    opened.calculation.fullCalcOnLoad = False  # there is nothing to compute, nor to save on leaving
    names = {sheet.name for sheet in book.sheets}
    for style in _styles(book):
        opened.add_named_style(style)
    for sheet in book.sheets:
        _fill(opened.create_sheet(sheet.name), sheet, names)
    stream = BytesIO()
    opened.save(stream)
    with ZipFile(stream) as archive:
        parts = {name: archive.read(name).decode("utf-8") for name in archive.namelist()}
    parts["docProps/core.xml"] = _CORE.format(escape(_clean(book.sheets[0].title), quote=False))
    parts["docProps/app.xml"] = _APP
    out = BytesIO()
    with ZipFile(out, "w", ZIP_STORED) as archive:
        for name in sorted(parts, key=lambda each: (each != "[Content_Types].xml", each)):
            entry = ZipInfo(name)  # of 1980, as all of them
            entry.create_system = 0  # else it tells the system
            archive.writestr(entry, DECLARATION + canonicalize(parts[name]))
    return out.getvalue()


DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_CORE = (
    '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{}</dc:title><dc:language>fr-FR</dc:language>'
    "</cp:coreProperties>"
)
_APP = (
    '<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/extended-properties">'
    "<Application>etabli</Application></Properties>"
)


def _fill(worksheet: Worksheet, sheet: Sheet, names: set[str]) -> None:
    """Write one sheet: the rows, then what makes it readable and printable."""
    is_contents = sheet.name == CONTENTS
    _text(worksheet, 1, 1, sheet.title, _TITLE)
    if not is_contents:
        _link(worksheet, 2, BACK, CONTENTS)
    figures = [any(isinstance(row[place], Number) for row in sheet.rows) for place in range(len(sheet.head))]
    for column, (text, is_figure) in enumerate(zip(sheet.head, figures, strict=True), start=1):
        _text(worksheet, HEAD_ROW, column, text, _HEAD[is_figure])
    for line, row in enumerate(sheet.rows, start=HEAD_ROW + 1):
        for column, (value, is_figure) in enumerate(zip(row, figures, strict=True), start=1):
            if isinstance(value, Number):
                _number(worksheet, line, column, value)
            elif is_contents and column == 1 and value in names:
                _link(worksheet, line, value, value)
            else:
                _text(worksheet, line, column, value, _WORDS[is_figure])
    for line, text in enumerate(sheet.notes, start=HEAD_ROW + len(sheet.rows) + 2):
        _text(worksheet, line, 1, text, _NOTE)
    _lay_out(worksheet, sheet)


def _lay_out(worksheet: Worksheet, sheet: Sheet) -> None:
    from openpyxl.utils import get_column_letter

    widths = [_width(sheet, place) for place in range(len(sheet.head))]
    for place, width in enumerate(widths, start=1):
        worksheet.column_dimensions[get_column_letter(place)].width = width
    worksheet.row_dimensions[1].height = _TITLE_HEIGHT
    for line, row in enumerate((sheet.head, *sheet.rows), start=HEAD_ROW):
        texts = [each if isinstance(each, str) else each.text for each in row]
        worksheet.row_dimensions[line].height = _LINE * max(map(_lines, texts, widths))
    for line, text in enumerate(sheet.notes, start=HEAD_ROW + len(sheet.rows) + 2):
        worksheet.row_dimensions[line].height = _LINE * _lines(text, widths[0] * 6 // 5)  # smaller letters
    worksheet.freeze_panes = f"A{HEAD_ROW + 1}"
    worksheet.print_title_rows = f"{HEAD_ROW}:{HEAD_ROW}"
    worksheet.sheet_properties.pageSetUpPr.fitToPage = True
    worksheet.page_setup.orientation = "landscape"
    worksheet.page_setup.paperSize = 9  # A4
    worksheet.page_setup.fitToHeight = 0
    worksheet.oddFooter.left.text, worksheet.oddFooter.right.text = "&A", "&P / &N"


def _width(sheet: Sheet, place: int) -> int:
    """Return the width of a column, in characters: the first one carries the notes that stand under the table."""
    cells = [row[place] for row in sheet.rows]
    if any(isinstance(each, Number) for each in cells):
        return max(_NARROW, 2 + max(map(len, sheet.head[place].split()), default=0))
    if place == 0 and sheet.notes:
        return _OF_NOTES
    return min(_WIDE, 2 + max(map(len, (sheet.head[place], *map(str, cells)))))


_NARROW, _OF_NOTES, _WIDE = 14, 60, 80
_LINE, _TITLE_HEIGHT = 15.0, 22.0
"""Heights, in points."""


def _lines(text: str, width: int) -> int:
    """Return how many lines a text takes in a column: told to spreadsheets, which do not all measure it themselves."""
    return max(1, len(wrap(text, max(1, width - 2))))


def _styles(book: Book) -> Iterator[NamedStyle]:
    """Yield how cells look, each under a name: openpyxl is slow at styles that are told cell by cell."""
    from openpyxl.styles import Alignment, Border, Font, NamedStyle, PatternFill, Side

    ink, accent, muted, pale = "FF1B2A3A", "FF0B5C7A", "FF55636F", "FFF2F6F8"
    left, right = Alignment(vertical="top", wrap_text=True), Alignment(horizontal="right", vertical="top")
    plain = {"font": Font(name="Calibri", size=11, color=ink)}
    head = {
        "font": Font(name="Calibri", size=11, bold=True, color=ink),
        "fill": PatternFill("solid", fgColor=pale),
        "border": Border(bottom=Side("medium", color=ink)),
    }
    wrapped = Alignment(horizontal="right", vertical="bottom", wrap_text=True)
    yield NamedStyle(_TITLE, Font(name="Calibri", size=14, bold=True, color=accent))  # it runs over the columns
    yield NamedStyle(_NOTE, Font(name="Calibri", size=10, color=muted), alignment=left)
    yield NamedStyle(_LINK, Font(name="Calibri", size=11, underline="single", color=accent), alignment=left)
    yield NamedStyle(_HEAD[False], **head, alignment=Alignment(vertical="bottom", wrap_text=True))
    yield NamedStyle(_HEAD[True], **head, alignment=wrapped)
    yield NamedStyle(_WORDS[False], **plain, alignment=left)
    yield NamedStyle(_WORDS[True], **plain, alignment=right)
    values = (value for sheet in book.sheets for row in sheet.rows for value in row)
    for unit, digits in sorted({(each.unit, each.digits) for each in values if isinstance(each, Number)}):
        yield NamedStyle(_figure(unit, digits), **plain, alignment=right, number_format=shown(unit, digits))


_TITLE, _NOTE, _LINK = "etabli titre", "etabli note", "etabli lien"
_HEAD = {False: "etabli en-tête", True: "etabli en-tête de nombres"}
_WORDS = {False: "etabli texte", True: "etabli signe"}


def _figure(unit: str, digits: int) -> str:
    return f"etabli nombre {unit} {digits}".replace("  ", " ")


def _text(worksheet: Worksheet, row: int, column: int, text: str, style: str) -> None:
    """Write words as words, also once they are edited: « =A1 » is no formula, « #N/A » no error."""
    if not text:
        return
    written = _clean(text)
    cell = worksheet.cell(row, column, written)
    cell.data_type = "s"
    cell.style = style
    if written.startswith(_FORMULAS):
        cell.quotePrefix = True


_FORMULAS = ("=", "+", "-", "@", "\t")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]")


def _clean(text: str) -> str:
    """Return a text without what XML cannot hold."""
    return _UNPRINTABLE.sub("\ufffd", text.replace("\r\n", "\n"))


def _link(worksheet: Worksheet, row: int, text: str, target: str) -> None:
    from openpyxl.worksheet.hyperlink import Hyperlink

    cell = worksheet.cell(row, 1)
    cell.hyperlink = Hyperlink(ref=cell.coordinate, location=f"'{target}'!A1")
    _text(worksheet, row, 1, text, _LINK)


def _number(worksheet: Worksheet, row: int, column: int, value: Number) -> None:
    """Write a number with the digits that it is printed with, and not those of its binary form (0.6899999999999999)."""
    cell = worksheet.cell(row, column, f"{Decimal(value.text.replace(',', '.')).scaleb(-UNITS[value.unit][1]):f}")
    cell.data_type = "n"
    cell.style = _figure(value.unit, value.digits)


def shown(unit: str, digits: int) -> str:
    return UNITS[unit][0].replace("{}", "." + "0" * digits if digits else "")
