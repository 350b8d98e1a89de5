"""Workbooks made for the tests: xlsx by openpyxl, ods by hand, for nobody writes one with these defects."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any
from zipfile import ZIP_STORED, ZipFile

import openpyxl
from openpyxl.worksheet.worksheet import Worksheet

HEADER = ["DOSSIER", "CANAL", "COMMUNE", "JOUR", "MINUTES", "MONTANT"]


def xlsx(rows: Sequence[Sequence[Any]], change: Callable[[Worksheet], None] | None = None) -> bytes:
    """Return a workbook of one sheet « Visites », changed at will before it is saved."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Visites"
    for row in rows:
        sheet.append(list(row))
    if change:
        change(sheet)
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


_NAMES = (
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
    'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'
)
_MIME = "application/vnd.oasis.opendocument.spreadsheet"


def ods(rows: Sequence[Sequence[str]], name: str = "Visites") -> bytes:
    """Return an OpenDocument sheet of rows of cells, each written by `text`, `number`, `day`… below."""
    body = "".join(f"<table:table-row>{''.join(row)}</table:table-row>" for row in rows)
    empty = '<table:table-row table:number-rows-repeated="1048000"><table:table-cell table:number-columns-repeated="16384"/>'
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {_NAMES} office:version="1.3"><office:body>'
        f'<office:spreadsheet><table:table table:name="{name}">{body}{empty}</table:table-row></table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    manifest = (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{_MIME}"/></manifest:manifest>'
    )
    stream = BytesIO()
    with ZipFile(stream, "w") as archive:
        archive.writestr("mimetype", _MIME, ZIP_STORED)
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", manifest)
    return stream.getvalue()


def text(value: str, attributes: str = "") -> str:
    return f'<table:table-cell {attributes} office:value-type="string"><text:p>{value}</text:p></table:table-cell>'


def number(value: float, shown: str = "") -> str:
    return (
        f'<table:table-cell office:value-type="float" office:value="{value}"><text:p>{shown or value}</text:p>'
        "</table:table-cell>"
    )


def day(iso: str) -> str:
    return f'<table:table-cell office:value-type="date" office:date-value="{iso}"><text:p>{iso}</text:p></table:table-cell>'


def failed(code: str) -> str:
    """Return the cell of a formula that failed, as LibreOffice writes it."""
    return (
        f'<table:table-cell table:formula="of:=1/0" office:value-type="string" office:string-value="" '
        f'calcext:value-type="error"><text:p>{code}</text:p></table:table-cell>'
    )


def covered() -> str:
    return "<table:covered-table-cell/>"


def repeated(cell: str, times: int) -> str:
    return cell.replace("<table:table-cell", f'<table:table-cell table:number-columns-repeated="{times}"', 1)


EMPTY = "<table:table-cell/>"
