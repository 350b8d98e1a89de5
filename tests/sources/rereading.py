"""Deliveries read back without the house's own readers: what another program finds in the file.

Each function returns the cells as the text that a codebook expects, so that `tidy` can hold them.
"""

from __future__ import annotations

import csv
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pyreadstat
from pyarrow import parquet

from etabli.sources.checks import tidy
from etabli.sources.codebook import SourceCodebook, Variable
from etabli.sources.conversions import date_format


def reread(path: Path, book: SourceCodebook) -> pd.DataFrame:
    """Return the tidy frame of a delivery."""
    cells = _CELLS[path.suffix](path, book)
    columns = {}
    for name, variable in book.variables.items():
        found = cells[variable.column or name]
        columns[name] = pd.Series([_text(cell, variable, book) for cell in found], dtype="str")
    return tidy(pd.DataFrame(columns), book, shown=path.name)


def content_hash(frame: pd.DataFrame) -> str:
    """Return a digest of what a frame holds, whatever file it came from."""
    hashed = pd.util.hash_pandas_object(frame, index=False).to_numpy()
    return sha256(hashed.tobytes() + repr(list(frame.columns)).encode()).hexdigest()


def _text(cell: Any, variable: Variable, book: SourceCodebook) -> str:
    if cell is None or cell is pd.NaT or (isinstance(cell, float) and np.isnan(cell)):
        return ""
    if isinstance(cell, bool | np.bool_):
        return "oui" if cell else "non"
    if isinstance(cell, float) and variable.type != "number" and cell.is_integer():
        cell = int(cell)
    if isinstance(cell, float):
        return repr(float(cell)).replace(".", book.format.decimal)
    if hasattr(cell, "strftime"):
        return f"{cell:{date_format(variable)}}"
    text = str(cell)
    return f".{text}" if f".{text}" in variable.missing else text  # a tagged missing of Stata


def _delimited(path: Path, book: SourceCodebook) -> dict[str, list[Any]]:
    codec = "utf-8-sig" if book.format.encoding == "utf-8" else book.format.encoding
    with path.open(encoding=codec, newline="") as file:
        header, *rows = [row for row in csv.reader(file, delimiter=book.format.separator) if row]
    return dict(zip(header, map(list, zip(*rows, strict=True)), strict=True))


def _statistical(read: Any, **options: bool) -> Any:
    def cells(path: Path, book: SourceCodebook) -> dict[str, list[Any]]:
        frame, _ = read(str(path), **options)
        return {column: frame[column].tolist() for column in frame.columns}

    return cells


def _workbook(path: Path, book: SourceCodebook) -> dict[str, list[Any]]:
    sheet = openpyxl.load_workbook(path)[book.format.sheet or "Données"]
    rows = list(sheet.iter_rows(min_row=book.format.title_rows + book.format.header_rows, values_only=True))
    return dict(zip(rows[0], map(list, zip(*rows[1:], strict=True)), strict=True))


def _columnar(path: Path, book: SourceCodebook) -> dict[str, list[Any]]:
    return parquet.read_table(path).to_pydict()


_CELLS = {
    ".csv": _delimited,
    ".sav": _statistical(pyreadstat.read_sav, user_missing=True),
    ".zsav": _statistical(pyreadstat.read_sav, user_missing=True),
    ".dta": _statistical(pyreadstat.read_dta, user_missing=True),
    ".xpt": _statistical(pyreadstat.read_xport),
    ".xlsx": _workbook,
    ".parquet": _columnar,
}
