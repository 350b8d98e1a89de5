"""Excel workbooks, written in chunks: a title, header rows with their merged cells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import pandas as pd
from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.cell.cell import ERROR_CODES
from openpyxl.worksheet._write_only import WriteOnlyWorksheet
from openpyxl.worksheet.cell_range import CellRange

from etabli.errors import DeliveryError
from etabli.sources.cells import code_value, distinct
from etabli.sources.codebook import SourceCodebook, Variable
from etabli.sources.conversions import date_format
from etabli.sources.outgoing import header_of, held, titles_of
from etabli.sources.statistical_output import is_numeric

_DATES = {"%d": "DD", "%m": "MM", "%Y": "YYYY", "%y": "YY", "%H": "HH", "%M": "MM", "%S": "SS"}


def write_workbook(path: Path, frames: Iterable[pd.DataFrame], book: SourceCodebook) -> None:
    """Write a workbook of one sheet; rows are written as they come, and not kept.

    The last header row names the columns. The one above it holds their labels, neighbours that have the same
    one in one merged cell; those above say what a row is, over the whole width.
    """
    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet(book.format.sheet or "Données")
    try:
        _append(sheet, frames, book)
        workbook.save(path)
    except BaseException:
        sheet.close()  # else openpyxl's temporary file stays open, and complains when it is collected
        raise


def _append(sheet: WriteOnlyWorksheet, frames: Iterable[pd.DataFrame], book: SourceCodebook) -> None:
    for title in titles_of(book):
        sheet.append([title] if title else [])
    for level, row in enumerate(header_of(book), start=book.format.title_rows + 1):
        for first, last in _runs(row) if level < book.format.title_rows + book.format.header_rows else ():
            sheet.merged_cells.add(CellRange(min_row=level, max_row=level, min_col=first + 1, max_col=last + 1))
            row[first + 1 : last + 1] = [""] * (last - first)
        sheet.append([_text(sheet, cell) if cell else None for cell in row])
    for frame in frames:
        cells = [list(_cells(sheet, name, frame[name], book)) for name in book.variables]
        for row_of_cells in zip(*cells, strict=True):
            if all(cell is None for cell in row_of_cells):
                raise DeliveryError(
                    "Une ligne est entièrement vide : un classeur la perdrait.",
                    expected="au moins une valeur par ligne",
                    hint="livrez ces données en CSV ou en Parquet, ou déclarez une variable exigée",
                )
            sheet.append(row_of_cells)


def _runs(row: list[str]) -> list[tuple[int, int]]:
    """Return the first and last place of neighbours that are equal.

    >>> _runs(["a", "b", "b", "b", "c", "c"])
    [(1, 3), (4, 5)]
    """
    runs = [[place for place, _ in run] for _, run in groupby(enumerate(row), key=itemgetter(1))]
    return [(run[0], run[-1]) for run in runs if len(run) > 1]


def _cells(sheet: WriteOnlyWorksheet, name: str, values: pd.Series, book: SourceCodebook) -> Iterator[Any]:
    variable = book.variables[name]
    with held(name, variable, values):
        places, known = distinct(values)
        found = [_cell(sheet, value, variable) for value in known]
    ways = [None, *(_text(sheet, code) for code in variable.missing)]
    turn = 0
    for place in places:
        if place >= 0:
            yield _once(sheet, found[place])
        else:
            yield _once(sheet, ways[turn % len(ways)])
            turn += 1


def _once(sheet: WriteOnlyWorksheet, cell: Any) -> Any:
    """Return a cell to write once: into one without a style, openpyxl writes the next value of its row too."""
    if not isinstance(cell, Cell) or cell.has_style:
        return cell
    again = WriteOnlyCell(sheet, cell.value)
    again.data_type = cell.data_type
    return again


def _cell(sheet: WriteOnlyWorksheet, value: Any, variable: Variable) -> Any:
    match variable.type:
        case "code":
            text = code_value(str(value), variable)
            return int(text) if is_numeric(variable) else _text(sheet, text)
        case "integer":
            if int(value) != value:
                raise ValueError(value)
            return int(value)
        case "number":
            return _number(sheet, float(value))
        case "boolean":
            return bool(value)
        case "date" | "datetime":
            cell = WriteOnlyCell(sheet, pd.Timestamp(value).to_pydatetime())
            cell.number_format = _excel_format(date_format(variable))
            return cell
        case _:
            return _text(sheet, str(value))


def _number(sheet: WriteOnlyWorksheet, number: float) -> Any:
    """Return a number as a cell that holds all of it: openpyxl writes 16 digits, and some numbers have 17."""
    if float(f"{number:.16g}") == number:
        return number
    cell = WriteOnlyCell(sheet, repr(number))
    cell.data_type = "n"
    return cell


def _text(sheet: WriteOnlyWorksheet, text: str) -> Any:
    """Return a text as a cell that is text: « =A1 » is no formula, and « #N/A » no error."""
    if not (text.startswith("=") or text in ERROR_CODES):
        return text
    cell = WriteOnlyCell(sheet, text)
    cell.data_type = "s"
    return cell


def _excel_format(form: str) -> str:
    for ours, theirs in _DATES.items():
        form = form.replace(ours, theirs)
    return form
