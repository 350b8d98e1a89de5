"""What a sheet says that its reader keeps to itself: error cells, formulas never computed, hidden columns."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from io import BytesIO
from xml.etree import ElementTree as ET
from zipfile import BadZipFile, ZipFile

from etabli.sources.compound import error_cells

_CELL = re.compile(rb"<c\b([^>]*?)(?:/>|>(.*?)</c>)", re.DOTALL)
_PLACE = re.compile(rb'\br="([A-Z]{1,3})([0-9]{1,7})"')
_VALUE = re.compile(rb"<v[^>]*>([^<]*)</v>")
_HIDDEN = re.compile(rb"<col\b[^>]*>")
_OPEN_DOCUMENT = "content.xml"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_KIND = "{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}value-type"
_SUSPECT = re.compile(rb't="e"|<f\b')


@dataclass(frozen=True)
class SheetLook:
    """Places of cells are (row, column), from 0."""

    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    uncomputed: frozenset[tuple[int, int]] = frozenset()
    hidden: tuple[int, ...] = ()


def look(raw: bytes, place: int) -> SheetLook | None:
    """Look into the sheet of a place (from 0) of an .xlsx, .ods or .xls file; None where nothing can be looked at."""
    errors = error_cells(raw, place)
    if errors is not None:
        return SheetLook(errors)
    try:
        with ZipFile(BytesIO(raw)) as archive:
            if _OPEN_DOCUMENT in archive.namelist():
                return _looked_open(archive.read(_OPEN_DOCUMENT), place)
            path = _sheet_path(archive, place)
            content = archive.read(path) if path else None
    except (BadZipFile, KeyError, ValueError, NotImplementedError, RuntimeError, EOFError, OSError):
        return None
    except Exception as error:
        if type(error).__module__ != "zlib":  # zlib.error has no better base
            raise
        return None
    return _looked(content) if content is not None else None


def _sheet_path(archive: ZipFile, place: int) -> str | None:
    """Return the file of a sheet, by the workbook's own list and its relations."""
    names = set(archive.namelist())
    if not {"xl/workbook.xml", "xl/_rels/workbook.xml.rels"} <= names:
        return None
    sheets = re.findall(rb"<(?:\w+:)?sheet\b[^>]*>", archive.read("xl/workbook.xml"))
    relations = re.findall(rb"<Relationship\b[^>]*>", archive.read("xl/_rels/workbook.xml.rels"))
    targets = {_attribute(each, b"Id"): _attribute(each, b"Target") for each in relations}
    if place >= len(sheets):
        return None
    target = targets.get(_attribute(sheets[place], rb"\w+:id"), "").lstrip("/")
    path = target if target.startswith("xl/") else f"xl/{target}"
    return path if path in names else None


def _attribute(tag: bytes, name: bytes) -> str:
    found = re.search(rb"\b" + name + rb'="([^"]*)"', tag)
    return found[1].decode("utf-8", "replace") if found else ""


def _looked(content: bytes) -> SheetLook:
    hidden = [
        place
        for tag in _HIDDEN.findall(content)
        if _attribute(tag, b"hidden") in {"1", "true"}
        for place in _span(_attribute(tag, b"min"), _attribute(tag, b"max"))
    ]
    errors: dict[tuple[int, int], str] = {}
    uncomputed = set()
    if _SUSPECT.search(content):
        for attributes, inside in _CELL.findall(content):
            if not (b't="e"' in attributes or b"<f" in inside) or not (found := _PLACE.search(attributes)):
                continue
            value = _VALUE.search(inside)
            if b't="e"' in attributes:
                errors[_place(found)] = value[1].decode("utf-8", "replace") if value else "#N/A"
            elif not (value and value[1]) and b't="str"' not in attributes:
                uncomputed.add(_place(found))
    return SheetLook(errors, frozenset(uncomputed), tuple(sorted(hidden)))


def _looked_open(content: bytes, place: int) -> SheetLook | None:
    """Look for the error cells of an OpenDocument sheet, if there may be any: its cells have no names to go by."""
    if b'value-type="error"' not in content:
        return SheetLook()
    try:
        sheet = ET.fromstring(content).findall(f".//{_TABLE}table")[place]  # noqa: S314 – expat bounds entities
    except (ET.ParseError, IndexError):
        return None
    errors: dict[tuple[int, int], str] = {}
    row = 0
    for line in sheet.iter(f"{_TABLE}table-row"):
        column = 0
        for cell in line:
            if cell.get(_KIND) == "error":
                errors[row, column] = "".join(cell.itertext()) or "Err"
            column += _times(cell, "number-columns-repeated")
        row += _times(line, "number-rows-repeated")
    return SheetLook(errors)


def _times(element: ET.Element, attribute: str) -> int:
    told = element.get(f"{_TABLE}{attribute}", "1")
    return int(told) if told.isdecimal() and len(told) < 8 else 1


def _span(first: str, last: str) -> range:
    if not (first.isdigit() and last.isdigit()):
        return range(0)
    return range(int(first) - 1, min(int(last), 16_384))


def _place(found: re.Match[bytes]) -> tuple[int, int]:
    column = 0
    for letter in found[1]:
        column = column * 26 + letter - 64
    return int(found[2]) - 1, column - 1
